import { didYouMean } from "../nearest.ts";
import type { FunctionTable } from "./function-table.ts";
import { type Overload, signature } from "./overload.ts";

/** How macros are written. */
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

/** Why there is no such function. */
export function unknownFunction(name: string, functions: FunctionTable): string {
  const names = [...functions.keys()].filter((known) => !isOperator(known));
  return `unknown function \`${name}\`${didYouMean(name, names)}`;
}

/** That what has the name of a macro is to be written in another way; null of any other name. */
export function macroUse(name: string): string | null {
  const use = MACROS.get(name);
  return use === undefined ? null : `\`${name}\` is used otherwise: \`${use}\``;
}

/** That a function takes no arguments of these types, and which it takes. */
export function misapplied(
  name: string,
  types: readonly string[],
  overloads: readonly Overload[],
): string {
  const there =
    overloads.length === 0 || isOperator(name)
      ? ""
      : `; there is ${overloads.map(signature).join(", ")}`;
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
