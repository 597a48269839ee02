import type { ClusterIndex } from "./cluster-index.ts";
import type { Effort } from "./effort.ts";
import type { EndpointClass } from "./endpoint-class.ts";
import { endKey, type Item, isMoved } from "./item.ts";
import { itemKind, type Lens } from "./lens.ts";
import { type Direction, opposite } from "./model.ts";
import type { Peers } from "./peers.ts";
import type { Row } from "./row.ts";

/** Peers of which the rows of some subjects say the same, in parts: those whose own rows are as they were, and others. */
interface Crowd {
  readonly unchanged: readonly CrowdPart[];
  readonly changed: readonly CrowdPart[];
}

/** Those of a crowd that have this row at their end, now and before. */
export interface CrowdPart {
  readonly row: Row | null;
  readonly items: readonly Item[];
}

/** The peers of subjects: in crowds, but for those classes that are to be looked at one by one. */
export interface Gathering {
  readonly crowds: readonly Crowd[];
  readonly single: ReadonlySet<EndpointClass>;
}

/** Of a `Sweep`, what says who the peers are. */
interface Plan {
  readonly index: ClusterIndex;
  /** The subjects'. */
  readonly direction: Direction;
  readonly lens: Lens;
  readonly itemsOf: (cls: EndpointClass) => readonly Item[];
  readonly effort: Effort;
}

/** The classes that a selector matches, surely or perhaps. */
type Side = ReadonlySet<EndpointClass>;

/** Up to so many classes are looked at one by one. */
const FEW = 16;

/** To gather peers takes so much longer than to look at each of them once. */
const LOOKS_PER_GATHERED = 3;

/** So many groups of subjects, on the average, must have their peers in common. */
const GROUPS_PER_GATHERING = 4;

/** A selector that matches more than this part of the peers is wide. */
const WIDE_PART = 32;

/**
 * PERF: a policy about everybody concerns thousands of subjects with rows of their own, and each of them thousands of
 * peers. But nearly all that a row says is of the few that its narrow selectors match: of the others it says the same
 * where its wide ones match them alike. Who that is, is worked out once for all subjects with the same wide selectors.
 */
export class Crowds {
  readonly #plan: Plan;
  /** How many groups of subjects there are. */
  readonly #groups: number;
  #served = 0;
  readonly #ids = new Map<Side, number>();
  readonly #gathered = new Map<string, Gathering>();

  constructor(plan: Plan, groups: number) {
    this.#plan = plan;
    this.#groups = groups;
  }

  /** The peers of subjects like this one; null where it is as well to look at them one by one. */
  of({ before, after }: Item, peers: Peers): Gathering | null {
    const { index, direction } = this.#plan;
    const { classes } = index.selectors.partition;
    const { known, strangers } = peers;
    const most = strangers ? classes.size : peers.size;
    if (before === null || after === null || !this.#isWorthwhile(peers, most)) return null;
    const sides = known.filter(isSide);
    if (sides.length < known.length) return null;
    const told = new Set([...sides, ...sidesOf(before[direction]), ...sidesOf(after[direction])]);
    const isWide = (side: Side): boolean => side.size * WIDE_PART > most;
    const narrow = [...told].filter((side) => !isWide(side));
    if (narrow.reduce((sum, side) => sum + side.size, 0) * 2 > most) return null;
    const asked: readonly Side[] = strangers ? [classes] : sides;
    const gathered = this.#gather(asked.filter(isWide), [...told].filter(isWide));
    if (gathered === null) return null;
    this.#served += 1;
    const single = new Set(gathered.single);
    for (const side of narrow) {
      for (const cls of side) if (asked.some((one) => one.has(cls))) single.add(cls);
    }
    return { crowds: gathered.crowds, single };
  }

  /** Report whether to gather that many takes less than to look at each for each of the groups. */
  #isWorthwhile({ size, strangers }: Peers, most: number): boolean {
    const { index, direction } = this.#plan;
    // Strangers are looked at row by row.
    const looks = size + (strangers ? index.rows.count(opposite(direction)) : 0);
    return most > FEW && this.#groups * looks >= most * LOOKS_PER_GATHERED;
  }

  /** The classes in one of `asked`, told apart by which of `wide` they are in; null where others had little use of theirs. */
  #gather(asked: readonly Side[], wide: readonly Side[]): Gathering | null {
    const { itemsOf, lens, effort } = this.#plan;
    const far = opposite(this.#plan.direction);
    const key = [asked, wide]
      .map((sides) => sides.map((side) => this.#idOf(side)).join())
      .join(";");
    const known = this.#gathered.get(key);
    if (known !== undefined) return known;
    if (this.#gathered.size * GROUPS_PER_GATHERING > this.#served) return null;
    const single = new Set<EndpointClass>();
    const crowds = new Map<string, CrowdOf>();
    for (const cls of new Set(asked.flatMap((side) => [...side]))) {
      if (!effort.take(1)) break;
      const items = itemsOf(cls);
      if (items.some(isMoved)) {
        single.add(cls);
        continue;
      }
      const near = `${wide.map((side) => (side.has(cls) ? 1 : 0)).join("")} ${kindOf(cls)}`;
      const crowd = crowds.get(near) ?? new CrowdOf();
      crowds.set(near, crowd);
      for (const item of items) crowd.add(item, far, itemKind(lens, item, far));
    }
    const gathering = { crowds: Array.from(crowds.values(), (crowd) => crowd.parts()), single };
    this.#gathered.set(key, gathering);
    return gathering;
  }

  #idOf(side: Side): number {
    const id = this.#ids.get(side) ?? this.#ids.size;
    this.#ids.set(side, id);
    return id;
  }
}

class CrowdOf {
  readonly #parts = new Map<
    string,
    CrowdPart & { readonly items: Item[]; readonly changed: boolean }
  >();

  add(item: Item, far: Direction, kind: string): void {
    const key = `${endKey(item, far)} ${kind}`;
    const known = this.#parts.get(key);
    if (known !== undefined) {
      known.items.push(item);
      return;
    }
    const row = item.after?.[far] ?? null;
    const changed = item.before?.[far] !== item.after?.[far];
    this.#parts.set(key, { row, items: [item], changed });
  }

  parts(): Crowd {
    const parts = [...this.#parts.values()];
    return {
      unchanged: parts.filter(({ changed }) => !changed),
      changed: parts.filter(({ changed }) => changed),
    };
  }
}

function isSide(classes: Iterable<EndpointClass>): classes is Side {
  return classes instanceof Set;
}

function sidesOf({ selectors }: Row): readonly Side[] {
  return selectors.flatMap(({ members, maybe }) => [members, maybe]);
}

/** What else answers about a class depend on. */
function kindOf({ kind, families, host, portsKey }: EndpointClass): string {
  return `${kind} ${families.join("")} ${host ? "h" : ""} ${portsKey}`;
}
