import { isDeepStrictEqual } from "node:util";
import { Document, isCollection, isNode, isSeq, type Node } from "yaml";
import { AS_KUBERNETES, composeYaml } from "../../config/yaml-documents.ts";
import { type PatchOperation, pointerKeys } from "../../rules/json-patch.ts";
import { jsonKeys } from "../../wire/shape.ts";

/** An object in a file. */
export interface WrittenObject {
  /** The line of the file on which it starts. */
  readonly line: number;
  /** Where it stands in its document, empty where it is the document: `items[3]`. */
  readonly path: string;
}

/** Changes objects in the text of a file; comments, blank lines, quotes and order stay as they are. */
export class ManifestEditor {
  readonly #text: string;
  readonly #documents: readonly Document.Parsed[];
  readonly #changed = new Set<Document.Parsed>();

  constructor(text: string) {
    this.#text = text;
    this.#documents = composeYaml(text);
  }

  /** Carry out `patch` on an object; `result` is what it then has to be. */
  edit({ line, path }: WrittenObject, patch: readonly PatchOperation[], result: unknown): void {
    const document = this.#documentOf(line);
    const keys = jsonKeys(path);
    this.#changed.add(document);
    for (const operation of patch)
      change(document, [...keys, ...pointerKeys(operation.path)], operation);
    const node = document.getIn(keys, true);
    const isRight = isNode(node) && isDeepStrictEqual(node.toJS(document), result);
    // Aliases and merge keys lead elsewhere than their place in the text: then the object is written anew.
    if (!isRight) document.setIn(keys, document.createNode(result));
  }

  /** An object as a document of its own, ready to be applied. */
  objectText({ line, path }: WrittenObject): string {
    const document = this.#documentOf(line);
    const alone = new Document(null, AS_KUBERNETES);
    if (path === "") alone.commentBefore = document.commentBefore;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the object was read from there
    alone.contents = document.getIn(jsonKeys(path), true) as Node;
    return alone.toString(styleOf(this.#text));
  }

  /** The whole file; documents in which nothing has changed are letter for letter as they were. */
  text(): string {
    if (isJson(this.#text)) {
      const indent = /\n(?<indent>[ \t]+)"/.exec(this.#text)?.groups?.["indent"];
      return `${JSON.stringify(this.#documents[0]?.toJS(), null, indent)}\n`;
    }
    return this.#documents
      .map((document, index) =>
        this.#changed.has(document)
          ? document.toString(styleOf(this.#text))
          : this.#text.slice(this.#startOf(index), document.range[2]),
      )
      .join("");
  }

  #documentOf(line: number): Document.Parsed {
    const offset = this.#text.split("\n", line - 1).join("\n").length;
    const found = this.#documents.findLast((_, index) => this.#startOf(index) <= offset);
    if (found === undefined) throw new RangeError(`there is no line ${line}`);
    return found;
  }

  /** Comments before a document are part of it. */
  #startOf(index: number): number {
    return this.#documents[index - 1]?.range[2] ?? 0;
  }
}

/** Report whether a text is JSON, which has no comments and no style to keep. */
export function isJson(text: string): boolean {
  return /^\s*[{[]/.test(text) && /[}\]]\s*$/.test(text);
}

/** One operation on the tree; where it does not fit, because an alias is in the way, nothing happens. */
function change(
  document: Document,
  keys: readonly (string | number)[],
  operation: PatchOperation,
): void {
  const last = keys.at(-1);
  const parent = document.getIn(keys.slice(0, -1), true);
  if (last === undefined || !isCollection(parent)) return;
  if (operation.op === "remove") {
    parent.delete(last);
    return;
  }
  const node = document.createNode(operation.value);
  const old = parent.get(last, true);
  if (operation.op === "replace" && isNode(old)) inherit(node, old);
  if (isSeq(parent) && operation.op === "add") {
    parent.items.splice(last === "-" ? parent.items.length : Number(last), 0, node);
  } else parent.set(last, node);
}

/** What is written about a field is still about it when it has another value. */
function inherit(node: Node, old: Node): void {
  node.commentBefore = old.commentBefore ?? null;
  node.comment = old.comment ?? null;
  node.spaceBefore = old.spaceBefore ?? false;
  if (isCollection(old) && isCollection(node) && old.flow === true) node.flow = true;
}

/** How the author indents and spaces. */
function styleOf(text: string): {
  lineWidth: 0;
  indent: number;
  indentSeq: boolean;
  flowCollectionPadding: boolean;
} {
  const indents = Array.from(
    text.matchAll(/^(?<indent> +)[^\s#-]/gm),
    ({ groups }) => groups?.["indent"]?.length ?? 2,
  );
  const smallest = indents.length === 0 ? 2 : Math.min(...indents);
  return {
    lineWidth: 0,
    indent: Math.min(Math.max(smallest, 2), 8),
    indentSeq: !/^(?<indent> *)[^\s#-][^\n]*:\n\k<indent>- /m.test(text),
    flowCollectionPadding: !/[{[][^\s{}[\]]/.test(text),
  };
}
