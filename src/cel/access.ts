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
  Optional,
  type Outcome,
  quoted,
  typeOf,
  type Value,
} from "./value.ts";

/** `value.name`: an error where there is no such field, as CEL wants it of maps. */
export function fieldOf(value: Value, name: string): Outcome {
  if (isMap(value)) {
    const entry = entryOf(value, name);
    return entry === undefined ? new EvaluationError(`there is no field ${quoted(name)}`) : entry;
  }
  return value instanceof Optional ? optionalFieldOf(value, name) : hasNoField(value, name);
}

/** `has(value.name)`: also true of a field that is null. cel-go: nothing but a map has fields, and asking a list is wrong. */
export function hasField(value: Value, name: string): boolean | EvaluationError {
  if (isMap(value)) return entryOf(value, name) !== undefined;
  if (value instanceof Optional) return value.value !== undefined && hasField(value.value, name);
  return isList(value) ? hasNoField(value, name) : false;
}

/** `value.?name`, which is an error where `has(value.name)` is. */
export function optionalFieldOf(value: Value, name: string): Optional | EvaluationError {
  if (isMap(value)) return new Optional(entryOf(value, name));
  if (value instanceof Optional) {
    return value.value === undefined ? value : optionalFieldOf(value.value, name);
  }
  return isList(value) ? hasNoField(value, name) : new Optional(undefined);
}

/** `value[index]`: an item by its position from 0, or the value of a key. */
export function elementOf(value: ListValue | MapValue, index: Value): Outcome {
  const element = find(value, index);
  if (element !== undefined) return element;
  const key = String(mapKey(index));
  return isMap(value)
    ? new EvaluationError(`there is no key ${quoted(key)}`)
    : new EvaluationError(`there is no position ${key} in a list of ${listSize(value)}`);
}

/** `value[?index]`. What is neither list nor map has nothing at any index, as it has no fields. */
export function optionalElementOf(value: Value, index: Value): Optional | EvaluationError {
  if (value instanceof Optional) {
    return value.value === undefined ? value : optionalElementOf(value.value, index);
  }
  const element = isMap(value) || isList(value) ? find(value, index) : undefined;
  return element instanceof EvaluationError ? element : new Optional(element);
}

/** What is at an index, undefined where nothing is; an error where nothing can be. */
function find(value: ListValue | MapValue, index: Value): Outcome | undefined {
  const key = mapKey(index);
  if (isMap(value)) {
    return key === undefined
      ? new EvaluationError(`a ${typeOf(index)} is no key`)
      : entryOf(value, key);
  }
  if (typeof key !== "bigint") return new EvaluationError(`a ${typeOf(index)} is no position`);
  return key >= 0n && key < listSize(value) ? itemAt(value, Number(key)) : undefined;
}

function hasNoField(value: Value, name: string): EvaluationError {
  return new EvaluationError(`a ${typeOf(value)} has no field ${quoted(name)}`);
}
