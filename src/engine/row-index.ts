import type { Certainty } from "./dataplane.ts";
import type { EndpointClass } from "./endpoint-class.ts";
import type { GlanceTable } from "./glance-table.ts";
import { Ids } from "./ids.ts";
import { DIRECTIONS, type Direction } from "./model.ts";
import { createRow, type Row } from "./row.ts";
import { selectingPolicies, tiersOf } from "./tiers.ts";

/** The distinct rows in use, and which classes have them. Rows are made when first asked for. */
export class RowIndex {
  readonly #rows: Readonly<Record<Direction, Map<string, Row>>> = {
    ingress: new Map(),
    egress: new Map(),
  };
  /** How many of the rows name ports. */
  readonly #naming: Record<Direction, number> = { ingress: 0, egress: 0 };
  /** Classes whose rows are not known to be current. */
  readonly #stale = new Set<EndpointClass>();
  readonly #sctp: Certainty;
  /** While a preview lasts, rows without members are kept: they still stand for the state before. */
  #held: Row[] | null = null;
  #holds = 0;
  readonly #ids = new Ids();
  readonly #glance: GlanceTable;

  constructor(sctp: Certainty, glance: GlanceTable) {
    this.#sctp = sctp;
    this.#glance = glance;
  }

  /** Forget the rows of `cls`, in one direction or in both, because something that they depend on has changed. */
  invalidate(cls: EndpointClass, only?: Direction): void {
    for (const direction of only === undefined ? DIRECTIONS : [only]) this.#forget(cls, direction);
    this.#stale.add(cls);
  }

  /** Give a class back rows that it had since `hold`, now that its policies are the same again. */
  restore(cls: EndpointClass, rows: Readonly<Record<Direction, Row>>): void {
    for (const direction of DIRECTIONS) {
      const row = rows[direction];
      if (cls[direction] === row) continue;
      this.#forget(cls, direction);
      this.#give(cls, direction, row);
    }
    this.#stale.delete(cls);
  }

  removed(cls: EndpointClass): void {
    for (const direction of DIRECTIONS) this.#forget(cls, direction);
    this.#stale.delete(cls);
  }

  rowOf(cls: EndpointClass, direction: Direction): Row {
    return (direction === "egress" ? cls.egress : cls.ingress) ?? this.#assign(cls, direction);
  }

  /** Report whether a row of that direction names ports, so that answers depend on the destination's. */
  nameSome(direction: Direction): boolean {
    return this.#naming[direction] > 0;
  }

  /** How many rows of a direction there are. */
  count(direction: Direction): number {
    return this.#rows[direction].size;
  }

  /** The rows of a direction; every class is a member of one. */
  current(direction: Direction): Iterable<Row> {
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

  /** Keep rows without members until `letGo`; each hold needs one of its own. */
  hold(): void {
    this.#holds++;
    this.#held ??= [];
  }

  letGo(): void {
    this.#holds--;
    if (this.#holds > 0) return;
    const held = this.#held ?? [];
    this.#held = null;
    for (const row of held) this.#dropIfUnused(row);
  }

  #assign(cls: EndpointClass, direction: Direction): Row {
    const rules = tiersOf(selectingPolicies(cls), direction);
    // PERF: nearly all rows name no ports, and are then shared by pods whatever their ports.
    const ports = direction === "ingress" && rules.usesNames ? cls.portsKey : "";
    const key = `${kindOf(cls)}${ports} ${rules.content}`;
    const rows = this.#rows[direction];
    let row = rows.get(key);
    if (row === undefined) {
      const id = this.#ids.take();
      row = createRow({ id, key, direction, sctp: this.#sctp }, rules);
      rows.set(key, row);
      this.#glance.addRow(row);
      if (row.usesNames) this.#naming[direction]++;
    }
    this.#give(cls, direction, row);
    return row;
  }

  #give(cls: EndpointClass, direction: Direction, row: Row): void {
    row.members.add(cls);
    cls[direction] = row;
    this.#glance.setRow(cls, direction, row);
  }

  #forget(cls: EndpointClass, direction: Direction): void {
    const row = cls[direction];
    if (row === null) return;
    cls[direction] = null;
    this.#glance.setRow(cls, direction, null);
    cls.unchanged = null;
    row.members.delete(cls);
    this.#dropIfUnused(row);
  }

  #dropIfUnused(row: Row): void {
    if (row.members.size > 0) return;
    if (this.#held !== null) this.#held.push(row);
    else if (this.#rows[row.direction].delete(row.key)) {
      this.#ids.giveBack(row.id);
      if (row.usesNames) this.#naming[row.direction]--;
    }
  }
}

/** What, beside the selectors that match it, the answers about a class depend on. */
function kindOf({ kind, host, families }: EndpointClass): string {
  return `${kind}${host ? "h" : ""}${families.join("")}`;
}
