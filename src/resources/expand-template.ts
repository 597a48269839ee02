import { failure, type Problem, type Result, success } from "../errors.ts";
import { isObject, jsonPath, MAX_PROBLEMS } from "../wire/shape.ts";
import { resourceProblem } from "./resource-problem.ts";

/** What a variable stands for: a text, or a list where a list is expected; else why it stands for nothing. */
export type VariableValue = string | readonly unknown[] | { readonly problem: string };

/** What the variables of a template stand for; undefined: there is no such variable. */
export type Variables = (name: string) => VariableValue | undefined;

const MAX_LENGTH = 64 * 1024;

/**
 * How long what the variables of templates stand for may yet be, as JSON. SECURITY: it counts as often as it is used,
 * or a thousand uses of one would fill the memory.
 */
export interface Allowance {
  left: number;
}

/** What the templates of one Baseline have together. */
export function newAllowance(): Allowance {
  return { left: MAX_LENGTH };
}

const REFERENCE = /\$\((?<name>[^()]*)\)/g;

/**
 * `template` with each `$(name)` replaced. Within a text, by a text. A value that is nothing but a reference is
 * replaced by whatever it stands for: in a list, a list by its items; in a port, digits by their number. Keys
 * are left alone.
 *
 * SECURITY: an empty list is a problem, because in `from` and `to` it means everybody.
 */
export function expandTemplate(
  template: unknown,
  variables: Variables,
  allowance = newAllowance(),
): Result<unknown, readonly Problem[]> {
  const problems: Problem[] = [];
  const value = expand(template, [], { variables, problems, allowance });
  return problems.length > 0 ? failure(problems) : success(value);
}

interface Expansion {
  readonly variables: Variables;
  readonly problems: Problem[];
  readonly allowance: Allowance;
}

function expand(template: unknown, path: readonly PropertyKey[], expansion: Expansion): unknown {
  if (typeof template === "string") return expandText(template, path, expansion);
  if (Array.isArray(template)) {
    return template.flatMap((item: unknown, index): readonly unknown[] => {
      const value = expand(item, [...path, index], expansion);
      return Array.isArray(value) && typeof item === "string" ? value : [value];
    });
  }
  if (!isObject(template)) return template;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) => [key, expand(value, [...path, key], expansion)]),
  );
}

function expandText(
  text: string,
  path: readonly PropertyKey[],
  { variables, problems, allowance }: Expansion,
): unknown {
  const complain = (message: string): string => {
    problems.push(resourceProblem(jsonPath(path), message));
    return "";
  };
  const lookUp = (name: string): string | readonly unknown[] => {
    if (problems.length >= MAX_PROBLEMS || allowance.left < 0) return "";
    const value = variables(name);
    if (value === undefined) return complain(`there is no value for \`$(${name})\``);
    if (isProblem(value)) return complain(value.problem);
    allowance.left -= JSON.stringify(value).length;
    if (allowance.left < 0) return complain(`has over ${MAX_LENGTH} characters by its variables`);
    return value.length === 0 && Array.isArray(value)
      ? complain(`\`$(${name})\` is an empty list, which would mean everybody`)
      : value;
  };
  const whole = /^\$\((?<name>[^()]*)\)$/.exec(text)?.groups?.["name"];
  if (whole !== undefined) return asPort(lookUp(whole), path);
  return text.replaceAll(REFERENCE, (_, name: string) => {
    const value = lookUp(name);
    return typeof value === "string" ? value : complain(`\`$(${name})\` is a list, not a text`);
  });
}

/** Labels and annotations are texts, but digits in quotes are no port: they would have to be the name of one. */
function asPort(value: string | readonly unknown[], path: readonly PropertyKey[]): unknown {
  const isPort = path.at(-1) === "port" || path.at(-1) === "endPort";
  return isPort && typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
}

function isProblem(value: VariableValue): value is { readonly problem: string } {
  return typeof value === "object" && "problem" in value;
}
