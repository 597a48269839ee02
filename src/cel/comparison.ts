import { isCelUint } from "@bufbuild/cel";
import { isReflectMessage } from "@bufbuild/protobuf/reflect";
import type { Frame } from "./frame.ts";
import { timeParts } from "./time-parts.ts";
import { keysOf, MAX_DEPTH } from "./traversal.ts";
import {
  entryOf,
  isList,
  isMap,
  itemAt,
  type ListValue,
  listSize,
  type MapValue,
  Opaque,
  Optional,
  TypeValue,
  typeOf,
  type Value,
} from "./value.ts";

/**
 * Report whether two values are equal: numbers across their types, lists and maps by content, and
 * values of different types never.
 */
export function equals(left: Value, right: Value, frame: Frame, depth = 0): boolean {
  frame.charge(1);
  if (typeof left === "string" && typeof right === "string") {
    frame.chargeText(left.length < right.length ? left : right);
    return left === right;
  }
  const number = numberOf(left);
  // oxlint-disable-next-line eqeqeq -- across types: 1n == 1
  if (number !== null) return number == numberOf(right);
  if (depth === MAX_DEPTH) frame.exceed();
  if (isList(left)) return isList(right) && sameItems(left, right, frame, depth + 1);
  if (isMap(left)) return isMap(right) && sameEntries(left, right, frame, depth + 1);
  return left === right || samePlain(left, right, frame, depth);
}

/**
 * How two values of comparable types stand to each other: below, at or above 0. NaN with a NaN
 * among them, undefined where there is no order.
 */
export function compare(left: Value, right: Value, frame: Frame): number | undefined {
  if (typeof left === "string" && typeof right === "string") {
    frame.chargeText(left.length < right.length ? left : right);
    return orderText(left, right);
  }
  const [one, other] = [numberOf(left), numberOf(right)];
  if (one !== null && other !== null) return compareNumbers(one, other);
  if (typeof left === "boolean" && typeof right === "boolean") return order(left, right);
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    frame.charge(Math.min(left.length, right.length));
    return Buffer.compare(left, right);
  }
  return compareTimes(left, right);
}

/** Where neither comes first, both are equal or one is NaN. */
function order<T extends string | bigint | number | boolean>(left: T, right: T): number {
  if (left < right) return -1;
  if (left > right) return 1;
  return left === right ? 0 : Number.NaN;
}

const SURROGATE = /[\ud800-\udfff]/;

/** By code points, as Go compares. JavaScript goes by UTF-16, where what is beyond U+FFFF comes before U+E000. */
function orderText(left: string, right: string): number {
  const plain = order(left, right);
  if (plain === 0 || !(SURROGATE.test(left) || SURROGATE.test(right))) return plain;
  let at = 0;
  while (left[at] === right[at]) at += 1;
  return order(rankOf(left.charCodeAt(at)), rankOf(right.charCodeAt(at)));
}

/** Where a unit of UTF-16 comes among code points; before all of them where there is none. */
function rankOf(unit: number): number {
  if (Number.isNaN(unit)) return -1;
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** An integer and a double compare as doubles do, as in cel-go. */
function compareNumbers(left: bigint | number, right: bigint | number): number {
  return typeof left === typeof right ? order(left, right) : order(Number(left), Number(right));
}

/** Undefined of what are not two points in time or two lengths of it. */
function compareTimes(left: Value, right: Value): number | undefined {
  if (!isReflectMessage(left) || !isReflectMessage(right) || typeOf(left) !== typeOf(right)) {
    return undefined;
  }
  const [one, other] = [timeParts(left), timeParts(right)];
  return order(one.seconds, other.seconds) || order(one.nanos, other.nanos);
}

function samePlain(left: Value, right: Value, frame: Frame, depth: number): boolean {
  if (left instanceof Optional) return sameInside(left, right, frame, depth + 1);
  if (left instanceof Opaque) return right instanceof Opaque && left.equals(right);
  if (left instanceof TypeValue) return right instanceof TypeValue && left.name === right.name;
  return compare(left, right, frame) === 0;
}

function sameItems(left: ListValue, right: ListValue, frame: Frame, depth: number): boolean {
  const size = listSize(left);
  if (size !== listSize(right)) return false;
  for (let index = 0; index < size; index++) {
    if (!equals(itemAt(left, index), itemAt(right, index), frame, depth)) return false;
  }
  return true;
}

function sameInside(left: Optional, right: Value, frame: Frame, depth: number): boolean {
  if (!(right instanceof Optional)) return false;
  if (left.value === undefined || right.value === undefined) return left.value === right.value;
  return equals(left.value, right.value, frame, depth);
}

function sameEntries(left: MapValue, right: MapValue, frame: Frame, depth: number): boolean {
  const keys = keysOf(left, frame);
  if (keys.length !== keysOf(right, frame).length) return false;
  return keys.every((key) => {
    const [one, other] = [entryOf(left, key), entryOf(right, key)];
    return one !== undefined && other !== undefined && equals(one, other, frame, depth);
  });
}

/** The number behind int, uint and double. */
function numberOf(value: Value): bigint | number | null {
  if (typeof value === "bigint" || typeof value === "number") return value;
  return isCelUint(value) ? value.value : null;
}
