import type { EndpointClass, NamespaceRecord } from "./endpoint-class.ts";
import type { Item } from "./item.ts";
import type { Direction } from "./model.ts";
import { isClosed, outcomeFor, type Row } from "./row.ts";

/** PERF: tells at a glance of most peers' rows that they let none of the subjects through. */
export class Gate {
  readonly #direction: Direction;
  readonly #subject: EndpointClass | undefined;
  /** The namespaces of the subjects; null where they cannot all be told by one. */
  readonly #homes: ReadonlySet<NamespaceRecord> | null;
  readonly #shut = new Map<Row, boolean>();

  constructor(subjects: readonly Item[], direction: Direction) {
    this.#direction = direction;
    const classes = subjects.flatMap(({ before, after }) =>
      [before?.cls ?? [], after?.cls ?? []].flat(),
    );
    this.#subject = classes[0];
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
    const subject = this.#subject;
    if (row.free || homes === null || subject === undefined) return false;
    if (!row.soles.every((sole) => sole !== null && !homes.has(sole))) return false;
    return isClosed(outcomeFor(row, subject, this.#direction === "ingress" ? peer : subject, 0));
  }
}
