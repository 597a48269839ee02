import { compare } from "./comparison.ts";
import type { Frame } from "./frame.ts";
import { EvaluationError, List, type Outcome, type TypeName, typeOf, type Value } from "./value.ts";

/** The types that have an order. */
export const COMPARABLE: readonly TypeName[] = [
  "int",
  "uint",
  "double",
  "bool",
  "string",
  "bytes",
  "google.protobuf.Duration",
  "google.protobuf.Timestamp",
];

/**
 * Items in the order of their keys; those of equal keys stay as they were. An error where the keys
 * are not of one type, or of one that has no order.
 */
export function sortedBy(items: readonly Value[], keys: readonly Value[], frame: Frame): Outcome {
  const [first] = keys;
  if (first === undefined) return new List([]);
  const type = typeOf(first);
  if (compare(first, first, frame) === undefined || keys.some((key) => typeOf(key) !== type)) {
    return new EvaluationError("the list is not sorted by values of one type that has an order");
  }
  const order = (left: Value, right: Value): number => {
    frame.charge(1);
    return compare(left, right, frame) ?? 0;
  };
  const pairs = items.map((item, index) => ({ item, key: keys[index] ?? null }));
  return new List(pairs.toSorted((a, b) => order(a.key, b.key)).map(({ item }) => item));
}
