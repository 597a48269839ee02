import { optionalElementOf, optionalFieldOf } from "./access.ts";
import type { Run } from "./evaluate-macro.ts";
import { dispatch, type Node, noOptional, place } from "./node.ts";
import type { Overload } from "./overload.ts";
import { EvaluationError, List, Optional, type Value } from "./value.ts";

const OPTIONAL = "optional_type";

/** `object.?field` */
export function optionalFieldNode({ run: object }: Node, field: string, offset: number): Node {
  const run: Run = (frame) => {
    frame.charge(1);
    const value = object(frame);
    return value instanceof EvaluationError ? value : place(optionalFieldOf(value, field), offset);
  };
  return { run, type: OPTIONAL };
}

/** `object[?index]` */
export function optionalElementNode(
  { run: object }: Node,
  { run: index }: Node,
  offset: number,
): Node {
  const run: Run = (frame) => {
    frame.charge(1);
    const value = object(frame);
    if (value instanceof EvaluationError) return value;
    const key = index(frame);
    return key instanceof EvaluationError ? key : place(optionalElementOf(value, key), offset);
  };
  return { run, type: OPTIONAL };
}

/** `[?a, b]`: an item that is optional is there if it has a value. */
export function optionalListNode(
  {
    nodes,
    isOptional,
  }: { readonly nodes: readonly Node[]; readonly isOptional: readonly boolean[] },
  offset: number,
): Node {
  const run: Run = (frame) => {
    frame.charge(1 + nodes.length);
    const values: Value[] = [];
    for (const [index, node] of nodes.entries()) {
      const value = node.run(frame);
      if (value instanceof EvaluationError) return value;
      if (isOptional[index] !== true) values.push(value);
      else if (!(value instanceof Optional)) return noOptional(value).at(offset);
      else if (value.value !== undefined) values.push(value.value);
    }
    return new List(values);
  };
  return { run, type: "list" };
}

/** `optional.or(other)` and `optional.orValue(value)`: what stands in is evaluated only where it is needed. */
export function standInNode(
  overload: Overload,
  [{ run: optional }, { run: standIn }]: readonly [Node, Node],
  offset: number,
): Node {
  const call = dispatch([overload]);
  const run: Run = (frame) => {
    frame.charge(1);
    const first = optional(frame);
    if (first instanceof EvaluationError) return first;
    if (first instanceof Optional && first.value !== undefined) {
      return overload.result === OPTIONAL ? first : first.value;
    }
    const second = standIn(frame);
    return second instanceof EvaluationError ? second : place(call([first, second], frame), offset);
  };
  return { run, type: overload.result };
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
export function optionalMacroNode(plan: OptionalMacroPlan, offset: number): Node {
  const run: Run = (frame) => {
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
  return { run, type: OPTIONAL };
}
