import type { EndpointClass, NamespaceRecord } from "./endpoint-class.ts";
import type { Item } from "./item.ts";
import type { Direction } from "./model.ts";
import { isClosed, outcomeFor, type Row } from "./row.ts";

/** PERF: tells at a glance of most peers' rows that they let none of the subjects through. */
export class Gate {
  readonly #direction: Direction;
  /** The first subject's class before and after: all the others have the same ports to resolve names by. */
  readonly #samples: readonly EndpointClass[];
  /** The namespaces of the subjects; null where they cannot all be told by one. */
  readonly #homes: ReadonlySet<NamespaceRecord> | null;
  readonly #shut = new Map<Row, boolean>();

  constructor(subjects: readonly Item[], direction: Direction) {
    this.#direction = direction;
    const classes = subjects.flatMap(classesOf);
    this.#samples = subjects.slice(0, 1).flatMap(classesOf);
    const homes = new Set(classes.flatMap(({ namespace }) => namespace ?? []));
    this.#homes = classes.some(({ host }) => host) ? null : homes;
  }

  /** Report whether `row`, of a class like `peer` that did not change, is surely closed to all. */
  isShut(row: Row, peer: EndpointClass): boolean {
    let shut = this.#shut.get(row);
    if (shut === undefined) {
      shut = this.#decide(row, peer);
      this.#shut.set(row, shut);
    }
    return shut;
  }

  #decide(row: Row, peer: EndpointClass): boolean {
    const homes = this.#homes;
    if (row.free || homes === null) return false;
    if (!row.soles.every((sole) => sole !== null && !homes.has(sole))) return false;
    return this.#samples.every((subject) =>
      isClosed(outcomeFor(row, subject, this.#direction === "ingress" ? peer : subject, 0)),
    );
  }
}

function classesOf({ before, after }: Item): readonly EndpointClass[] {
  return [before, after].flatMap((version) => version?.cls ?? []);
}
