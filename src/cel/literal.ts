import { unreachable } from "../errors.ts";
import { toInt, toUint } from "./functions/arithmetic.ts";
import type { Part } from "./parse-expression.ts";
import { EvaluationError, type Outcome } from "./value.ts";

/** The value of a literal. Numbers of more than 64 bits, which the parser lets pass, are errors. */
export function literalOf({ constantKind }: Part<"constExpr">): Outcome {
  switch (constantKind.case) {
    case "nullValue":
      return null;
    case "int64Value":
      return toInt(constantKind.value);
    case "uint64Value":
      return toUint(constantKind.value);
    case "doubleValue":
      return Number.isFinite(constantKind.value)
        ? constantKind.value
        : new EvaluationError("the number is out of range");
    case "boolValue":
    case "stringValue":
    case "bytesValue":
      return constantKind.value;
    case "durationValue":
    case "timestampValue":
    case undefined:
      return new EvaluationError("not a literal");
    default:
      return unreachable(constantKind);
  }
}
