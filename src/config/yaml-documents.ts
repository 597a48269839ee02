import { isMap, isNode, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from "yaml";
import { failure, type Problem, type Result, success } from "../errors.ts";

/** One document of a YAML (or JSON) text. */
export interface YamlDocument {
  readonly value: unknown;
  /** The problem with `file:line` before its JSON path, at the nearest field that is written. */
  readonly locate: (problem: Problem) => Problem;
}

/**
 * The documents of a text, empty ones left out. YAML 1.1, as Kubernetes tools read it: `yes` is true.
 * Fails with every syntax error, named with file and line.
 */
export function parseYaml(
  text: string,
  file: string,
): Result<readonly YamlDocument[], readonly Problem[]> {
  const lineCounter = new LineCounter();
  const lineOf = (offset: number): number => lineCounter.linePos(offset).line;
  const documents = Array.from(parseAllDocuments(text, { version: "1.1", lineCounter }));
  const problems = documents.flatMap(({ errors }) =>
    errors.map(({ pos, message }): Problem => {
      const [summary = message] = message.split(/ at line \d|\n/);
      return { code: "NP_E_SYNTAX", path: `${file}:${lineOf(pos[0])}`, message: summary };
    }),
  );
  if (problems.length > 0) return failure(problems);
  return success(
    documents
      .filter(
        ({ contents }) => contents !== null && !(isScalar(contents) && contents.value === null),
      )
      .map((document) => ({
        value: document.toJS() as unknown,
        locate: (problem) => {
          const line = lineOf(offsetOf(document.contents, keysOf(problem.path)));
          const path = `${file}:${line}${problem.path === "" ? "" : ` ${problem.path}`}`;
          return { ...problem, path };
        },
      })),
  );
}

/** Where the field is written that `keys` lead to, or the last one on the way that is. */
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

/** The keys of a JSON path as problems carry it: `a.b[0]["c/d"]`. */
function keysOf(path: string): readonly (string | number)[] {
  const parts = path.matchAll(/\["(?<quoted>.*?)"\]|\[(?<index>\d+)\]|(?<name>[^.[]+)/g);
  return Array.from(parts, ({ groups }) =>
    groups?.["index"] === undefined
      ? (groups?.["quoted"] ?? groups?.["name"] ?? "")
      : Number(groups["index"]),
  );
}
