import type { Certainty } from "./dataplane.ts";
import type { EndpointClass } from "./endpoint-class.ts";
import type { Direction } from "./model.ts";
import { createRow, type Row, tiersOf } from "./row.ts";

/** The distinct rows in use, and which classes have them. Rows are made when first asked for. */
export class RowIndex {
  readonly #rows: Readonly<Record<Direction, Map<string, Row>>> = {
    ingress: new Map(),
    egress: new Map(),
  };
  /** Classes whose rows are not known to be current. */
  readonly #stale = new Set<EndpointClass>();
  readonly #sctp: Certainty;
  #held: Set<Row> | null = null;
  #nextId = 0;

  constructor(sctp: Certainty) {
    this.#sctp = sctp;
  }

  /** The policies that select `cls` have changed. */
  invalidate(cls: EndpointClass): void {
    this.#forget(cls, "ingress");
    this.#forget(cls, "egress");
    this.#stale.add(cls);
  }

  removed(cls: EndpointClass): void {
    this.#forget(cls, "ingress");
    this.#forget(cls, "egress");
    this.#stale.delete(cls);
  }

  rowOf(cls: EndpointClass, direction: Direction): Row {
    return cls[direction] ?? this.#assign(cls, direction);
  }

  /** All rows of a direction, with every class among the members of its row. */
  all(direction: Direction): Iterable<Row> {
    this.settle();
    return this.#rows[direction].values();
  }

  /** Make the rows of every class current. */
  settle(): void {
    for (const cls of this.#stale) {
      this.rowOf(cls, "ingress");
      this.rowOf(cls, "egress");
    }
    this.#stale.clear();
  }

  /** Keep rows without members until `letGo`. PERF: a preview would else throw their answers away. */
  hold(): void {
    this.#held = new Set();
  }

  letGo(): void {
    const held = this.#held ?? new Set();
    this.#held = null;
    for (const row of held) this.#dropIfUnused(row);
  }

  #assign(cls: EndpointClass, direction: Direction): Row {
    const rules = tiersOf(cls, direction);
    const rows = this.#rows[direction];
    let row = rows.get(rules.content);
    if (row === undefined) {
      row = createRow(this.#nextId++, rules, direction, this.#sctp);
      rows.set(rules.content, row);
    }
    row.members.add(cls);
    cls[direction] = row;
    return row;
  }

  #forget(cls: EndpointClass, direction: Direction): void {
    const row = cls[direction];
    if (row === null) return;
    cls[direction] = null;
    row.members.delete(cls);
    this.#dropIfUnused(row);
  }

  #dropIfUnused(row: Row): void {
    if (row.members.size > 0) return;
    if (this.#held === null) this.#rows[row.direction].delete(row.content);
    else this.#held.add(row);
  }
}
