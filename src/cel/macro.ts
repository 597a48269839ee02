import type { Expr, Part } from "./parse-expression.ts";

/** A macro as it was written: what it goes through, under which names, and what it does with it. */
export interface Macro {
  readonly kind: "all" | "exists" | "exists_one" | "list" | "map" | "entries" | "sort";
  readonly range: Expr | undefined;
  /** One name for items or keys; two for positions and items, or keys and values. */
  readonly names: readonly string[];
  readonly condition: Expr | undefined;
  /** What a list or map is made of, or what it is sorted by. */
  readonly yield: Expr | undefined;
}

/** A macro on an optional value: what it does with the value, if there is one. */
export interface OptionalMacro {
  readonly kind: "optMap" | "optFlatMap";
  readonly optional: Expr;
  readonly name: string;
  readonly yield: Expr;
}

interface Form {
  readonly kind: Macro["kind"];
  /** How many names it may give. */
  readonly names: readonly number[];
  /** What follows the names; both is a value, or a condition and a value. */
  readonly takes: "condition" | "value" | "both";
}

const FORMS: ReadonlyMap<string, Form> = new Map([
  ["all", { kind: "all", names: [1, 2], takes: "condition" }],
  ["exists", { kind: "exists", names: [1, 2], takes: "condition" }],
  ["exists_one", { kind: "exists_one", names: [1, 2], takes: "condition" }],
  // The API server knows it with two names alone.
  ["existsOne", { kind: "exists_one", names: [2], takes: "condition" }],
  ["filter", { kind: "list", names: [1], takes: "condition" }],
  ["map", { kind: "list", names: [1], takes: "both" }],
  ["transformList", { kind: "list", names: [2], takes: "both" }],
  ["transformMap", { kind: "map", names: [2], takes: "both" }],
  ["transformMapEntry", { kind: "entries", names: [2], takes: "both" }],
  ["sortBy", { kind: "sort", names: [1], takes: "value" }],
]);

/** A macro, written as a call of `target`; null for any other call. */
export function readMacro({ target: range, function: name, args }: Part<"callExpr">): Macro | null {
  const form = FORMS.get(name);
  if (form === undefined || range === undefined) return null;
  const { kind, names: counts, takes } = form;
  const count = counts.find((some) => takes !== "condition" || some === args.length - 1);
  const names = args.slice(0, count).flatMap((arg) => nameOf(arg) ?? []);
  const [first, second, ...others] = args.slice(count);
  const isFull = names.length === count && first !== undefined && others.length === 0;
  if (!isFull || (second !== undefined && takes !== "both")) return null;
  return takes === "condition"
    ? // What is left of a list is made of its items.
      { kind, range, names, condition: first, yield: kind === "list" ? args[0] : undefined }
    : { kind, range, names, condition: second && first, yield: second ?? first };
}

/** `optional.optMap(x, value)` and `optional.optFlatMap(x, optional)`; null for any other call. */
export function readOptionalMacro(call: Part<"callExpr">): OptionalMacro | null {
  const { target: optional, function: kind, args } = call;
  const [first, second, ...others] = args;
  const name = nameOf(first);
  if (kind !== "optMap" && kind !== "optFlatMap") return null;
  return optional === undefined || name === undefined || second === undefined || others.length > 0
    ? null
    : { kind, optional, name, yield: second };
}

/** The name that an expression consists of. */
function nameOf(expr: Expr | undefined): string | undefined {
  return expr?.exprKind.case === "identExpr" ? expr.exprKind.value.name : undefined;
}
