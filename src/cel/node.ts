import type { Run } from "./evaluate-macro.ts";
import type { Frame } from "./frame.ts";
import type { Overload } from "./overload.ts";
import { misfit } from "./resolve-call.ts";
import { EvaluationError, type Outcome, type TypeName, typeOf, type Value } from "./value.ts";

/** An expression ready to run, and what is known of its value beforehand. */
export interface Node {
  readonly run: Run;
  readonly type: TypeName;
  /** There where the value is always the same. */
  readonly constant?: Value;
}

/** What stands for an expression that something is wrong with. */
export const NOTHING: Node = { run: () => null, type: "dyn" };

export function constantNode(value: Value): Node {
  return { run: () => value, type: typeOf(value), constant: value };
}

/** A call of that of `overloads` which the values turn out to fit. */
export function callNode(
  overloads: readonly Overload[],
  args: readonly Node[],
  offset: number,
): Node {
  const runs = args.map(({ run }) => run);
  let latest = overloads[0];
  const dispatch = (values: readonly Value[], frame: Frame): Outcome => {
    // PERF: nearly always the overload of the last time.
    const outcome = latest?.invoke(values, frame);
    if (outcome !== undefined) return outcome;
    for (const overload of overloads) {
      const other = overload.invoke(values, frame);
      if (other === undefined) continue;
      latest = overload;
      return other;
    }
    return new EvaluationError(misfit(overloads[0]?.name ?? "", values.map(typeOf)));
  };
  const run: Run = (frame) => {
    frame.charge(1);
    const values: Value[] = [];
    for (const each of runs) {
      const value = each(frame);
      if (value instanceof EvaluationError) return value;
      values.push(value);
    }
    const outcome = dispatch(values, frame);
    return outcome instanceof EvaluationError ? outcome.at(offset) : outcome;
  };
  const [type, ...others] = new Set(overloads.map(({ result }) => result));
  return { run, type: type !== undefined && others.length === 0 ? type : "dyn" };
}
