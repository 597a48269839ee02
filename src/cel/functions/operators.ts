import { elementOf, optionalElementOf } from "../access.ts";
import { pointCount } from "../code-points.ts";
import { compare, equals } from "../comparison.ts";
import { func, method, type Overload } from "../overload.ts";
import { COMPARABLE } from "../sorting.ts";
import { itemsOf, keysOf } from "../traversal.ts";
import { entryOf, itemAt, List, listSize, type TypeName } from "../value.ts";

const NUMBERS: readonly TypeName[] = ["int", "uint", "double"];

/** Every pair of types that has an order; numbers have one across their types. */
const ORDERED_PAIRS: readonly (readonly [TypeName, TypeName])[] = [
  ...NUMBERS.flatMap((left) => NUMBERS.map((right) => [left, right] as const)),
  ...COMPARABLE.filter((type) => !NUMBERS.includes(type)).map((type) => [type, type] as const),
];

/** Operators on any kind of value, but for those that do not evaluate all of their operands. */
export const OPERATORS: readonly Overload[] = [
  func("!_", ["bool"], "bool", ([value]) => !value),
  func("_[_]", ["list", "dyn"], "dyn", ([list, index]) => elementOf(list, index)),
  func("_[_]", ["map", "dyn"], "dyn", ([map, key]) => elementOf(map, key)),
  func("_[_]", ["optional_type", "dyn"], "optional_type", ([optional, index]) =>
    optionalElementOf(optional, index),
  ),
  func("_[?_]", ["dyn", "dyn"], "optional_type", ([value, index]) =>
    optionalElementOf(value, index),
  ),
  func("_==_", ["A", "A"], "bool", ([left, right], frame) => equals(left, right, frame)),
  func("_!=_", ["A", "A"], "bool", ([left, right], frame) => !equals(left, right, frame)),
  ...ordering("_<_", (order) => order < 0),
  ...ordering("_<=_", (order) => order <= 0),
  ...ordering("_>_", (order) => order > 0),
  ...ordering("_>=_", (order) => order >= 0),
  func("_+_", ["string", "string"], "string", ([left, right], frame) => {
    frame.charge(Math.ceil((left.length + right.length) / 10));
    return left + right;
  }),
  func("_+_", ["bytes", "bytes"], "bytes", ([left, right], frame) => {
    frame.charge(left.length + right.length);
    const both = new Uint8Array(left.length + right.length);
    both.set(left);
    both.set(right, left.length);
    return both;
  }),
  func("_+_", ["list(A)", "list(A)"], "list(A)", ([left, right], frame) => {
    return new List([...itemsOf(left, frame), ...itemsOf(right, frame)]);
  }),
  func("@in", ["A", "list(A)"], "bool", ([value, list], frame) => {
    for (let index = 0; index < listSize(list); index++) {
      if (equals(itemAt(list, index), value, frame)) return true;
    }
    return false;
  }),
  func("@in", ["A", "map(A, B)"], "bool", ([key, map]) => entryOf(map, key) !== undefined),
  ...[func, method].flatMap((define) => [
    define("size", ["string"], "int", ([text], frame) => {
      return BigInt(pointCount(text, frame));
    }),
    define("size", ["bytes"], "int", ([bytes]) => BigInt(bytes.length)),
    define("size", ["list(A)"], "int", ([list]) => BigInt(listSize(list))),
    define("size", ["map(A, B)"], "int", ([map], frame) => BigInt(keysOf(map, frame).length)),
  ]),
];

function ordering(name: string, holds: (order: number) => boolean): readonly Overload[] {
  return ORDERED_PAIRS.map((types) =>
    func(name, types, "bool", ([left, right], frame) => {
      const order = compare(left, right, frame);
      return order !== undefined && holds(order);
    }),
  );
}
