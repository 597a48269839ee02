import type { Frame } from "./frame.ts";
import {
  Dictionary,
  entryOf,
  List,
  type ListValue,
  listSize,
  type MapKey,
  type MapValue,
  readInput,
  type Value,
} from "./value.ts";

/** How deep values may nest that are gone through: the recursion must not reach the end of the stack. */
export const MAX_DEPTH = 200;

/** Listing the keys of an object takes V8 some ten times as long as an item of a list. */
const KEY_COST = 5;

/** The items of a list, paid for. */
export function itemsOf(list: ListValue, frame: Frame): readonly Value[] {
  frame.charge(listSize(list));
  return list instanceof List ? list.items : list.map(readInput);
}

/** The keys of a map, paid for. What is undefined in an object of ours is not there, as in JSON. */
export function keysOf(map: MapValue, frame: Frame): readonly MapKey[] {
  const keys =
    map instanceof Dictionary
      ? [...map.entries.keys()]
      : Object.keys(map).filter((key) => map[key] !== undefined);
  frame.charge(keys.length * KEY_COST);
  return keys;
}

/** The entries of a map, paid for. */
export function entriesOf(map: MapValue, frame: Frame): readonly (readonly [MapKey, Value])[] {
  return keysOf(map, frame).map((key) => [key, entryOf(map, key) ?? null]);
}
