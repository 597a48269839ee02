import type { Frame } from "../frame.ts";
import { func, method, type Overload } from "../overload.ts";
import { parseQuantity, Quantity } from "../quantity.ts";
import { EvaluationError } from "../value.ts";

const QUANTITY = "kubernetes.Quantity";

/** Kubernetes' library for quantities such as `200Mi`. */
export const QUANTITIES: readonly Overload[] = [
  func("quantity", ["string"], QUANTITY, ([text], frame) => readQuantity(text, frame)),
  func(
    "isQuantity",
    ["string"],
    "bool",
    ([text], frame) => readQuantity(text, frame) instanceof Quantity,
  ),
  method("isInteger", [QUANTITY], "bool", ([quantity]) => quantity.asInteger() !== null),
  method(
    "asInteger",
    [QUANTITY],
    "int",
    ([quantity]) =>
      quantity.asInteger() ?? new EvaluationError("the quantity is not a whole number of 64 bits"),
  ),
  method("asApproximateFloat", [QUANTITY], "double", ([quantity]) => quantity.asApproximateFloat()),
  func("sign", [QUANTITY], "int", ([quantity]) => quantity.sign),
  method("add", [QUANTITY, QUANTITY], QUANTITY, ([left, right]) => left.plus(right)),
  method("add", [QUANTITY, "int"], QUANTITY, ([left, right]) => left.plus(Quantity.of(right))),
  method("sub", [QUANTITY, QUANTITY], QUANTITY, ([left, right]) => left.minus(right)),
  method("sub", [QUANTITY, "int"], QUANTITY, ([left, right]) => left.minus(Quantity.of(right))),
  method("compareTo", [QUANTITY, QUANTITY], "int", ([left, right]) => left.minus(right).sign),
  method("isLessThan", [QUANTITY, QUANTITY], "bool", ([left, right]) => left.nanos < right.nanos),
  method(
    "isGreaterThan",
    [QUANTITY, QUANTITY],
    "bool",
    ([left, right]) => left.nanos > right.nanos,
  ),
];

function readQuantity(text: string, frame: Frame): Quantity | EvaluationError {
  frame.charge(Math.min(text.length, 100));
  return parseQuantity(text);
}
