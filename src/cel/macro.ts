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

/** Macros of one name, in the form that the parser has given them: an accumulator, a step, a result. */
export function readMacro(comprehension: Part<"comprehensionExpr">): Macro {
  const { iterRange: range, iterVar, accuInit, loopStep } = comprehension;
  const names = [iterVar];
  const step = callOf(loopStep);
  const [first, second] = step?.args ?? [];
  const start = accuInit?.exprKind;
  if (start?.case === "constExpr") {
    const { constantKind } = start.value;
    if (constantKind.case === "int64Value") {
      return { kind: "exists_one", range, names, condition: first, yield: undefined };
    }
    const kind = constantKind.value === true ? "all" : "exists";
    return { kind, range, names, condition: second, yield: undefined };
  }
  return step?.function === "_?_:_"
    ? { kind: "list", range, names, condition: first, yield: appended(second) }
    : { kind: "list", range, names, condition: undefined, yield: appended(loopStep) };
}

/** What `accumulator + [item]` appends. */
function appended(step: Expr | undefined): Expr | undefined {
  const list = callOf(step)?.args[1]?.exprKind;
  return list?.case === "listExpr" ? list.value.elements[0] : undefined;
}

/** A macro on an optional value: what it does with the value, if there is one. */
export interface OptionalMacro {
  readonly kind: "optMap" | "optFlatMap";
  readonly optional: Expr;
  readonly name: string;
  readonly yield: Expr;
}

const KINDS: ReadonlyMap<string, Macro["kind"]> = new Map([
  ["all", "all"],
  ["exists", "exists"],
  ["exists_one", "exists_one"],
  ["existsOne", "exists_one"],
  ["transformList", "list"],
  ["transformMap", "map"],
  ["transformMapEntry", "entries"],
  ["sortBy", "sort"],
]);

/** Macros that the parser leaves as they are, those of two names and `sortBy`; null for any other call. */
export function readMacroCall({ target, function: name, args }: Part<"callExpr">): Macro | null {
  const kind = KINDS.get(name);
  if (kind === undefined || target === undefined) return null;
  const count = kind === "sort" ? 1 : 2;
  const names = args.slice(0, count).flatMap((arg) => nameOf(arg) ?? []);
  const parts = partsOf(kind, args.slice(count));
  return names.length < count || parts === null ? null : { kind, range: target, names, ...parts };
}

/** What follows the names: a condition, what is made of an item, or both. */
function partsOf(
  kind: Macro["kind"],
  [first, second, ...others]: readonly Expr[],
): Pick<Macro, "condition" | "yield"> | null {
  if (first === undefined || others.length > 0) return null;
  if (kind === "list" || kind === "map" || kind === "entries") {
    return { condition: second && first, yield: second ?? first };
  }
  if (second !== undefined) return null;
  return kind === "sort"
    ? { condition: undefined, yield: first }
    : { condition: first, yield: undefined };
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

function callOf(expr: Expr | undefined): Part<"callExpr"> | undefined {
  return expr?.exprKind.case === "callExpr" ? expr.exprKind.value : undefined;
}

/** The name that an expression consists of. */
function nameOf(expr: Expr | undefined): string | undefined {
  return expr?.exprKind.case === "identExpr" ? expr.exprKind.value.name : undefined;
}
