import { failure, type Problem, type Result, success } from "../errors.ts";
import { attempt } from "./attempt.ts";
import { Compiler } from "./compiler.ts";
import type { Complaint } from "./find-syntax-error.ts";
import { Frame, Halt, type HostFunction, type Limits } from "./frame.ts";
import { functionTable } from "./function-table.ts";
import { type FunctionDeclaration, hostOverload } from "./host-function.ts";
import type { TypeText } from "./overload.ts";
import { parseExpression } from "./parse-expression.ts";
import { readType, type StaticType } from "./static-type.ts";
import { EvaluationError, type Outcome, readInput, typeOf, type Value } from "./value.ts";

/** What an expression may refer to beside CEL's own: declared here, given their values at evaluation. */
export interface Environment {
  readonly variables: Readonly<Record<string, TypeText | StaticType>>;
  readonly functions: readonly FunctionDeclaration[];
}

/** What an evaluation works on. */
export interface Input {
  /** JSON, or values of CEL, by name. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly functions: Readonly<Record<string, HostFunction>>;
}

interface ResultTypes {
  bool: boolean;
  string: string;
  dyn: Value;
}

/** How an evaluation ends: always in one of these ways. */
export type Ending<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "error"; readonly message: string }
  | { readonly kind: "cost-exceeded" }
  | { readonly kind: "past-deadline" };

/** A compiled expression: evaluated as often as one likes. */
export interface Program<T> {
  evaluate(input: Input, limits: Limits): Ending<T>;
}

/**
 * Compile an expression that is to give a `result` (`dyn`: any value). Its problems say where in the
 * text they are and what was expected: faults of syntax, names and functions that there are not,
 * fields that what is known of a variable does not have, arguments whose types are known not to fit, patterns that
 * are none, calls with constants that fail.
 */
export function compileExpression<R extends keyof ResultTypes>(
  text: string,
  environment: Environment,
  result: R,
): Result<Program<ResultTypes[R]>, readonly Problem[]> {
  const parsed = parseExpression(text);
  if (!parsed.ok) return failure([problem(text, parsed.error)]);
  const functions = functionTable(environment.functions.map(hostOverload));
  const variables = new Map(
    Object.entries(environment.variables).map(([name, type]) => [
      name,
      typeof type === "string" ? readType(type) : type,
    ]),
  );
  const compiler = new Compiler({ variables, functions }, parsed.value);
  const run = compiler.compile(result);
  const faults = compiler.faults.all();
  if (faults.length > 0) return failure(faults.map((one) => problem(text, one)));
  const { slotCount } = compiler;
  const { patterns } = compiler.constants;
  const used = [...compiler.variables];
  // PERF: copied for each evaluation, which is quicker than making one.
  const blank = Array.from({ length: slotCount }, (): Outcome => null);
  return success({
    evaluate(input, limits) {
      const slots = [...blank];
      fill(slots, used, input);
      const frame = new Frame({ slots, functions: input.functions, patterns }, limits);
      return ending(attempt(run, frame), result, text);
    },
  });
}

/** Put the variables that the expression uses into their slots. */
function fill(
  slots: Outcome[],
  variables: readonly (readonly [name: string, slot: number])[],
  input: Input,
): void {
  for (const [name, slot] of variables) {
    const raw = input.variables[name];
    slots[slot] =
      raw === undefined ? new EvaluationError(`\`${name}\` has no value here`) : readInput(raw);
  }
}

function ending<R extends keyof ResultTypes>(
  outcome: Outcome | Halt,
  result: R,
  text: string,
): Ending<ResultTypes[R]> {
  if (outcome instanceof Halt) return { kind: outcome.reason };
  if (outcome instanceof EvaluationError) {
    return { kind: "error", message: placed(text, outcome) };
  }
  if (isOf(outcome, result)) return { kind: "value", value: outcome };
  return { kind: "error", message: `gives ${typeOf(outcome)}, expected ${result}` };
}

function isOf<R extends keyof ResultTypes>(
  value: Value,
  result: R,
): value is Value & ResultTypes[R] {
  return result === "dyn" || typeOf(value) === result;
}

function problem(text: string, complaint: Complaint): Problem {
  return { code: "NP_E_EXPRESSION", path: "", message: placed(text, complaint) };
}

/** A message with the place it is about, counted from 1. */
function placed(
  text: string,
  { message, offset }: Pick<EvaluationError, "message" | "offset">,
): string {
  if (offset === null) return message;
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/);
  const column = (lines.at(-1) ?? "").length + 1;
  return `${message} (line ${lines.length}, column ${column})`;
}
