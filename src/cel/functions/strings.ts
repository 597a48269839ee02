import { pointCount, unitIndex } from "../code-points.ts";
import type { Frame } from "../frame.ts";
import { method, type Overload } from "../overload.ts";
import { itemsOf } from "../traversal.ts";
import { EvaluationError, List, type Value } from "../value.ts";

/** White space as Go's unicode.IsSpace has it; JavaScript's lacks U+0085 and has U+FEFF. */
const SPACE = "\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const LEADING_SPACE = new RegExp(`^[${SPACE}]+`);
const TRAILING_SPACE = new RegExp(`(?<![${SPACE}])[${SPACE}]+$`);

/**
 * Functions on text: the language's own, and the extension in the version that Kubernetes has (2).
 * Not the library's, whose `split` and `replace` differ from Go's and whose positions split pairs.
 */
export const STRINGS: readonly Overload[] = [
  method("contains", ["string", "string"], "bool", ([text, part], frame) => {
    chargeSearch(text, part, frame);
    return text.includes(part);
  }),
  method("startsWith", ["string", "string"], "bool", ([text, start], frame) => {
    frame.chargeText(start);
    return text.startsWith(start);
  }),
  method("endsWith", ["string", "string"], "bool", ([text, end], frame) => {
    frame.chargeText(end);
    return text.endsWith(end);
  }),
  rewriting("lowerAscii", (text) => text.replace(/[A-Z]+/g, (run) => run.toLowerCase())),
  rewriting("upperAscii", (text) => text.replace(/[a-z]+/g, (run) => run.toUpperCase())),
  rewriting("trim", (text) => text.replace(LEADING_SPACE, "").replace(TRAILING_SPACE, "")),
  method("charAt", ["string", "int"], "string", ([text, at], frame) => {
    const size = BigInt(pointCount(text, frame));
    return slice(text, at, at === size ? at : at + 1n, frame);
  }),
  method("substring", ["string", "int"], "string", ([text, start], frame) =>
    slice(text, start, BigInt(pointCount(text, frame)), frame),
  ),
  method("substring", ["string", "int", "int"], "string", ([text, start, end], frame) =>
    slice(text, start, end, frame),
  ),
  method("indexOf", ["string", "string"], "int", ([text, part], frame) => {
    chargeSearch(text, part, frame);
    return pointOf(frame, text, text.indexOf(part));
  }),
  method("indexOf", ["string", "string", "int"], "int", ([text, part, from], frame) => {
    return searchFrom("indexOf", [text, part, from], frame);
  }),
  method("lastIndexOf", ["string", "string"], "int", ([text, part], frame) => {
    chargeSearch(text, part, frame);
    return pointOf(frame, text, text.lastIndexOf(part));
  }),
  method("lastIndexOf", ["string", "string", "int"], "int", ([text, part, from], frame) => {
    return searchFrom("lastIndexOf", [text, part, from], frame);
  }),
  method("replace", ["string", "string", "string"], "string", ([text, from, to], frame) =>
    replaced(text, from, { to, most: -1n }, frame),
  ),
  method(
    "replace",
    ["string", "string", "string", "int"],
    "string",
    ([text, from, to, most], frame) => replaced(text, from, { to, most }, frame),
  ),
  method(
    "split",
    ["string", "string"],
    "list(string)",
    ([text, separator], frame) => new List(pieces(text, separator, frame)),
  ),
  method(
    "split",
    ["string", "string", "int"],
    "list(string)",
    ([text, separator, most], frame) =>
      new List(most === 0n ? [] : atMost(pieces(text, separator, frame), most, separator)),
  ),
  method("join", ["list(string)"], "string", ([list], frame) =>
    joined(itemsOf(list, frame), "", frame),
  ),
  method("join", ["list(string)", "string"], "string", ([list, separator], frame) =>
    joined(itemsOf(list, frame), separator, frame),
  ),
];

/** Searching takes the product of both lengths at worst. */
function chargeSearch(text: string, part: string, frame: Frame): void {
  frame.charge(Math.ceil((text.length * Math.max(part.length, 10)) / 50));
}

function rewriting(name: string, rewrite: (text: string) => string): Overload {
  return method(name, ["string"], "string", ([text], frame) => {
    frame.chargeText(text);
    return rewrite(text);
  });
}

function slice(text: string, start: bigint, end: bigint, frame: Frame): string | EvaluationError {
  const size = pointCount(text, frame);
  return start < 0n || start > end || end > size
    ? new EvaluationError(`there are no characters ${start} to ${end} in a text of ${size}`)
    : text.slice(unitIndex(text, Number(start), frame), unitIndex(text, Number(end), frame));
}

/**
 * Search from a position. cel-go: from the end on there is nothing but the empty text, which is at the
 * very end even if looked for beyond.
 */
function searchFrom(
  search: "indexOf" | "lastIndexOf",
  [text, part, start]: readonly [string, string, bigint],
  frame: Frame,
): bigint | EvaluationError {
  chargeSearch(text, part, frame);
  if (start < 0n) return new EvaluationError(`there is no position ${start} in a text`);
  const size = BigInt(pointCount(text, frame));
  if (start >= size) return part === "" ? size : -1n;
  return pointOf(frame, text, text[search](part, unitIndex(text, Number(start), frame)));
}

function pointOf(frame: Frame, text: string, unit: number): bigint {
  return unit < 0 ? -1n : BigInt(pointCount(text.slice(0, unit), frame));
}

function pieces(text: string, separator: string, frame: Frame): readonly string[] {
  frame.charge(text.length);
  chargeSearch(text, separator, frame);
  return separator === "" ? Array.from(text) : text.split(separator);
}

/** The first pieces, the last one with what is left in it. */
function atMost(all: readonly string[], most: bigint, separator: string): readonly string[] {
  if (most < 0n || all.length <= most) return all;
  const kept = Number(most) - 1;
  return [...all.slice(0, kept), all.slice(kept).join(separator)];
}

function replaced(
  text: string,
  from: string,
  { to, most }: { readonly to: string; readonly most: bigint },
  frame: Frame,
): string | EvaluationError {
  const found = pieces(text, from, frame);
  // Go: nothing is found before every character and at the end.
  const between = from === "" ? ["", ...found, ""] : found;
  return joined(atMost(between, most < 0n ? most : most + 1n, from), to, frame);
}

function joined(
  items: readonly Value[],
  separator: string,
  frame: Frame,
): string | EvaluationError {
  const texts = items.filter((item) => typeof item === "string");
  if (texts.length < items.length)
    return new EvaluationError("an item of the list is not a string");
  const length = texts.reduce((sum, text) => sum + text.length + separator.length, 0);
  frame.charge(Math.ceil(length / 10));
  return texts.join(separator);
}
