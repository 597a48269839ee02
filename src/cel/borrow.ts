import {
  type CelInput,
  celEnv,
  isCelError,
  isCelList,
  isCelMap,
  isCelType,
  parse,
  plan,
} from "@bufbuild/cel";
import type { Frame } from "./frame.ts";
import { EvaluationError, type Scalar } from "./value.ts";

/** What a call of the library takes, some microseconds. */
const CALL_COST = 100;

const environment = celEnv();

/**
 * A function of the library, written as the library is to call it with the operands `a` and `b`:
 * `borrow("a.getHours(b)")`. INVARIANT: only for functions whose work is in proportion to the size
 * of their operands, which whoever calls them pays for: the library cannot be interrupted.
 */
export function borrow(
  expression: string,
): (frame: Frame, ...operands: readonly CelInput[]) => Scalar | EvaluationError {
  const run = plan(environment, parse(expression));
  return (frame, a = null, b = null) => {
    frame.charge(CALL_COST);
    const result = run({ a, b });
    if (isCelError(result)) {
      const { message } = result;
      return new EvaluationError(message.charAt(0).toLowerCase() + message.slice(1));
    }
    if (isCelList(result) || isCelMap(result) || isCelType(result)) {
      throw new TypeError(`not a scalar: ${expression}`);
    }
    return result;
  };
}
