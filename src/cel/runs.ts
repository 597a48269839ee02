import { misfit } from "./call-faults.ts";
import { evaluateMacro, type MacroPlan, type Run, toBool } from "./evaluate-macro.ts";
import type { Frame } from "./frame.ts";
import { NOTHING } from "./node.ts";
import type { Overload } from "./overload.ts";
import {
  Dictionary,
  EvaluationError,
  List,
  type MapKey,
  mapKey,
  Optional,
  type Outcome,
  quoted,
  typeOf,
  type Value,
} from "./value.ts";

/** A name that a macro gives. */
export function slotRun(slot: number): Run {
  return (frame) => frame.slots[slot] ?? null;
}

/** A variable of the environment, which may have no value. */
export function variableRun(slot: number, offset: number): Run {
  return (frame) => place(frame.slots[slot] ?? null, offset);
}

/** `object.field`, `object.?field` and `has(object.field)`: what `read` gives. */
export function fieldRun(
  read: (value: Value, field: string) => Outcome,
  object: Run,
  field: string,
  offset: number,
): Run {
  return (frame) => {
    frame.charge(1);
    const value = object(frame);
    return value instanceof EvaluationError ? value : place(read(value, field), offset);
  };
}

/** `&&`, `||` and `?:`, which do without an operand that they do not need. */
export function operatorRun(
  name: string,
  [first = NOTHING.run, second = NOTHING.run, third = NOTHING.run]: readonly Run[],
): Run {
  return name === "_?_:_"
    ? conditionalRun(first, second, third)
    : logicRun(first, second, name === "_||_");
}

/** `&&` and `||`: one operand that is `decisive` decides, even where the other is an error. */
function logicRun(left: Run, right: Run, decisive: boolean): Run {
  return (frame) => {
    frame.charge(1);
    const first = toBool(left(frame));
    if (first === decisive) return decisive;
    const second = toBool(right(frame));
    return second === decisive || typeof first === "boolean" ? second : first;
  };
}

/** `condition ? yes : no` */
function conditionalRun(condition: Run, yes: Run, no: Run): Run {
  return (frame) => {
    frame.charge(1);
    const holds = toBool(condition(frame));
    if (typeof holds !== "boolean") return holds;
    return holds ? yes(frame) : no(frame);
  };
}

/** An item of a list or a value of a map: `a`, or `?a`, which is there if it has a value. */
export interface Item {
  readonly run: Run;
  readonly isOptional: boolean;
}

/** `[a, ?b]` */
export function listRun(items: readonly Item[], offset: number): Run {
  return (frame) => {
    frame.charge(1 + items.length);
    const values: Value[] = [];
    for (const item of items) {
      const value = valueOf(item, frame);
      if (value instanceof EvaluationError) return value.at(offset);
      if (value !== undefined) values.push(value);
    }
    return new List(values);
  };
}

/** `{key: value}`; a key that comes twice is an error. */
export function mapRun(
  pairs: readonly { readonly key: Pick<Item, "run">; readonly value: Item }[],
  offset: number,
): Run {
  return (frame) => {
    frame.charge(1 + pairs.length);
    const entries = new Map<MapKey, Value>();
    for (const { key, value } of pairs) {
      const error = enter(entries, key.run(frame), valueOf(value, frame));
      if (error !== null) return error.at(offset);
    }
    return new Dictionary(entries);
  };
}

/** Undefined where it is optional and has none. */
function valueOf({ run, isOptional }: Item, frame: Frame): Outcome | undefined {
  const value = run(frame);
  if (!isOptional || value instanceof EvaluationError) return value;
  return value instanceof Optional ? value.value : noOptional(value);
}

function enter(
  entries: Map<MapKey, Value>,
  key: Outcome,
  value: Outcome | undefined,
): EvaluationError | null {
  if (key instanceof EvaluationError) return key;
  if (value instanceof EvaluationError) return value;
  if (value === undefined) return null;
  const plain = mapKey(key);
  if (plain === undefined || typeof key === "number") {
    return new EvaluationError(`a ${typeOf(key)} is no key`);
  }
  if (entries.has(plain)) {
    return new EvaluationError(`the key ${quoted(String(plain))} comes twice`);
  }
  entries.set(plain, value);
  return null;
}

/** `items.all(item, …)` and its like. */
export function macroRun(plan: MacroPlan, offset: number): Run {
  return (frame) => place(evaluateMacro(plan, frame), offset);
}

/** A call of that of `overloads` which the values turn out to fit. */
export function callRun(overloads: readonly Overload[], args: readonly Run[], offset: number): Run {
  const call = dispatch(overloads);
  return (frame) => {
    frame.charge(1);
    const values = evaluateAll(args, frame);
    return values instanceof EvaluationError ? values : place(call(values, frame), offset);
  };
}

/** PERF: the overload of the last time is tried first, and nearly always fits. */
export function dispatch(
  overloads: readonly Overload[],
): (values: readonly Value[], frame: Frame) => Outcome {
  let latest = overloads[0];
  return (values, frame) => {
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
}

/** The values of all, or the first error. */
function evaluateAll(runs: readonly Run[], frame: Frame): readonly Value[] | EvaluationError {
  const values: Value[] = [];
  for (const run of runs) {
    const value = run(frame);
    if (value instanceof EvaluationError) return value;
    values.push(value);
  }
  return values;
}

/** That something optional is wanted where a value of another type is. */
export function noOptional(value: Value): EvaluationError {
  return new EvaluationError(`expected an optional_type, got ${typeOf(value)}`);
}

/** An error says where it happened. */
export function place(outcome: Outcome, offset: number): Outcome {
  return outcome instanceof EvaluationError ? outcome.at(offset) : outcome;
}
