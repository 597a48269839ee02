import type { EndpointClass, NamespaceRecord } from "./endpoint-class.ts";
import type { Item } from "./item.ts";
import type { Direction } from "./model.ts";
import { isClosed } from "./outcome.ts";
import { outcomeFor, type Row } from "./row.ts";

/** PERF: finds out fast, for most peers, that their row lets none of the subjects through. */
export class Gate {
  readonly #direction: Direction;
  /** The first subject's class before and after: all the others have the same ports to resolve names by. */
  readonly #samples: readonly EndpointClass[];
  readonly #homes: ReadonlySet<NamespaceRecord>;
  /** The row that was asked about last: classes with one row mostly come one after another. */
  #last: Row | null = null;
  #isLastShut = false;

  /** The subjects have one row, so that all of them are on a node's network or none. */
  constructor(subjects: readonly Item[], direction: Direction) {
    this.#direction = direction;
    const [first] = subjects;
    this.#samples = first === undefined ? [] : classesOf(first);
    this.#homes = homesOf(subjects);
  }

  /** Report whether `row`, of a class like `peer` that did not change, is certainly closed to all subjects. */
  isShut(row: Row, peer: EndpointClass): boolean {
    if (row !== this.#last) {
      this.#last = row;
      this.#isLastShut = this.#decide(row, peer);
    }
    return this.#isLastShut;
  }

  #decide(row: Row, peer: EndpointClass): boolean {
    if (row.free) return false;
    if (!row.soles.every((sole) => sole !== null && !this.#homes.has(sole))) return false;
    return this.#samples.every((subject) =>
      isClosed(outcomeFor(row, subject, this.#direction === "ingress" ? peer : subject, 0)),
    );
  }
}

/** The namespaces of the subjects. */
function homesOf(subjects: readonly Item[]): ReadonlySet<NamespaceRecord> {
  const homes = new Set<NamespaceRecord>();
  for (const { before, after } of subjects) {
    for (const version of before === after ? [after] : [before, after]) {
      const namespace = version?.cls.namespace ?? null;
      if (namespace !== null) homes.add(namespace);
    }
  }
  return homes;
}

function classesOf({ before, after }: Item): readonly EndpointClass[] {
  if (before === null) return after === null ? [] : [after.cls];
  return after === null || after.cls === before.cls ? [before.cls] : [before.cls, after.cls];
}
