import {
  Composer,
  type CST,
  type Document,
  type DocumentOptions,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParseOptions,
  Parser,
  type ScalarTag,
  type SchemaOptions,
} from "yaml";
import { failure, messageOf, type Problem, type Result, success } from "../errors.ts";
import { jsonKeys } from "../wire/shape.ts";
import { parseLeniently } from "./lenient-lexer.ts";
import { repeatedKeys } from "./repeated-keys.ts";

const TIMESTAMP = "tag:yaml.org,2002:timestamp";
const FLOAT = "tag:yaml.org,2002:float";

/** Numbers that go-yaml reads as Go does, and YAML 1.1 does not know. */
const PREFIXED_NUMBER: ScalarTag = {
  tag: "tag:yaml.org,2002:int",
  default: true,
  test: /^[-+]?0(?:[oO][0-7_]+|X[0-9a-fA-F_]+|B[01_]+)$/,
  resolve: (text) => {
    const [, sign, digits = ""] = /^([-+]?)(.*)$/.exec(text.replaceAll("_", "")) ?? [];
    return sign === "-" ? -Number(digits) : Number(digits);
  },
};

/** `e1` has no digits, and `7e98765`, perhaps the name of a commit, is too large: both are texts. */
function finite(tag: ScalarTag): ScalarTag {
  return {
    ...tag,
    resolve: (text, ...rest) => {
      const read = tag.resolve(text, ...rest);
      const value = isScalar(read) ? read.value : read;
      return Number.isFinite(value) || /inf|nan/i.test(text) ? read : text;
    },
  };
}

/**
 * YAML as Kubernetes tools read it: version 1.1, so `yes` is true, except for what go-yaml leaves as it is written:
 * times, base-60 numbers and what no number can be.
 */
export const AS_KUBERNETES = {
  version: "1.1",
  // See `repeatedKeys`.
  uniqueKeys: false,
  customTags: (tags) => [
    PREFIXED_NUMBER,
    ...tags.flatMap((tag) => {
      if (typeof tag === "string" || tag.collection !== undefined) return tag;
      if (tag.format === "TIME" || tag.tag === TIMESTAMP) return [];
      return tag.tag === FLOAT ? finite(tag) : tag;
    }),
  ],
} satisfies DocumentOptions & ParseOptions & SchemaOptions;

/** One document of a YAML (or JSON) text. */
export interface YamlDocument {
  readonly value: unknown;
  /** The problem with `file:line` before its JSON path, at the nearest field that is written. */
  readonly locate: (problem: Problem) => Problem;
  /** Where the field of a JSON path is written, or else the nearest one above it. */
  readonly position: (path: string) => Position;
}

/** A document of a file, by where its fields are written. */
export function documentAt(
  value: unknown,
  file: string,
  position: YamlDocument["position"],
): YamlDocument {
  const locate = (problem: Problem): Problem => {
    const { line } = position(problem.path);
    const path = `${file}:${line}${problem.path === "" ? "" : ` ${problem.path}`}`;
    return { ...problem, path };
  };
  return { value, position, locate };
}

/** A place in a text, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * How much of a text is still searched for mistakes after the first one. PERF: the parser takes half a second
 * for each MiB, and nobody should wait for the end of 50 of them to be told of line 12.
 */
const MISTAKES_WITHIN_CHARS = 1024 * 1024;

/**
 * The documents of a text, empty ones left out. As Kubernetes tools read them. Fails with every syntax error,
 * each with file and line; in a long text, only those in documents that begin near the first error.
 */
export function parseYaml(
  text: string,
  file: string,
): Result<readonly YamlDocument[], readonly Problem[]> {
  const lineCounter = new LineCounter();
  const tokens = new Parser(lineCounter.addNewLine).parse(text);
  const { documents, problems, sound } = readDocuments(tokens, file, lineCounter);
  if (problems.length === 0) return success(documents);
  // PERF: what is right up to there need not be read again.
  const lines = new LineCounter();
  lines.lineStarts = lineCounter.lineStarts.filter((start) => start <= sound.end);
  const rest = readDocuments(parseLeniently(text, lines.addNewLine, sound.end), file, lines);
  if (rest.problems.length === 0) {
    return success([...documents.slice(0, sound.documents), ...rest.documents]);
  }
  // For a bracket that is never closed, the strict reading gives the better message.
  return failure(rest.problems.length < problems.length ? rest.problems : problems);
}

/** As `parseAllDocuments` of `yaml`, of a text that `parseYaml` reads. */
export function composeYaml(text: string): readonly Document.Parsed[] {
  const compose = (tokens: Iterable<CST.Token>) => [...new Composer(AS_KUBERNETES).compose(tokens)];
  const documents = compose(new Parser().parse(text));
  if (documents.every(({ errors }) => errors.length === 0)) return documents;
  return compose(parseLeniently(text, () => undefined));
}

interface Reading {
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly Problem[];
  /** What is sound before the first mistake: how many documents, and where the last of them ends. */
  readonly sound: { readonly documents: number; readonly end: number };
}

function readDocuments(
  tokens: Iterable<CST.Token>,
  file: string,
  lineCounter: LineCounter,
): Reading {
  const lineOf = (offset: number): number => lineCounter.linePos(offset).line;
  const documents: YamlDocument[] = [];
  const problems: Problem[] = [];
  let firstMistake = Number.POSITIVE_INFINITY;
  let sound = { documents: 0, end: 0 };
  let end = 0;
  for (const document of new Composer({ ...AS_KUBERNETES, lineCounter }).compose(tokens)) {
    const { contents, range } = document;
    if (problems.length === 0) sound = { documents: documents.length, end };
    end = range[2];
    if (range[0] - firstMistake > MISTAKES_WITHIN_CHARS) {
      const message = "what follows was not read; mend what is above first";
      problems.push({ code: "NP_E_SYNTAX", path: `${file}:${lineOf(range[0])}`, message });
      break;
    }
    const complain = (offset: number, message: string): void => {
      firstMistake = Math.min(firstMistake, offset);
      problems.push({
        code: "NP_E_SYNTAX",
        path: `${file}:${lineOf(offset)}`,
        message: inOurWords(message),
      });
    };
    // Further mistakes in a line mostly follow from the first one.
    const mistakes = mistakesIn(document);
    const first = new Map(mistakes.toReversed().map((one) => [lineOf(one.offset), one]));
    for (const { message, offset } of [...first.values()].toReversed()) complain(offset, message);
    if (mistakes.length > 0) continue;
    if (contents === null || (isScalar(contents) && contents.value === null)) continue;
    const value = valueOf(document);
    if (!value.ok) complain(contents.range?.[0] ?? 0, value.error);
    else {
      const position = (path: string): Position => {
        const { line, col } = lineCounter.linePos(offsetOf(contents, jsonKeys(path)));
        return { line, column: col };
      };
      documents.push(documentAt(value.value, file, position));
    }
  }
  return { documents, problems, sound };
}

interface Mistake {
  readonly offset: number;
  readonly message: string;
}

/** What is wrong in a document, as it is written. */
function mistakesIn(document: Document.Parsed): readonly Mistake[] {
  const { errors, warnings } = document;
  const repeated = repeatedKeys(document).map((offset) => {
    return { offset, message: "Map keys must be unique" };
  });
  return [
    ...[...errors, ...lostExpressions(warnings)].map(({ pos, message }) => {
      return { offset: pos[0], message };
    }),
    ...repeated,
  ].toSorted((a, b) => a.offset - b.offset);
}

/** The value of a document, or what is wrong with its aliases: they may lead nowhere, or in a circle. */
function valueOf(document: Document.Parsed): Result<unknown, string> {
  try {
    let hasAnchors = false;
    const onAnchor = (): void => {
      hasAnchors = true;
    };
    const value: unknown = document.toJS({ onAnchor });
    if (hasAnchors) JSON.stringify(value);
    return success(value);
  } catch (error) {
    return failure(messageOf(error));
  }
}

/** What the runtime says of a document that is built to overwhelm it, and what that means. */
const OVERWHELMED: readonly (readonly [RegExp, string])[] = [
  [/call stack|stack overflow/i, "is nested too deeply to be read"],
  [/alias count/, "has aliases that unfold to more than can be read"],
  [/circular/, "has an alias that leads back to itself"],
];

/** A value that begins with `!` is read as a tag and lost. In CEL it is "not", as in `!has(object.spec.egress)`. */
const TAG_OF_AN_EXPRESSION = /^Unresolved tag: (?<tag>!\S*\(\S*)/;

function lostExpressions(
  warnings: Document["warnings"],
): readonly { readonly message: string; readonly pos: readonly [number, number] }[] {
  return warnings.flatMap(({ message, pos }) => {
    const tag = TAG_OF_AN_EXPRESSION.exec(message)?.groups?.["tag"];
    if (tag === undefined) return [];
    return [{ message: `\`${tag}\` is a tag to YAML, and no text; put all of it in quotes`, pos }];
  });
}

function inOurWords(message: string): string {
  const found = OVERWHELMED.find(([pattern]) => pattern.test(message));
  return found?.[1] ?? message.split(/ at line \d|\n/)[0] ?? message;
}

/** Where the field that `keys` lead to is written, or the last one on the way to it. */
function offsetOf(root: Node | null, keys: readonly (string | number)[]): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const key of keys) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (pair === undefined) return offset;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof key === "number") {
      node = node.items[key];
      offset = startOf(node) ?? offset;
    }
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
