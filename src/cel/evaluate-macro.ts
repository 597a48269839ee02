import { unreachable } from "../errors.ts";
import type { Frame } from "./frame.ts";
import type { Macro } from "./macro.ts";
import { sortedBy } from "./sorting.ts";
import { entriesOf, itemsOf, keysOf } from "./traversal.ts";
import {
  Dictionary,
  EvaluationError,
  entryOf,
  isList,
  isMap,
  itemAt,
  List,
  listSize,
  type MapKey,
  type Outcome,
  quoted,
  typeOf,
  type Value,
} from "./value.ts";

/** Evaluates an expression of a program. */
export type Run = (frame: Frame) => Outcome;

/** A macro ready to run: its names are slots of the frame. */
export interface MacroPlan {
  readonly kind: Macro["kind"];
  readonly range: Run;
  readonly slots: readonly number[];
  readonly condition: Run;
  readonly yield: Run;
}

/** What a macro goes through: items by their position, or values by their key. */
interface Range {
  readonly size: number;
  keyAt(index: number): MapKey;
  valueAt(index: number): Value;
  /** What a macro of one name sees. */
  subjectAt(index: number): Value;
}

/** Go through a list or map. */
export function evaluateMacro(plan: MacroPlan, frame: Frame): Outcome {
  const value = plan.range(frame);
  if (value instanceof EvaluationError) return value;
  const range = rangeOf(value, frame);
  if (range === null) return new EvaluationError(noRange(typeOf(value)));
  switch (plan.kind) {
    case "all":
      return search(plan, range, false, frame);
    case "exists":
      return search(plan, range, true, frame);
    case "exists_one":
      return existsOne(plan, range, frame);
    case "list": {
      const items: Value[] = [];
      return collect(plan, range, frame, (item) => items.push(item)) ?? new List(items);
    }
    case "map": {
      const entries = new Map<MapKey, Value>();
      const add = (item: Value, index: number): unknown => entries.set(range.keyAt(index), item);
      return collect(plan, range, frame, add) ?? new Dictionary(entries);
    }
    case "entries":
      return merge(plan, range, frame);
    case "sort":
      return sort(plan, range, value, frame);
    default:
      return unreachable(plan.kind);
  }
}

/** That a macro goes through no value of this type. */
export function noRange(type: string): string {
  return type.startsWith("optional_type")
    ? "cannot go through an optional_type; `orValue([])` makes a list of it"
    : `cannot go through a ${type}`;
}

/** CEL: an error counts only where no round decides (`wanted` is found), like an operand of `||` or `&&`. */
function search(plan: MacroPlan, range: Range, wanted: boolean, frame: Frame): Outcome {
  let error: EvaluationError | null = null;
  for (let index = 0; index < range.size; index++) {
    const holds = conditionAt(plan, range, index, frame);
    if (holds === wanted) return wanted;
    if (typeof holds !== "boolean") error ??= holds;
  }
  return error ?? !wanted;
}

function existsOne(plan: MacroPlan, range: Range, frame: Frame): Outcome {
  let count = 0;
  for (let index = 0; index < range.size; index++) {
    const holds = conditionAt(plan, range, index, frame);
    if (typeof holds !== "boolean") return holds;
    if (holds) count += 1;
  }
  return count === 1;
}

/** One map of those that the rounds yield; a key that comes twice is an error. */
function merge(plan: MacroPlan, range: Range, frame: Frame): Outcome {
  const maps: Value[] = [];
  const error = collect(plan, range, frame, (map) => maps.push(map));
  if (error !== null) return error;
  const merged = new Map<MapKey, Value>();
  for (const map of maps) {
    if (!isMap(map)) return new EvaluationError(`expected a map, got ${typeOf(map)}`);
    for (const [key, value] of entriesOf(map, frame)) {
      if (merged.has(key)) return new EvaluationError(`the key ${quoted(String(key))} comes twice`);
      merged.set(key, value);
    }
  }
  return new Dictionary(merged);
}

function sort(plan: MacroPlan, range: Range, value: Value, frame: Frame): Outcome {
  if (!isList(value)) return new EvaluationError(`cannot sort a ${typeOf(value)}`);
  const keys: Value[] = [];
  const error = collect(plan, range, frame, (key) => keys.push(key));
  return error ?? sortedBy(itemsOf(value, frame), keys, frame);
}

/** Hand what the rounds yield to `add`; the first error, if there is one. */
function collect(
  plan: MacroPlan,
  range: Range,
  frame: Frame,
  add: (item: Value, index: number) => unknown,
): EvaluationError | null {
  for (let index = 0; index < range.size; index++) {
    const holds = conditionAt(plan, range, index, frame);
    if (typeof holds !== "boolean") return holds;
    if (!holds) continue;
    const item = plan.yield(frame);
    if (item instanceof EvaluationError) return item;
    add(item, index);
  }
  return null;
}

/** Begin a round: pay for it, give the names their values, and see whether the condition holds. */
function conditionAt(
  { slots, condition }: MacroPlan,
  range: Range,
  index: number,
  frame: Frame,
): boolean | EvaluationError {
  frame.charge(1);
  const [first = 0, second] = slots;
  if (second === undefined) frame.slots[first] = range.subjectAt(index);
  else {
    frame.slots[first] = range.keyAt(index);
    frame.slots[second] = range.valueAt(index);
  }
  return toBool(condition(frame));
}

/** The outcome of a condition; what is no bool is an error. */
export function toBool(outcome: Outcome): boolean | EvaluationError {
  if (typeof outcome === "boolean" || outcome instanceof EvaluationError) return outcome;
  return new EvaluationError(`expected a bool, got ${typeOf(outcome)}`);
}

function rangeOf(value: Value, frame: Frame): Range | null {
  if (isList(value)) {
    const valueAt = (index: number): Value => itemAt(value, index);
    return { size: listSize(value), keyAt: BigInt, valueAt, subjectAt: valueAt };
  }
  if (!isMap(value)) return null;
  const keys = keysOf(value, frame);
  const keyAt = (index: number): MapKey => keys[index] ?? "";
  return {
    size: keys.length,
    keyAt,
    valueAt: (index) => entryOf(value, keyAt(index)) ?? null,
    subjectAt: keyAt,
  };
}
