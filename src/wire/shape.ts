import type { z } from "zod";
import { failure, type Problem, type Result, success, unreachable } from "../errors.ts";
import { didYouMeanOneOf } from "../nearest.ts";
import { knownFields } from "./known-fields.ts";
import { printable } from "./printable.ts";

/** SECURITY: to tell of each of a million values that they are wrong takes seconds. */
export const MAX_PROBLEMS = 100;

/**
 * Read `raw` by `schema`. What is wrong comes back at once, up to a hundred problems, each with the JSON path of
 * its field, written as it is reached from the top of `raw`.
 */
export function parseShape<S extends z.ZodType>(
  schema: S,
  raw: unknown,
): Result<z.output<S>, readonly Problem[]> {
  const read = safeParse(schema, raw);
  if (read === null) return failure([whole("has more that is wrong than can be told")]);
  if (read.success) return success(read.data);
  const problems = read.error.issues
    .slice(0, MAX_PROBLEMS)
    .flatMap((issue) => toProblems(issue, schema));
  return failure(
    problems.length >= MAX_PROBLEMS
      ? [...problems.slice(0, MAX_PROBLEMS), whole("may have more that is wrong")]
      : problems,
  );
}

/** Null for what is wrong in so many places that Zod's lists of them do not fit on the stack. */
function safeParse<S extends z.ZodType>(
  schema: S,
  raw: unknown,
): z.ZodSafeParseResult<z.output<S>> | null {
  try {
    return schema.safeParse(raw, { reportInput: true });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function whole(message: string): Problem {
  return { code: "NP_E_SCHEMA", path: "", message };
}

/** What comes from outside is never written to. */
export type DeepReadonly<T> =
  T extends ReadonlyMap<unknown, unknown>
    ? T
    : T extends readonly (infer Item)[]
      ? readonly DeepReadonly<Item>[]
      : T extends object
        ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
        : T;

/** An object as it came, typed but untouched (what we do not know survives), and as it was read. */
export interface ParsedManifest<S extends z.ZodType> {
  readonly manifest: DeepReadonly<z.input<S>>;
  readonly value: z.output<S>;
}

/** As `parseShape`, for objects that are also handed on as they came. */
export function parseManifest<S extends z.ZodType>(
  schema: S,
  raw: unknown,
): Result<ParsedManifest<S>, readonly Problem[]> {
  const read = parseShape(schema, raw);
  if (!read.ok) return read;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema has just accepted it
  return success({ manifest: raw as DeepReadonly<z.input<S>>, value: read.value });
}

/** A JSON path as people write it: `spec.ingress[0].from[1]`, odd keys quoted: `labels["a/b"]`. */
export function jsonPath(keys: readonly PropertyKey[]): string {
  return keys.reduce<string>((path, key) => {
    if (typeof key === "number") return `${path}[${key}]`;
    const name = String(key);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return `${path}["${name}"]`;
    return path === "" ? name : `${path}.${name}`;
  }, "");
}

/** The JSON path of what is at `path` in what is at `parent`. */
export function joinPaths(parent: string, path: string): string {
  return `${parent}${parent === "" || path === "" || path.startsWith("[") ? "" : "."}${path}`;
}

/** The keys of a JSON path that `jsonPath` has written. */
export function jsonKeys(path: string): readonly (string | number)[] {
  const parts = path.matchAll(/\["(?<quoted>.*?)"\]|\[(?<index>\d+)\]|(?<name>[^.[]+)/g);
  return Array.from(parts, ({ groups }) =>
    groups?.["index"] === undefined
      ? (groups?.["quoted"] ?? groups?.["name"] ?? "")
      : Number(groups["index"]),
  );
}

/** Report whether `raw` is a JSON object: neither null nor a list. */
export function isObject(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === "object" && raw !== null && !Array.isArray(raw);
}

/** A field of `raw`, or undefined: for reading what is left of an object that does not parse. */
export function field(raw: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    raw,
  );
}

/** A text at a path, empty where there is none. */
export function textAt(raw: unknown, ...keys: readonly string[]): string {
  const value = field(raw, ...keys);
  return typeof value === "string" ? value : "";
}

/** A list at a path, empty where there is none. */
export function listAt(raw: unknown, ...keys: readonly string[]): readonly unknown[] {
  const value = field(raw, ...keys);
  return Array.isArray(value) ? value : [];
}

/** Deeper than anything that is read here, and far from where the stack ends. */
const MAX_LEVELS = 1000;

/**
 * Report whether two values that were parsed from JSON are the same, whatever the order of fields. Below a
 * thousand levels nothing counts as the same. PERF: three times as fast as `isDeepStrictEqual`, which knows all
 * of JavaScript (`bench -- admission`).
 */
export function sameJson(a: unknown, b: unknown, levels = MAX_LEVELS): boolean {
  if (a === b) return true;
  if (levels === 0) return false;
  if (Array.isArray(a)) {
    return (
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => sameJson(item, b[index], levels - 1))
    );
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key], levels - 1))
  );
}

function toProblems(issue: z.core.$ZodIssue, schema: z.ZodType): readonly Problem[] {
  const path = jsonPath(issue.path);
  switch (issue.code) {
    case "invalid_type":
      return [{ code: "NP_E_SCHEMA", path, message: wrongType(issue.expected, issue.input) }];
    case "unrecognized_keys":
      return issue.keys.slice(0, MAX_PROBLEMS).map((key) => ({
        code: "NP_E_SCHEMA",
        path: jsonPath([...issue.path, key]),
        message: unknownField(key, knownFields(schema, issue.path)),
      }));
    case "invalid_value":
      return [{ code: "NP_E_VALUE", path, message: notOneOf(issue.values, issue.input) }];
    case "too_small":
      return [{ code: "NP_E_VALUE", path, message: tooSmall(issue) }];
    case "too_big":
      return [{ code: "NP_E_VALUE", path, message: `takes ${issue.maximum} at most` }];
    case "custom":
    case "invalid_format":
    case "invalid_key":
    case "invalid_element":
    case "invalid_union":
    case "not_multiple_of":
      return [{ code: "NP_E_VALUE", path, message: issue.message }];
    default:
      return unreachable(issue);
  }
}

/** That there is no such field, and what may have been meant. */
export function unknownField(key: string, known: readonly string[]): string {
  return `unknown field \`${printable(key, MAX_SHOWN)}\`${didYouMeanOneOf(key, known)}`;
}

function tooSmall({ minimum, origin }: z.core.$ZodIssueTooSmall): string {
  const isEmpty = minimum === 1 && (origin === "string" || origin === "array");
  return isEmpty ? "is empty" : `needs ${minimum} or more`;
}

function wrongType(expected: string, input: unknown): string {
  const wanted = TYPE_NAMES[expected] ?? expected;
  if (input === undefined) return `is missing; expected ${wanted}`;
  if (expected === "string" && (typeof input === "boolean" || typeof input === "number")) {
    return `${shown(input)} is not ${wanted}; put it in quotes`;
  }
  const isInQuotes = typeof input === "string" && /^(-?\d+(\.\d+)?|true|false)$/.test(input);
  return isInQuotes && expected !== "object" && expected !== "array"
    ? `${shown(input)} is a string, not ${wanted}; take it out of its quotes`
    : `${shown(input)} is not ${wanted}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "`true` or `false`",
  int: "a whole number",
  number: "a number",
  object: "an object",
  string: "a string",
};

function notOneOf(values: readonly unknown[], input: unknown): string {
  const wanted = quoted(values);
  if (input === undefined) return `is missing; expected ${wanted}`;
  return values.length === 1
    ? `${shown(input)} is not ${wanted}`
    : `${shown(input)} is not one of ${wanted}`;
}

function quoted(values: readonly unknown[]): string {
  return values.map((value) => `\`${String(value)}\``).join(", ");
}

/** Runes of a value that a message repeats. */
const MAX_SHOWN = 100;

/** A value in a message: scalars as they are, the rest by its type, which is never too long. */
function shown(input: unknown): string {
  if (Array.isArray(input)) return "a list";
  return isObject(input) ? "an object" : `\`${printable(String(input), MAX_SHOWN)}\``;
}
