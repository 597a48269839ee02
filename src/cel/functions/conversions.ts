import { borrow } from "../borrow.ts";
import { isDay } from "../is-day.ts";
import { func, type Overload } from "../overload.ts";
import { timeParts } from "../time-parts.ts";
import {
  EvaluationError,
  type Outcome,
  quoted,
  type TypeName,
  TypeValue,
  typeOf,
} from "../value.ts";
import { toInt, toUint } from "./arithmetic.ts";
import { doubleAsText, timeAsText } from "./as-text.ts";

const TIMESTAMP = "google.protobuf.Timestamp";
const DURATION = "google.protobuf.Duration";

const toString = borrow("string(a)");
const toTimestamp = borrow("timestamp(a)");
const toDuration = borrow("duration(a)");

const encoder = new TextEncoder();
/** The library drops U+FEFF at the beginning, as JavaScript does where it is not told. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The words for true and false (Go: strconv.ParseBool). */
const BOOLS: ReadonlyMap<string, boolean> = new Map([
  ...["1", "t", "T", "true", "TRUE", "True"].map((word) => [word, true] as const),
  ...["0", "f", "F", "false", "FALSE", "False"].map((word) => [word, false] as const),
]);

/** Conversions between types. Text is read as Go reads it: JavaScript takes `""` for a number. */
export const CONVERSIONS: readonly Overload[] = [
  // Not made beforehand: what it is for is that nothing is known of its value.
  { ...func("dyn", ["A"], "dyn", ([value]) => value), isPure: false },
  func("type", ["A"], "type", ([value]) => new TypeValue(typeOf(value))),
  same("int", "int"),
  func("int", ["uint"], "int", ([value]) => toInt(value.value)),
  func("int", ["double"], "int", ([value]) =>
    // cel-go: the least int is not to be had from a double, which may have been rounded to it.
    value === -(2 ** 63) ? toInt(2n ** 63n) : toInt(truncated(value)),
  ),
  func("int", ["string"], "int", ([text]) => toInt(integer(text, /^[+-]?\d+$/))),
  func("int", [TIMESTAMP], "int", ([time]) => timeParts(time).seconds),
  same("uint", "uint"),
  func("uint", ["int"], "uint", ([value]) => toUint(value)),
  func("uint", ["double"], "uint", ([value]) =>
    // cel-go: nothing below 0, not even what would be cut off to it.
    value < 0 ? toUint(-1n) : toUint(truncated(value)),
  ),
  func("uint", ["string"], "uint", ([text]) => toUint(integer(text, /^\d+$/))),
  same("double", "double"),
  func("double", ["int"], "double", ([value]) => Number(value)),
  func("double", ["uint"], "double", ([value]) => Number(value.value)),
  func("double", ["string"], "double", ([text]) => double(text)),
  same("bool", "bool"),
  func("bool", ["string"], "bool", ([text]) => BOOLS.get(text) ?? unreadable(text, "a bool")),
  same("string", "string"),
  func("string", ["int"], "string", ([value]) => value.toString()),
  func("string", ["uint"], "string", ([value]) => value.value.toString()),
  func("string", ["double"], "string", ([value]) => doubleAsText(value)),
  func("string", ["bool"], "string", ([value]) => value.toString()),
  func("string", ["bytes"], "string", ([bytes], frame) => {
    frame.charge(bytes.length);
    const text = decoder.decode(bytes);
    // What is no UTF-8 has been mended.
    return Buffer.compare(encoder.encode(text), bytes) === 0
      ? text
      : new EvaluationError("the bytes are not UTF-8");
  }),
  func("string", [TIMESTAMP], "string", ([time], frame) => timeAsText(toString(frame, time))),
  func("string", [DURATION], "string", ([time], frame) => timeAsText(toString(frame, time))),
  same("bytes", "bytes"),
  func("bytes", ["string"], "bytes", ([text], frame) => {
    frame.chargeText(text);
    return encoder.encode(text);
  }),
  same("timestamp", TIMESTAMP),
  func("timestamp", ["int"], TIMESTAMP, ([seconds], frame) => {
    const isTime = seconds >= FIRST_SECOND && seconds <= LAST_SECOND;
    if (!isTime) return unreadable(`${seconds}`, "a time");
    return toTimestamp(frame, new Date(Number(seconds) * 1_000).toISOString());
  }),
  func("timestamp", ["string"], TIMESTAMP, ([text], frame) =>
    limited(text, () =>
      isInCalendar(text)
        ? understood(toTimestamp(frame, inNanoseconds(text)), text, A_TIME)
        : unreadable(text, A_TIME),
    ),
  ),
  same("duration", DURATION),
  func("duration", ["string"], DURATION, ([text], frame) =>
    // The library knows one of the two signs for micro, and takes empty text for 0s.
    limited(text, () =>
      text === ""
        ? unreadable(text, A_DURATION)
        : understood(toDuration(frame, text.replaceAll("μ", "µ")), text, A_DURATION),
    ),
  ),
];

function same(name: string, type: TypeName): Overload {
  return func(name, [type], type, ([value]) => value);
}

/** 2^64: no double at or beyond it is an int or uint, and NaN is not below it. */
const MAX_DOUBLE = 2 ** 64;

/** Seconds of the first and the last year that there are: 1 and 9999. */
const [FIRST_SECOND, LAST_SECOND] = [-62_135_596_800n, 253_402_300_799n];

/** Longer than any number or time as text; keeps what reads them from reading novels. */
const MAX_LENGTH = 100;

const A_TIME = "a time such as `2030-01-31T00:00:00Z`";
const A_DURATION = "a duration such as `1h30m`";

/** The library says that a text cannot be read in words for programmers. */
function understood(outcome: Outcome, text: string, what: string): Outcome {
  return outcome instanceof EvaluationError && outcome.message.startsWith("failed to parse")
    ? unreadable(text, what)
    : outcome;
}

function limited<T>(text: string, read: () => T): T | EvaluationError {
  return text.length > MAX_LENGTH ? unreadable(text, "a number or a time") : read();
}

/** Ours: the library takes what is no day for another, and 24:00 for the next day, as JavaScript does. */
function isInCalendar(text: string): boolean {
  const [date = "", time = ""] = text.split(/t/i);
  return isDay(date) && !time.startsWith("24");
}

/** Go passes over what is finer, the library fails. */
function inNanoseconds(text: string): string {
  return text.replace(/(\.\d{9})\d+/, "$1");
}

function integer(text: string, form: RegExp): bigint | EvaluationError {
  return limited(text, () =>
    form.test(text) ? BigInt(text.replace("+", "")) : unreadable(text, "an integer"),
  );
}

function double(text: string): number | EvaluationError {
  const form = /^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf|infinity|nan)$/i;
  return limited(text, () => {
    if (!form.test(text)) return unreadable(text, "a double");
    const word = /[a-z]{3}/i.exec(text)?.[0].toLowerCase();
    if (word === "nan") return Number.NaN;
    if (word === "inf") return text.startsWith("-") ? -Infinity : Infinity;
    return Number(text);
  });
}

function truncated(value: number): bigint | EvaluationError {
  return Math.abs(value) < MAX_DOUBLE
    ? BigInt(Math.trunc(value))
    : unreadable(`${value}`, "an integer");
}

function unreadable(text: string, what: string): EvaluationError {
  return new EvaluationError(`${quoted(text)} is not ${what}`);
}
