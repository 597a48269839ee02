import { type CelUint, celUint } from "@bufbuild/cel";
import { func, type Overload } from "../overload.ts";
import { EvaluationError } from "../value.ts";

const OVERFLOW = new EvaluationError("the result is out of range");
const BY_ZERO = new EvaluationError("division by zero");

/** Arithmetic on numbers. int and uint have 64 bits and never wrap around. */
export const ARITHMETIC: readonly Overload[] = [
  func("-_", ["int"], "int", ([value]) => toInt(-value)),
  func("-_", ["double"], "double", ([value]) => -value),
  ...integers("_+_", (left, right) => left + right),
  ...integers("_-_", (left, right) => left - right),
  ...integers("_*_", (left, right) => left * right),
  ...integers("_/_", (left, right) => (right === 0n ? BY_ZERO : left / right)),
  ...integers("_%_", (left, right) => (right === 0n ? BY_ZERO : left % right)),
  doubles("_+_", (left, right) => left + right),
  doubles("_-_", (left, right) => left - right),
  doubles("_*_", (left, right) => left * right),
  doubles("_/_", (left, right) => left / right),
];

/** `value` as int, where it fits. */
export function toInt(value: bigint | EvaluationError): bigint | EvaluationError {
  return typeof value !== "bigint" || BigInt.asIntN(64, value) === value ? value : OVERFLOW;
}

/** `value` as uint, where it fits. */
export function toUint(value: bigint | EvaluationError): CelUint | EvaluationError {
  if (typeof value !== "bigint") return value;
  return BigInt.asUintN(64, value) === value ? celUint(value) : OVERFLOW;
}

function integers(
  name: string,
  compute: (left: bigint, right: bigint) => bigint | EvaluationError,
): readonly Overload[] {
  return [
    func(name, ["int", "int"], "int", ([left, right]) => toInt(compute(left, right))),
    func(name, ["uint", "uint"], "uint", ([left, right]) =>
      toUint(compute(left.value, right.value)),
    ),
  ];
}

function doubles(name: string, compute: (left: number, right: number) => number): Overload {
  return func(name, ["double", "double"], "double", ([left, right]) => compute(left, right));
}
