import { LineCounter } from "yaml";
import type { Position } from "../../config/yaml-documents.ts";

/** Where a value begins, and where a reader looks for it: at its key, if it has one. */
interface Written {
  readonly value: number;
  readonly shown: number;
}

type Children = ReadonlyMap<string | number, Written>;

/**
 * Where the fields of a JSON value are written. PERF: only the objects and lists are gone through that lead to a
 * field which somebody asks for, and each of them once: a whole cluster may be one value.
 */
export class JsonPlaces {
  readonly #text: string;
  readonly #root: Written;
  /** By where the object or list begins. */
  readonly #children = new Map<number, Children>();
  #lines: LineCounter | null = null;

  /** Of the value that begins at `start`, or behind the space there; it has to be JSON. */
  constructor(text: string, start: number) {
    this.#text = text;
    const value = start + text.slice(start).search(/\S/);
    this.#root = { value, shown: value };
  }

  /** Where the field that `keys` lead to is written, or else the last one on the way to it. */
  position(keys: readonly (string | number)[]): Position {
    let written = this.#root;
    for (const key of keys) {
      const child = this.#childrenOf(written.value).get(key);
      if (child === undefined) break;
      written = child;
    }
    this.#lines ??= linesOf(this.#text);
    const { line, col } = this.#lines.linePos(written.shown);
    return { line, column: col };
  }

  #childrenOf(start: number): Children {
    const children = this.#children.get(start) ?? childrenOf(this.#text, start);
    this.#children.set(start, children);
    return children;
  }
}

function linesOf(text: string): LineCounter {
  const lines = new LineCounter();
  lines.lineStarts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
  return lines;
}

/** The fields of an object, or the items of a list, that begins at `start`; of another value none. */
function childrenOf(text: string, start: number): Children {
  const children = new Map<string | number, Written>();
  const isList = text[start] === "[";
  if (!isList && text[start] !== "{") return children;
  let at = afterSpace(text, start + 1);
  while (text[at] !== "]" && text[at] !== "}") {
    const shown = at;
    let key: string | number = children.size;
    if (!isList) {
      at = endOfString(text, at);
      key = String(JSON.parse(text.slice(shown, at)));
      at = afterSpace(text, afterSpace(text, at) + 1);
    }
    children.set(key, { value: at, shown });
    at = afterSpace(text, endOfValue(text, at));
    if (text[at] === ",") at = afterSpace(text, at + 1);
  }
  return children;
}

function afterSpace(text: string, start: number): number {
  let at = start;
  while (/\s/.test(text[at] ?? "")) at += 1;
  return at;
}

/** Behind the text in quotes that begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

/** Behind the value that begins at `start`. */
function endOfValue(text: string, start: number): number {
  if (text[start] === '"') return endOfString(text, start);
  if (text[start] !== "{" && text[start] !== "[")
    return start + text.slice(start).search(/[,\]}\s]/);
  let at = start;
  let depth = 0;
  do {
    const char = text[at];
    if (char === "{" || char === "[") depth += 1;
    else if (char === "}" || char === "]") depth -= 1;
    at = char === '"' ? endOfString(text, at) : at + 1;
  } while (depth > 0);
  return at;
}
