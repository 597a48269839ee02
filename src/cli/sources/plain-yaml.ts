/**
 * The documents of a YAML text in the plain style that most manifests are written in: block mappings and
 * sequences, one line each, of plain or simply quoted scalars whose type is beyond doubt. Empty documents
 * are left out. Null: there is something else in it, be it an anchor, a block scalar, a tab or a mistake, and
 * only the whole of YAML can tell what it means.
 *
 * PERF: a twentieth of what the YAML library takes for the same text (`bench -- cli`). What both read they
 * read alike, which a property test holds.
 */
export function parsePlainYaml(text: string): readonly unknown[] | null {
  const documents: Line[][] = [[]];
  for (const source of text.split(/\r?\n/)) {
    if (BLANK.test(source)) continue;
    if (source === "---") documents.push([]);
    else {
      const line = parseLine(source);
      if (line === null) return null;
      documents.at(-1)?.push(line);
    }
  }
  const values: unknown[] = [];
  for (const lines of documents) {
    if (lines.length === 0) continue;
    const value = new PlainDocument(lines).read();
    if (value === undefined) return null;
    values.push(value);
  }
  return values;
}

/** A line with something on it: `  - key: value`, of which the dash, the key or the value may be missing. */
interface Line {
  readonly indent: number;
  /** How wide the dash is, with the space behind it; 0 without one. */
  readonly dash: number;
  readonly key: string | null;
  readonly value: string;
}

/** Longer ones are somebody's data, and the pattern looks at many spaces many times. */
const MAX_LINE = 1000;
const BLANK = /^ *(?:#[^\r]*)?$/;
const LINE =
  /^( *)(- +)?(?:([A-Za-z][\w./-]{0,300}):(?= |$))? *((?:[^\s"'#][^\t\r#"']*|"[^"\\\p{Cc}]*"|'[^'\p{Cc}]*'|\[[^\t\r#']*\])?)(?: +#[^\r\t]*)? *$/u;

function parseLine(source: string): Line | null {
  const match = source.length > MAX_LINE ? null : LINE.exec(source);
  if (match === null) return null;
  const [, indent = "", dash = "", key = null, value = ""] = match;
  if (key !== null && NOT_TEXT.test(key)) return null;
  return { indent: indent.length, dash: dash.length, key, value };
}

/** As deep as no manifest is: what is deeper is not for a reader that calls itself. */
const MAX_DEPTH = 50;

/** Undefined is what cannot be read here. */
class PlainDocument {
  readonly #lines: readonly Line[];
  #next = 0;

  constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  read(): unknown {
    const value = this.#readBlock(this.#lines[0]?.indent ?? 0, 0);
    return this.#next === this.#lines.length ? value : undefined;
  }

  /** What starts with the next line, at `indent`. */
  #readBlock(indent: number, depth: number): unknown {
    if (depth > MAX_DEPTH) return undefined;
    const line = this.#lines[this.#next];
    return line !== undefined && line.dash > 0
      ? this.#readSequence(indent, depth)
      : this.#readMapping(indent, depth);
  }

  #readSequence(indent: number, depth: number): unknown {
    const items: unknown[] = [];
    for (;;) {
      const line = this.#lines[this.#next];
      if (line === undefined || line.indent !== indent || line.dash === 0) return items;
      let item: unknown;
      if (line.key === null) {
        this.#next += 1;
        item = scalarOf(line.value);
      } else item = this.#readMapping(indent + line.dash, depth + 1, line);
      if (item === undefined) return undefined;
      items.push(item);
    }
  }

  /** A mapping whose keys are at `indent`; the first may stand behind the dash of an `item`. */
  #readMapping(indent: number, depth: number, item?: Line): unknown {
    const mapping: Record<string, unknown> = {};
    for (;;) {
      const line = this.#lines[this.#next];
      const isItem = line !== undefined && line === item;
      if (line === undefined || (!isItem && (line.indent !== indent || line.dash > 0))) break;
      const { key } = line;
      if (key === null || Object.hasOwn(mapping, key)) return undefined;
      this.#next += 1;
      const value = line.value === "" ? this.#readBelow(indent, depth) : scalarOf(line.value);
      if (value === undefined) return undefined;
      mapping[key] = value;
    }
    return this.#isDeeper(indent) ? undefined : mapping;
  }

  /** What belongs to a key at `indent` that has nothing beside it: a sequence needs no indentation. */
  #readBelow(indent: number, depth: number): unknown {
    const line = this.#lines[this.#next];
    if (line === undefined || line.indent < indent) return null;
    if (line.indent > indent) return this.#readBlock(line.indent, depth + 1);
    return line.dash > 0 ? this.#readSequence(indent, depth + 1) : null;
  }

  #isDeeper(indent: number): boolean {
    const line = this.#lines[this.#next];
    return line !== undefined && line.indent > indent;
  }
}

const QUOTED = /^(["'])(.*)\1$/u;
/** Letters first, or what no number of YAML 1.1 looks like: an address, an amount, a UID. */
const TEXT =
  /^(?:(?:--?)?[A-Za-z/][\w./@:=+,()%-]*(?: [\w./@:=+,()%-]+)*|\d+(?:\.\d+){3}(?:\/\d+)?|\d+(?:m|Ki|Mi|Gi|Ti)|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/;
/** YAML 1.1 takes these for booleans or nothing. */
const NOT_TEXT = /^(?:y|n|yes|no|on|off|true|false|null)$/i;
const WORDS: ReadonlyMap<string, unknown> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);
const NUMBER = /^(?:0|[1-9]\d{0,14})$/;
const ITEM = String.raw`(?:[A-Za-z][\w./-]*|"[^",\\\[\]{}]*")`;
const LIST = new RegExp(String.raw`^\[ ?(${ITEM}(?:, ?${ITEM})*) ?\]$`);

function scalarOf(written: string): unknown {
  const text = written.trimEnd();
  const quoted = QUOTED.exec(text);
  if (quoted !== null) return quoted[2];
  if (NUMBER.test(text)) return Number(text);
  if (WORDS.has(text)) return WORDS.get(text);
  if (text === "{}") return {};
  if (text.startsWith("[")) return listOf(text);
  return TEXT.test(text) && !NOT_TEXT.test(text) && !/:(?: |$)/.test(text) ? text : undefined;
}

function listOf(text: string): unknown {
  if (text === "[]") return [];
  const items = LIST.exec(text)?.[1]?.split(/, ?/) ?? [];
  if (items.length === 0 || items.some((item) => NOT_TEXT.test(item))) return undefined;
  return items.map((item) => item.replaceAll('"', ""));
}
