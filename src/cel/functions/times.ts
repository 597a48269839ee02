import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { borrow } from "../borrow.ts";
import { func, method, type Overload } from "../overload.ts";
import { timeParts } from "../time-parts.ts";
import { EvaluationError } from "../value.ts";

const TIMESTAMP = "google.protobuf.Timestamp";
const DURATION = "google.protobuf.Duration";

/** What setting up a time zone costs: some tens of microseconds. */
const ZONE_COST = 2_000;

const [plus, minus] = [borrow("a + b"), borrow("a - b")];

/** Arithmetic with points in time and lengths of it, and what they consist of. */
export const TIMES: readonly Overload[] = [
  func("_+_", [DURATION, DURATION], DURATION, (operands, frame) => plus(frame, ...operands)),
  func("_+_", [TIMESTAMP, DURATION], TIMESTAMP, (operands, frame) => plus(frame, ...operands)),
  func("_+_", [DURATION, TIMESTAMP], TIMESTAMP, (operands, frame) => plus(frame, ...operands)),
  func("_-_", [DURATION, DURATION], DURATION, (operands, frame) => minus(frame, ...operands)),
  func("_-_", [TIMESTAMP, DURATION], TIMESTAMP, (operands, frame) => minus(frame, ...operands)),
  func("_-_", [TIMESTAMP, TIMESTAMP], DURATION, (operands, frame) => minus(frame, ...operands)),
  method("getHours", [DURATION], "int", ([time]) => timeParts(time).seconds / 3_600n),
  method("getMinutes", [DURATION], "int", ([time]) => timeParts(time).seconds / 60n),
  method("getSeconds", [DURATION], "int", ([time]) => timeParts(time).seconds),
  // cel-go's own: nanoseconds.
  func("int", [DURATION], "int", ([time]) => {
    const { seconds, nanos } = timeParts(time);
    return seconds * 1_000_000_000n + BigInt(nanos);
  }),
  // cel-go, and so the API server: all of them, not those beyond the last second as the language has it.
  method("getMilliseconds", [DURATION], "int", ([time]) => {
    const { seconds, nanos } = timeParts(time);
    return seconds * 1_000n + BigInt(Math.trunc(nanos / 1e6));
  }),
  ...part("getFullYear", (date) => date.getUTCFullYear()),
  ...part("getMonth", (date) => date.getUTCMonth()),
  ...part("getDate", (date) => date.getUTCDate()),
  ...part("getDayOfMonth", (date) => date.getUTCDate() - 1),
  ...part("getDayOfWeek", (date) => date.getUTCDay()),
  ...part("getDayOfYear", (date) => (startOfDay(date) - startOfYear(date)) / DAY_MS),
  ...part("getHours", (date) => date.getUTCHours()),
  ...part("getMinutes", (date) => date.getUTCMinutes()),
  ...part("getSeconds", (date) => date.getUTCSeconds()),
  ...part("getMilliseconds", (date) => date.getUTCMilliseconds()),
];

const DAY_MS = 24 * 60 * 60 * 1_000;

function startOfDay(date: Date): number {
  return date.getTime() - (((date.getTime() % DAY_MS) + DAY_MS) % DAY_MS);
}

/** Not by `Date.UTC`, which takes year 1 for 1901. */
function startOfYear(date: Date): number {
  return new Date(0).setUTCFullYear(date.getUTCFullYear(), 0, 1);
}

/** A part of the date in UTC, and in a zone that is named. Ours: the library reads it in the process's own zone. */
function part(name: string, read: (date: Date) => number): readonly Overload[] {
  return [
    method(name, [TIMESTAMP], "int", ([time]) => BigInt(read(new Date(millisecondsOf(time))))),
    method(name, [TIMESTAMP, "string"], "int", ([time, zone], frame) => {
      frame.charge(ZONE_COST);
      const date = shifted(millisecondsOf(time), zone);
      return date === null
        ? new EvaluationError(`\`${zone}\` is not a time zone`)
        : BigInt(read(date));
    }),
  ];
}

function millisecondsOf(time: ReflectMessage): number {
  const { seconds, nanos } = timeParts(time);
  // Not rounded: the last nanosecond of a year is no part of the next one.
  return Number(seconds) * 1_000 + Math.floor(nanos / 1e6);
}

/** As Go reads it: less than a day, less than an hour. */
const OFFSET = /^[+-]?([01]?\d|2[0-3]):[0-5]?\d$/;

/** The date whose UTC reading is what clocks in `zone` show; null where there is no such zone. */
function shifted(ms: number, zone: string): Date | null {
  const offset = OFFSET.test(zone) ? zone : offsetOf(zone || "UTC", ms);
  if (offset === null) return null;
  const [hours = 0, minutes = 0, seconds = 0] = offset
    .split(":")
    .map((piece) => Math.abs(Number(piece)));
  const distance = ((hours * 60 + minutes) * 60 + seconds) * 1_000;
  return new Date(offset.startsWith("-") ? ms - distance : ms + distance);
}

/** The IANA's names; ECMA-402 takes offsets (`+0100`) and some more short names (`PST`) as well. */
const ZONE =
  /^(?!...$(?<!CET|EET|EST|GMT|HST|MET|MST|PRC|ROC|ROK|UCT|UTC|WET))[A-Z][\w+-]*(?:\/[A-Z][\w+-]*)*$/;

/** How far ahead of UTC a zone of the IANA's is at `ms`: `+02:00`, to the second before 1900 or so. */
function offsetOf(zone: string, ms: number): string | null {
  if (!ZONE.test(zone)) return null;
  try {
    const clock = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
    const { timeZone } = clock.resolvedOptions();
    // Go goes by the letters, ECMA-402 takes small ones for large.
    if (timeZone !== zone && timeZone.toLowerCase() === zone.toLowerCase()) return null;
    return /GMT([+-][\d:]+)?/.exec(clock.format(ms))?.[1] ?? "+00:00";
  } catch (error) {
    // ECMA-402: a zone it does not know is a RangeError.
    if (error instanceof RangeError) return null;
    throw error;
  }
}
