import {
  EvaluationError,
  entryOf,
  isList,
  isMap,
  itemAt,
  type ListValue,
  listSize,
  type MapValue,
  mapKey,
  type Outcome,
  quoted,
  typeOf,
  type Value,
} from "./value.ts";

/** `value.name`: an error where there is no such field, as CEL wants it of maps. */
export function fieldOf(value: Value, name: string): Outcome {
  if (!isMap(value)) return new EvaluationError(`a ${typeOf(value)} has no field ${quoted(name)}`);
  const entry = entryOf(value, name);
  return entry === undefined ? new EvaluationError(`there is no field ${quoted(name)}`) : entry;
}

/** `has(value.name)`: also true of a field that is null. cel-go: nothing but a map has fields, and asking a list is wrong. */
export function hasField(value: Value, name: string): boolean | EvaluationError {
  if (isList(value)) return new EvaluationError(`a list has no field ${quoted(name)}`);
  return isMap(value) && entryOf(value, name) !== undefined;
}

/** `value[index]`: an item by its position from 0, or the value of a key. */
export function elementOf(value: ListValue | MapValue, index: Value): Outcome {
  const key = mapKey(index);
  if (isMap(value)) {
    if (key === undefined) return new EvaluationError(`a ${typeOf(index)} is no key`);
    const entry = entryOf(value, key);
    return entry === undefined
      ? new EvaluationError(`there is no key ${quoted(String(key))}`)
      : entry;
  }
  if (typeof key !== "bigint") return new EvaluationError(`a ${typeOf(index)} is no position`);
  return key >= 0n && key < listSize(value)
    ? itemAt(value, Number(key))
    : new EvaluationError(`there is no position ${key} in a list of ${listSize(value)}`);
}
