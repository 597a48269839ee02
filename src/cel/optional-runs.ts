import type { Run } from "./evaluate-macro.ts";
import { NOTHING } from "./node.ts";
import type { Overload } from "./overload.ts";
import { dispatch, noOptional, place } from "./runs.ts";
import { EvaluationError, Optional } from "./value.ts";

/** `optional.or(other)` and `optional.orValue(value)`: what stands in is evaluated only where it is needed. */
export function standInRun(
  overload: Overload,
  [optional = NOTHING.run, standIn = NOTHING.run]: readonly Run[],
  offset: number,
): Run {
  const call = dispatch([overload]);
  return (frame) => {
    frame.charge(1);
    const first = optional(frame);
    if (first instanceof EvaluationError) return first;
    if (first instanceof Optional && first.value !== undefined) {
      return overload.name === "or" ? first : first.value;
    }
    const second = standIn(frame);
    return second instanceof EvaluationError ? second : place(call([first, second], frame), offset);
  };
}

/** A macro on an optional value ready to run: its name is a slot of the frame. */
export interface OptionalMacroPlan {
  readonly optional: Run;
  readonly slot: number;
  readonly yield: Run;
  /** Whether what it yields is optional itself. */
  readonly isFlat: boolean;
}

/** `optional.optMap(x, value)` and `optional.optFlatMap(x, optional)` */
export function optionalMacroRun(plan: OptionalMacroPlan, offset: number): Run {
  return (frame) => {
    frame.charge(1);
    const optional = plan.optional(frame);
    if (optional instanceof EvaluationError) return optional;
    if (!(optional instanceof Optional)) return noOptional(optional).at(offset);
    if (optional.value === undefined) return optional;
    frame.slots[plan.slot] = optional.value;
    const value = plan.yield(frame);
    if (value instanceof EvaluationError) return value;
    if (!plan.isFlat) return new Optional(value);
    return value instanceof Optional ? value : noOptional(value).at(offset);
  };
}
