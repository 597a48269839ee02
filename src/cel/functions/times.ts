import { isMessage } from "@bufbuild/protobuf";
import type { ReflectMessage } from "@bufbuild/protobuf/reflect";
import { TimestampSchema, timestampMs } from "@bufbuild/protobuf/wkt";
import { borrow } from "../borrow.ts";
import { func, method, type Overload } from "../overload.ts";
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
  ...["getHours", "getMinutes", "getSeconds", "getMilliseconds"].map((name) => {
    const read = borrow(`a.${name}()`);
    return method(name, [DURATION], "int", (operands, frame) => read(frame, ...operands));
  }),
  ...part("getFullYear", (date) => date.getUTCFullYear()),
  ...part("getMonth", (date) => date.getUTCMonth()),
  ...part("getDate", (date) => date.getUTCDate()),
  ...part("getDayOfMonth", (date) => date.getUTCDate() - 1),
  ...part("getDayOfWeek", (date) => date.getUTCDay()),
  ...part(
    "getDayOfYear",
    (date) => (startOfDay(date) - Date.UTC(date.getUTCFullYear(), 0)) / DAY_MS,
  ),
  ...part("getHours", (date) => date.getUTCHours()),
  ...part("getMinutes", (date) => date.getUTCMinutes()),
  ...part("getSeconds", (date) => date.getUTCSeconds()),
  ...part("getMilliseconds", (date) => date.getUTCMilliseconds()),
];

const DAY_MS = 24 * 60 * 60 * 1_000;

function startOfDay(date: Date): number {
  return date.getTime() - (((date.getTime() % DAY_MS) + DAY_MS) % DAY_MS);
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

function millisecondsOf({ message }: ReflectMessage): number {
  if (!isMessage(message, TimestampSchema)) throw new TypeError("not a timestamp");
  return timestampMs(message);
}

/** The date whose UTC reading is what clocks in `zone` show; null where there is no such zone. */
function shifted(ms: number, zone: string): Date | null {
  const offset = /^[+-]?\d\d:\d\d$/.test(zone) ? zone : offsetOf(zone, ms);
  if (offset === null) return null;
  const [hours = 0, minutes = 0, seconds = 0] = offset
    .split(":")
    .map((piece) => Math.abs(Number(piece)));
  const distance = ((hours * 60 + minutes) * 60 + seconds) * 1_000;
  return new Date(offset.startsWith("-") ? ms - distance : ms + distance);
}

/** How far ahead of UTC a zone of the IANA's is at `ms`: `+02:00`, to the second before 1900 or so. */
function offsetOf(zone: string, ms: number): string | null {
  try {
    const clock = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
    return /GMT([+-][\d:]+)?/.exec(clock.format(ms))?.[1] ?? "+00:00";
  } catch (error) {
    // ECMA-402: a zone it does not know is a RangeError.
    if (error instanceof RangeError) return null;
    throw error;
  }
}
