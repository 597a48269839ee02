import { fieldOf, hasField } from "./access.ts";
import { evaluateMacro, type MacroPlan, type Run, toBool } from "./evaluate-macro.ts";
import type { Frame } from "./frame.ts";
import type { Overload } from "./overload.ts";
import { misfit } from "./resolve-call.ts";
import type { Shape } from "./shape.ts";
import {
  Dictionary,
  EvaluationError,
  List,
  type MapKey,
  mapKey,
  Optional,
  type Outcome,
  quoted,
  type TypeName,
  typeOf,
  type Value,
} from "./value.ts";

/** An expression ready to run, and what is known of its value beforehand. */
export interface Node {
  readonly run: Run;
  readonly type: TypeName;
  /** There where the value is always the same. */
  readonly constant?: Value;
  /** There where something is known of its fields. */
  readonly shape?: Shape;
}

/** What stands for an expression that something is wrong with. */
export const NOTHING: Node = { run: () => null, type: "dyn" };

/** A value that is known before the expression runs. */
export function constantNode(value: Value): Node {
  return { run: () => value, type: typeOf(value), constant: value };
}

/** Report whether all of them are known before the expression runs. */
export function areConstant(nodes: readonly Node[]): boolean {
  return nodes.every(({ constant }) => constant !== undefined);
}

/** A name that a macro gives. */
export function slotNode(slot: number, shape: Shape): Node {
  return { run: (frame) => frame.slots[slot] ?? null, type: "dyn", shape };
}

/** A variable of the environment, which may have no value. */
export function variableNode(slot: number, type: TypeName, offset: number): Node {
  return { run: (frame) => place(frame.slots[slot] ?? null, offset), type };
}

/** `object.field` */
export function fieldNode({ run: object, type }: Node, field: string, offset: number): Node {
  const run: Run = (frame) => {
    frame.charge(1);
    const value = object(frame);
    return value instanceof EvaluationError ? value : place(fieldOf(value, field), offset);
  };
  return { run, type: type === "optional_type" ? type : "dyn" };
}

/** `has(object.field)` */
export function hasNode({ run: object }: Node, field: string, offset: number): Node {
  const run: Run = (frame) => {
    frame.charge(1);
    const value = object(frame);
    return value instanceof EvaluationError ? value : place(hasField(value, field), offset);
  };
  return { run, type: "bool" };
}

/** `&&` and `||`: one operand that is `decisive` decides, even where the other is an error. */
export function logicNode({ run: left }: Node, { run: right }: Node, decisive: boolean): Node {
  const run: Run = (frame) => {
    frame.charge(1);
    const first = toBool(left(frame));
    if (first === decisive) return decisive;
    const second = toBool(right(frame));
    return second === decisive || typeof first === "boolean" ? second : first;
  };
  return { run, type: "bool" };
}

/** `condition ? yes : no` */
export function conditionalNode({ run: condition }: Node, yes: Node, no: Node): Node {
  const run: Run = (frame) => {
    frame.charge(1);
    const holds = toBool(condition(frame));
    if (typeof holds !== "boolean") return holds;
    return holds ? yes.run(frame) : no.run(frame);
  };
  return { run, type: yes.type === no.type ? yes.type : "dyn" };
}

/** `[a, b]` */
export function listNode(items: readonly Node[]): Node {
  const runs = items.map(({ run }) => run);
  const run: Run = (frame) => {
    frame.charge(1 + runs.length);
    const values = evaluateAll(runs, frame);
    return values instanceof EvaluationError ? values : new List(values);
  };
  return { run, type: "list" };
}

/** An entry of a map: `key: value`, or `?key: value`, which is there if the value is. */
export interface EntryNode {
  readonly key: Node;
  readonly value: Node;
  readonly isOptional: boolean;
}

/** `{key: value}`; a key that comes twice is an error. */
export function mapNode(pairs: readonly EntryNode[], offset: number): Node {
  const run: Run = (frame) => {
    frame.charge(1 + pairs.length);
    const entries = new Map<MapKey, Value>();
    for (const { key, value, isOptional } of pairs) {
      const pair = evaluateAll([key.run, value.run], frame);
      if (pair instanceof EvaluationError) return pair;
      const error = isOptional ? enterOptional(entries, pair) : enter(entries, pair);
      if (error !== null) return error.at(offset);
    }
    return new Dictionary(entries);
  };
  return { run, type: "map" };
}

function enter(
  entries: Map<MapKey, Value>,
  [key = null, value = null]: readonly Value[],
): EvaluationError | null {
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

function enterOptional(
  entries: Map<MapKey, Value>,
  [key = null, optional = null]: readonly Value[],
): EvaluationError | null {
  if (!(optional instanceof Optional)) return noOptional(optional);
  return optional.value === undefined ? null : enter(entries, [key, optional.value]);
}

const MACRO_TYPES: Readonly<Record<MacroPlan["kind"], TypeName>> = {
  all: "bool",
  exists: "bool",
  exists_one: "bool",
  list: "list",
  map: "map",
  entries: "map",
  sort: "list",
};

/** `items.all(item, …)` and its like. */
export function macroNode(plan: MacroPlan, offset: number): Node {
  const { kind } = plan;
  return { run: (frame) => place(evaluateMacro(plan, frame), offset), type: MACRO_TYPES[kind] };
}

/** A call of that of `overloads` which the values turn out to fit. */
export function callNode(
  overloads: readonly Overload[],
  args: readonly Node[],
  offset: number,
): Node {
  const runs = args.map(({ run }) => run);
  const call = dispatch(overloads);
  const run: Run = (frame) => {
    frame.charge(1);
    const values = evaluateAll(runs, frame);
    return values instanceof EvaluationError ? values : place(call(values, frame), offset);
  };
  const [type, ...others] = new Set(overloads.map(({ result }) => result));
  return { run, type: type !== undefined && others.length === 0 ? type : "dyn" };
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
