import type { Certainty } from "./dataplane.ts";
import type { EndpointClass } from "./endpoint-class.ts";
import type { Direction } from "./model.ts";
import { createRow, type Row } from "./row.ts";
import { selectingPolicies, tiersOf } from "./tiers.ts";

/** The distinct rows in use, and which classes have them. Rows are made when first asked for. */
export class RowIndex {
  readonly #rows: Readonly<Record<Direction, Map<string, Row>>> = {
    ingress: new Map(),
    egress: new Map(),
  };
  /** Classes whose rows are not known to be current. */
  readonly #stale = new Set<EndpointClass>();
  readonly #sctp: Certainty;
  /** While a preview lasts, rows without members stay, as they still tell of before. */
  #held: Set<Row> | null = null;
  #holds = 0;
  #nextId = 0;

  constructor(sctp: Certainty) {
    this.#sctp = sctp;
  }

  /** Something that the rows of `cls` depend on has changed. */
  invalidate(cls: EndpointClass): void {
    this.#forget(cls);
    this.#stale.add(cls);
  }

  /** Give a class the rows it had before; they must be what its policies say again. */
  restore(cls: EndpointClass, rows: { readonly egress: Row; readonly ingress: Row }): void {
    this.#forget(cls);
    this.#stale.delete(cls);
    cls.egress = rows.egress;
    cls.ingress = rows.ingress;
    for (const row of [rows.egress, rows.ingress]) {
      row.members.add(cls);
      this.#rows[row.direction].set(row.key, row);
    }
  }

  removed(cls: EndpointClass): void {
    this.#forget(cls);
    this.#stale.delete(cls);
  }

  rowOf(cls: EndpointClass, direction: Direction): Row {
    return (direction === "egress" ? cls.egress : cls.ingress) ?? this.#assign(cls, direction);
  }

  /** The classes of each row of a direction; every class is in one of the sets. */
  *memberSets(direction: Direction): Iterable<ReadonlySet<EndpointClass>> {
    this.settle();
    for (const { members } of this.#rows[direction].values()) yield members;
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
    this.#held ??= new Set();
  }

  letGo(): void {
    this.#holds--;
    if (this.#holds > 0) return;
    const held = this.#held ?? new Set();
    this.#held = null;
    for (const row of held) this.#dropIfUnused(row);
  }

  #assign(cls: EndpointClass, direction: Direction): Row {
    const rules = tiersOf(selectingPolicies(cls), direction);
    const key = `${kindOf(cls, direction)} ${rules.content}`;
    const rows = this.#rows[direction];
    let row = rows.get(key);
    if (row === undefined) {
      row = createRow({ id: this.#nextId++, key, direction, sctp: this.#sctp }, rules);
      rows.set(key, row);
    }
    row.members.add(cls);
    cls[direction] = row;
    return row;
  }

  #forget(cls: EndpointClass): void {
    for (const row of [cls.egress, cls.ingress]) {
      if (row === null) continue;
      row.members.delete(cls);
      this.#dropIfUnused(row);
    }
    cls.egress = null;
    cls.ingress = null;
  }

  #dropIfUnused(row: Row): void {
    if (row.members.size > 0) return;
    if (this.#held === null) this.#rows[row.direction].delete(row.key);
    else this.#held.add(row);
  }
}

/** What answers about a class depend on beside the selectors that match it. */
function kindOf({ kind, host, atoms, portsKey }: EndpointClass, direction: Direction): string {
  // Only a destination's named ports matter.
  const ports = direction === "ingress" ? portsKey : "";
  return `${kind}${host ? "h" : ""}${atoms.map(({ family }) => family).join("")}${ports}`;
}
