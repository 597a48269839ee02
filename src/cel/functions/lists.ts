import { optionalElementOf } from "../access.ts";
import { compare, equals } from "../comparison.ts";
import type { Frame } from "../frame.ts";
import { func, method, type Overload } from "../overload.ts";
import { COMPARABLE, sortedBy } from "../sorting.ts";
import { itemsOf } from "../traversal.ts";
import {
  EvaluationError,
  isList,
  List,
  type ListValue,
  listSize,
  type Outcome,
  type TypeName,
  typeOf,
  type Value,
} from "../value.ts";
import { ARITHMETIC } from "./arithmetic.ts";
import { TIMES } from "./times.ts";

const SUMMABLE: readonly TypeName[] = ["int", "uint", "double", "google.protobuf.Duration"];
const ADDITIONS = [...ARITHMETIC, ...TIMES].filter(({ name }) => name === "_+_");

const NOT_SUMMABLE = new EvaluationError("the list does not hold numbers of one type or durations");
const NOT_COMPARABLE = new EvaluationError("the list holds values that have no order");
const EMPTY = new EvaluationError("the list is empty");

/** Kubernetes' list library, and CEL's extensions for lists and for lists as sets. */
export const LISTS: readonly Overload[] = [
  ...SUMMABLE.map((type) =>
    method("sum", [`list(${type})`], type, ([list], frame) => sum(itemsOf(list, frame), frame)),
  ),
  ...COMPARABLE.flatMap((type) => [
    method("min", [`list(${type})`], type, ([list], frame) =>
      foremost(itemsOf(list, frame), -1, frame),
    ),
    method("max", [`list(${type})`], type, ([list], frame) =>
      foremost(itemsOf(list, frame), 1, frame),
    ),
    method("isSorted", [`list(${type})`], "bool", ([list], frame) =>
      isSorted(itemsOf(list, frame), frame),
    ),
    method("sort", [`list(${type})`], `list(${type})`, ([list], frame) => {
      const items = itemsOf(list, frame);
      return sortedBy(items, items, frame);
    }),
  ]),
  method("indexOf", ["list(A)", "A"], "int", ([list, wanted], frame) =>
    BigInt(itemsOf(list, frame).findIndex((item) => equals(item, wanted, frame))),
  ),
  method("lastIndexOf", ["list(A)", "A"], "int", ([list, wanted], frame) =>
    BigInt(itemsOf(list, frame).findLastIndex((item) => equals(item, wanted, frame))),
  ),
  func("sets.contains", ["list(A)", "list(A)"], "bool", ([list, part], frame) =>
    containsAll(list, part, frame),
  ),
  func(
    "sets.equivalent",
    ["list(A)", "list(A)"],
    "bool",
    ([left, right], frame) => containsAll(left, right, frame) && containsAll(right, left, frame),
  ),
  func("sets.intersects", ["list(A)", "list(A)"], "bool", ([left, right], frame) => {
    const items = itemsOf(left, frame);
    return itemsOf(right, frame).some((item) => items.some((one) => equals(one, item, frame)));
  }),
  func("lists.range", ["int"], "list(int)", ([size], frame) => {
    if (size < 0n) return new EvaluationError(`${size} is no size`);
    frame.charge(Number(size));
    return new List(Array.from({ length: Number(size) }, (_, index) => BigInt(index)));
  }),
  method("distinct", ["list(A)"], "list(A)", ([list], frame) =>
    distinct(itemsOf(list, frame), frame),
  ),
  method("flatten", ["list(list(A))"], "list(A)", ([list], frame) => flattened(list, 1n, frame)),
  method("flatten", ["list", "int"], "list", ([list, depth], frame) =>
    flattened(list, depth, frame),
  ),
  method(
    "reverse",
    ["list(A)"],
    "list(A)",
    ([list], frame) => new List(itemsOf(list, frame).toReversed()),
  ),
  method("slice", ["list(A)", "int", "int"], "list(A)", ([list, start, end], frame) =>
    slice(itemsOf(list, frame), start, end),
  ),
  method("first", ["list(A)"], "optional_type(A)", ([list]) => optionalElementOf(list, 0n)),
  method("last", ["list(A)"], "optional_type(A)", ([list]) =>
    optionalElementOf(list, BigInt(listSize(list) - 1)),
  ),
];

function containsAll(list: ListValue, part: ListValue, frame: Frame): boolean {
  const items = itemsOf(list, frame);
  return itemsOf(part, frame).every((item) => items.some((one) => equals(one, item, frame)));
}

function distinct(items: readonly Value[], frame: Frame): List {
  const found: Value[] = [];
  for (const item of items) {
    if (!found.some((one) => equals(item, one, frame))) found.push(item);
  }
  return new List(found);
}

function flattened(list: ListValue, depth: bigint, frame: Frame): Outcome {
  if (depth < 0n) return new EvaluationError(`${depth} is no depth`);
  let items = itemsOf(list, frame);
  for (let left = depth; left > 0n && items.some(isList); left--) {
    frame.charge(items.length);
    items = items.flatMap((item) => (isList(item) ? itemsOf(item, frame) : [item]));
  }
  return new List(items);
}

function slice(items: readonly Value[], start: bigint, end: bigint): Outcome {
  return start < 0n || start > end || end > items.length
    ? new EvaluationError(`there are no items ${start} to ${end} in a list of ${items.length}`)
    : new List(items.slice(Number(start), Number(end)));
}

function sum(items: readonly Value[], frame: Frame): Outcome {
  if (!items.every((item) => SUMMABLE.includes(typeOf(item)))) return NOT_SUMMABLE;
  return (
    items.reduce<Outcome | undefined>(
      (total, item) => (total === undefined ? item : add(total, item, frame)),
      undefined,
    ) ?? 0n
  );
}

function add(left: Outcome, right: Value, frame: Frame): Outcome {
  if (left instanceof EvaluationError) return left;
  for (const addition of ADDITIONS) {
    const total = addition.invoke([left, right], frame);
    if (total !== undefined) return total;
  }
  return NOT_SUMMABLE;
}

/** The item that nothing stands in front of: the least for -1, the greatest for 1. */
function foremost(items: readonly Value[], direction: 1 | -1, frame: Frame): Outcome {
  let best = items[0];
  if (best === undefined) return EMPTY;
  for (const item of items) {
    const order = compare(item, best, frame);
    if (order === undefined) return NOT_COMPARABLE;
    if (order * direction > 0) best = item;
  }
  return best;
}

function isSorted(items: readonly Value[], frame: Frame): boolean | EvaluationError {
  let previous = items[0];
  if (previous === undefined) return true;
  for (const item of items) {
    const order = compare(previous, item, frame);
    if (order === undefined) return NOT_COMPARABLE;
    if (order > 0) return false;
    previous = item;
  }
  return true;
}
