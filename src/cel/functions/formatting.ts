import { isCelUint } from "@bufbuild/cel";
import type { Frame } from "../frame.ts";
import { func, method, type Overload } from "../overload.ts";
import { entriesOf, itemsOf, MAX_DEPTH } from "../traversal.ts";
import {
  EvaluationError,
  isList,
  isMap,
  itemAt,
  type ListValue,
  listSize,
  type TypeName,
  TypeValue,
  typeOf,
  type Value,
} from "../value.ts";
import { CONVERSIONS } from "./conversions.ts";
import { fixedText, scientificParts } from "./decimal.ts";

/** `%s`, `%.2f`, `%%`; a `%` that begins none of these matches alone. */
const CLAUSE = /%(?:%|(?:\.(?<places>\d+))?(?<verb>[sdfebxXo]))?/g;

/** Ours: as many digits as anybody looks at, and what making them costs. */
const MAX_PLACES = 1_000;
const NUMBER_COST = 100;

const TO_STRING = CONVERSIONS.filter(({ name }) => name === "string");
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\x07", "\\a"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\v", "\\v"],
  ["\\", "\\\\"],
  ['"', '\\"'],
]);

const encoder = new TextEncoder();

/** Text from values, as the API server makes it: cel-go's `format`, with the numbers of en-US. */
export const FORMATTING: readonly Overload[] = [
  {
    ...method("format", ["string", "list"], "string", ([text, list], frame) =>
      formatted(text, list, frame),
    ),
    faultOf: ([text], [, types]) => (typeof text === "string" ? faultOfFormat(text, types) : null),
  },
  func("strings.quote", ["string"], "string", ([text], frame) => {
    frame.charge(text.length);
    return `"${text.replaceAll(/[\p{Cc}\\"]/gu, (sign) => ESCAPES.get(sign) ?? sign)}"`;
  }),
];

/** A value as text, or what is wrong with it: thrown, and caught where all of it begins. */
class Unwritable extends Error {}

const BAD_CLAUSE = "a `%` is followed by nothing that it takes; `%%` stands for itself";

/** The places for values in a text; empty where a `%` is none. */
function verbsOf(text: string): readonly string[] {
  return Array.from(text.matchAll(CLAUSE)).flatMap(({ 0: clause, groups }) =>
    clause === "%%" ? [] : [groups?.["verb"] ?? ""],
  );
}

const INTEGERS = ["int", "uint"];
const DOUBLES = ["double", "string"];
const ANYTHING =
  "list map bool int uint double string bytes type null_type google.protobuf.Timestamp google.protobuf.Duration";

/** The types that each verb takes. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  s: ANYTHING.split(" "),
  d: INTEGERS,
  o: INTEGERS,
  b: [...INTEGERS, "bool"],
  x: [...INTEGERS, "string", "bytes"],
  X: [...INTEGERS, "string", "bytes"],
  f: DOUBLES,
  e: DOUBLES,
};

/** What is wrong with a text, and with it for as many values of these types; null: nothing. */
function faultOfFormat(text: string, types: readonly string[] | undefined): string | null {
  const verbs = verbsOf(text);
  if (verbs.includes("")) return BAD_CLAUSE;
  if (types === undefined) return null;
  if (verbs.length !== types.length) {
    return `there are places for ${verbs.length} values, and ${types.length} values`;
  }
  const odd = types.findIndex(
    (type, index) => type !== "dyn" && TAKES[verbs[index] ?? ""]?.includes(type) === false,
  );
  return odd < 0 ? null : `\`%${verbs[odd]}\` does not take a ${types[odd]}`;
}

/** Values that are more than there are places for are passed over. */
function formatted(text: string, list: ListValue, frame: Frame): string | EvaluationError {
  frame.charge(text.length);
  let position = 0;
  try {
    return text.replaceAll(CLAUSE, (clause, places?: string, verb?: string) => {
      if (clause === "%%") return "%";
      if (verb === undefined) throw new Unwritable(BAD_CLAUSE);
      if (position === listSize(list)) throw new Unwritable(`there is no value for \`${clause}\``);
      const written = write(verb, itemAt(list, position), placesOf(places), frame);
      position += 1;
      frame.chargeText(written);
      return written;
    });
  } catch (error) {
    if (error instanceof Unwritable) return new EvaluationError(error.message);
    throw error;
  }
}

function placesOf(digits: string | undefined): number {
  const places = Number(digits ?? 6);
  if (places > MAX_PLACES) throw new Unwritable(`more than ${MAX_PLACES} places`);
  return places;
}

function write(verb: string, value: Value, places: number, frame: Frame): string {
  frame.charge(NUMBER_COST + places);
  switch (verb) {
    case "s":
      return shown(value, frame, 0);
    case "f":
      return grouped(decimalOf(verb, value), places);
    case "e":
      // cel-go: what should be the number of places is the width, and there are always six.
      return scientific(decimalOf(verb, value)).padStart(places);
    case "x":
    case "X": {
      const digits = hexadecimal(value, frame);
      return verb === "X" ? digits.toUpperCase() : digits;
    }
    default:
      return integral(verb, value);
  }
}

function mismatch(verb: string, value: Value): Unwritable {
  return new Unwritable(`\`%${verb}\` does not take a ${typeOf(value)}`);
}

/** cel-go: the words for what is no number are taken for what they say. */
function decimalOf(verb: string, value: Value): number {
  if (typeof value === "number") return value;
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  throw mismatch(verb, value);
}

/** The int or uint behind a value. */
function integerOf(value: Value): bigint | null {
  if (typeof value === "bigint") return value;
  return isCelUint(value) ? value.value : null;
}

const RADIX: Readonly<Record<string, number>> = { d: 10, b: 2, o: 8 };

function integral(verb: string, value: Value): string {
  if (verb === "b" && typeof value === "boolean") return value ? "1" : "0";
  const integer = integerOf(value);
  if (integer === null) throw mismatch(verb, value);
  return integer.toString(RADIX[verb]);
}

function hexadecimal(value: Value, frame: Frame): string {
  const bytes = typeof value === "string" ? encoder.encode(value) : value;
  if (bytes instanceof Uint8Array) {
    frame.charge(bytes.length);
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  const integer = integerOf(value);
  if (integer === null) throw mismatch("x", value);
  return integer.toString(16);
}

function grouped(value: number, places: number): string {
  if (!Number.isFinite(value)) return unending(value);
  const [whole = "", fraction] = fixedText(value === 0 ? 0 : value, places).split(".");
  const groups = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
  return fraction === undefined ? groups : `${groups}.${fraction}`;
}

function scientific(value: number): string {
  if (!Number.isFinite(value)) return unending(value);
  const { number, power } = scientificParts(value);
  const digits = Math.abs(power).toString().padStart(2, "0");
  return `${number}×10${power < 0 ? "⁻" : ""}${Array.from(digits, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]).join("")}`;
}

function unending(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return value < 0 ? "-∞" : "∞";
}

/** What `%s` makes of a value. */
function shown(value: Value, frame: Frame, depth: number): string {
  frame.charge(10);
  if (depth === MAX_DEPTH) frame.exceed();
  if (value === null) return "null";
  if (value instanceof TypeValue) return value.name;
  if (isList(value)) {
    return `[${itemsOf(value, frame)
      .map((item) => literal(item, frame, depth + 1))
      .join(", ")}]`;
  }
  if (isMap(value)) {
    const entries = entriesOf(value, frame).map(
      ([key, item]) => [literal(key, frame, depth + 1), literal(item, frame, depth + 1)] as const,
    );
    const sorted = entries.toSorted(([one], [other]) => (one < other ? -1 : 1));
    return `{${sorted.map(([key, item]) => `${key}:${item}`).join(", ")}}`;
  }
  return converted(value, frame);
}

/** What `string(value)` gives. */
function converted(value: Value, frame: Frame): string {
  for (const overload of TO_STRING) {
    const text = overload.invoke([value], frame);
    if (typeof text === "string") return text;
    if (text instanceof EvaluationError) throw new Unwritable(text.message);
  }
  throw mismatch("s", value);
}

const LITERALS: Partial<Readonly<Record<TypeName, (quotedText: string) => string>>> = {
  string: (text) => text,
  bytes: (text) => `b${text}`,
  "google.protobuf.Timestamp": (text) => `timestamp(${text})`,
  "google.protobuf.Duration": (text) => `duration(${text})`,
};

/** A value in a list or map, as it would be written in an expression. */
function literal(value: Value, frame: Frame, depth: number): string {
  const text = typeof value === "number" ? plainDecimal(value) : shown(value, frame, depth);
  const wrap = LITERALS[typeOf(value)];
  return wrap === undefined ? text : wrap(quoted(text));
}

function plainDecimal(value: number): string {
  if (Number.isFinite(value)) return fixedText(value, 6);
  return quoted(Number.isNaN(value) ? "NaN" : value < 0 ? "-Inf" : "+Inf");
}

/** As Go's `%q` writes text: what cannot be seen is escaped. */
function quoted(text: string): string {
  const escaped = text.replaceAll(/[\\"]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (sign) => {
    const code = sign.codePointAt(0) ?? 0;
    const digits = code.toString(16);
    const plain = code > 0xffff ? `\\U${digits.padStart(8, "0")}` : `\\u${digits.padStart(4, "0")}`;
    return ESCAPES.get(sign) ?? (code < 0x80 ? `\\x${digits.padStart(2, "0")}` : plain);
  });
  return `"${escaped}"`;
}
