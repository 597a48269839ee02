import { didYouMean } from "../nearest.ts";
import type { FunctionTable } from "./function-table.ts";
import { type Overload, signature } from "./overload.ts";
import type { TypeName } from "./value.ts";

/** A function as it is called: a method's receiver is the first argument. */
export interface Callee {
  readonly name: string;
  readonly isMethod: boolean;
}

const NUMBERS: ReadonlySet<TypeName> = new Set(["int", "uint", "double"]);

/** What the parser has left of a macro is one that was written in another way. */
const MACROS: ReadonlyMap<string, string> = new Map([
  ["has", "has(a.b)"],
  ["all", "list.all(x, condition)"],
  ["exists", "list.exists(x, condition)"],
  ["exists_one", "list.exists_one(x, condition)"],
  ["existsOne", "list.existsOne(i, x, condition)"],
  ["filter", "list.filter(x, condition)"],
  ["map", "list.map(x, value)"],
  ["transformList", "list.transformList(i, x, value)"],
  ["transformMap", "map.transformMap(k, v, value)"],
  ["transformMapEntry", "map.transformMapEntry(k, v, map)"],
  ["sortBy", "list.sortBy(x, value)"],
  ["optMap", "optional.optMap(x, value)"],
  ["optFlatMap", "optional.optFlatMap(x, optional)"],
]);

/** The overloads that arguments of these types may turn out to fit; text that says why there are none. */
export function resolveCall(
  { name, isMethod }: Callee,
  types: readonly TypeName[],
  functions: FunctionTable,
): readonly Overload[] | string {
  const overloads = functions.get(name);
  if (overloads === undefined) return unknown(name, functions);
  if ((name === "_==_" || name === "_!=_") && !mayBeEqual(types)) {
    return `${types.join(" and ")} are never equal`;
  }
  const fitting = overloads.filter(
    (overload) => overload.isMethod === isMethod && mayFit(types, overload.parameters),
  );
  return fitting.length > 0 ? fitting : misapplied(name, types, overloads);
}

function mayFit(types: readonly TypeName[], parameters: readonly TypeName[]): boolean {
  return (
    types.length === parameters.length &&
    parameters.every((parameter, index) => mayBe(types[index] ?? "dyn", parameter))
  );
}

/** Report whether a value of `type` can be one of `wanted`: a `dyn` can turn out to be anything. */
export function mayBe(type: TypeName, wanted: TypeName): boolean {
  return type === wanted || type === "dyn" || wanted === "dyn";
}

/** Values of different types are not equal, but for numbers: comparing them is a mistake. */
function mayBeEqual([left = "dyn", right = "dyn"]: readonly TypeName[]): boolean {
  const areNumbers = NUMBERS.has(left) && NUMBERS.has(right);
  return mayBe(left, right) || areNumbers || left === "null_type" || right === "null_type";
}

/** That a macro is to be written in another way. */
export function misuse(name: string, use: string): string {
  return `\`${name}\` is used otherwise: \`${use}\``;
}

function unknown(name: string, functions: FunctionTable): string {
  const use = MACROS.get(name);
  if (use !== undefined) return misuse(name, use);
  const names = [...functions.keys()].filter((known) => !isOperator(known));
  return `unknown function \`${name}\`${didYouMean(name, names)}`;
}

function misapplied(
  name: string,
  types: readonly TypeName[],
  overloads: readonly Overload[],
): string {
  const there = isOperator(name) ? "" : `; there is ${overloads.map(signature).join(", ")}`;
  return misfit(name, types) + there;
}

/** That a function, or an operator, does not take arguments of these types. */
export function misfit(name: string, types: readonly string[]): string {
  return isOperator(name)
    ? `\`${name.replaceAll(/[_@]/g, "")}\` does not take ${types.join(" and ")}`
    : `\`${name}\` does not take (${types.join(", ")})`;
}

function isOperator(name: string): boolean {
  return /[^\w.]/.test(name);
}
