import { closestMatch } from "leven";
import type { FunctionTable } from "./function-table.ts";
import { type Overload, signature } from "./overload.ts";
import type { TypeName } from "./value.ts";

/** A function as it is called: a method's receiver is the first argument. */
export interface Callee {
  readonly name: string;
  readonly isMethod: boolean;
}

const NUMBERS: ReadonlySet<TypeName> = new Set(["int", "uint", "double"]);
const MACROS = new Set(
  "has all exists exists_one existsOne map filter transformList transformMap".split(" "),
);

/** The overloads that arguments of these types may turn out to fit; text that says why there are none. */
export function resolveCall(
  { name, isMethod }: Callee,
  types: readonly TypeName[],
  functions: FunctionTable,
): readonly Overload[] | string {
  const overloads = functions.get(name);
  if (overloads === undefined) return unknown(name, functions);
  if ((name === "_==_" || name === "_!=_") && !mayBeEqual(types))
    return `${types.join(" and ")} are never equal`;
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

export function mayBe(type: TypeName, wanted: TypeName): boolean {
  return type === wanted || type === "dyn" || wanted === "dyn";
}

/** Values of different types are not equal, but for numbers: comparing them is a mistake. */
function mayBeEqual([left = "dyn", right = "dyn"]: readonly TypeName[]): boolean {
  const areNumbers = NUMBERS.has(left) && NUMBERS.has(right);
  return mayBe(left, right) || areNumbers || left === "null_type" || right === "null_type";
}

function unknown(name: string, functions: FunctionTable): string {
  if (MACROS.has(name))
    return `\`${name}\` is not used so: ${name === "has" ? "`has(a.b)` takes a field" : `\`list.${name}(x, …)\` takes a name and an expression`}`;
  const near = closestMatch(name, [...functions.keys()], {
    maxDistance: Math.ceil(name.length / 3),
  });
  return `unknown function \`${name}\`${near === undefined ? "" : `; did you mean \`${near}\`?`}`;
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
export function misfit(name: string, types: readonly TypeName[]): string {
  return isOperator(name)
    ? `\`${name.replaceAll(/[_@]/g, "")}\` does not take ${types.join(" and ")}`
    : `\`${name}\` does not take (${types.join(", ")})`;
}

function isOperator(name: string): boolean {
  return /[^\w.]/.test(name);
}
