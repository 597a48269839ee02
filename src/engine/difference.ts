import type { ClusterIndex, RowsBefore } from "./cluster-index.ts";
import type { Effort } from "./effort.ts";
import { type EndpointClass, isNode, type PodRecord } from "./endpoint-class.ts";
import { type Sweep, sweep } from "./flows.ts";
import { type Item, isMoved, type Rectangle, type Version } from "./item.ts";
import { changesKind, EVERY_FLOW, isOn, type Lens } from "./lens.ts";
import { type Direction, opposite } from "./model.ts";
import { differingPeers, type Peers, peersWithin } from "./peers.ts";
import { type PortSet, unitePorts } from "./port-set.ts";

/** A pod and where it stands at one moment. */
interface PodVersion {
  readonly record: PodRecord;
  readonly version: Version;
}

/** The classes and rows of these pods now. */
export function versionsOf(
  index: ClusterIndex,
  keys: Iterable<string>,
): ReadonlyMap<string, PodVersion> {
  const versions = new Map<string, PodVersion>();
  for (const key of keys) {
    const record = index.inventory.pod(key);
    if (record !== undefined) versions.set(key, { record, version: versionOf(index, record.cls) });
  }
  return versions;
}

/** A class with the rows it has now. */
export function versionOf(index: ClusterIndex, cls: EndpointClass): Version {
  return {
    cls,
    egress: index.rows.rowOf(cls, "egress"),
    ingress: index.rows.rowOf(cls, "ingress"),
  };
}

/** Pods that came, went, or are in another class now, grouped by their old and new class. */
export function movedItems(
  before: ReadonlyMap<string, PodVersion>,
  after: ReadonlyMap<string, PodVersion>,
): readonly Item[] {
  const items = new Map<string, Item & { readonly pods: Set<PodRecord> }>();
  for (const [key, { record, version }] of new Map([...before, ...after])) {
    const item = {
      before: before.get(key)?.version ?? null,
      after: after.has(key) ? version : null,
    };
    if (item.before?.cls === item.after?.cls) continue;
    const place = `${item.before?.cls.id}>${item.after?.cls.id}`;
    const known = items.get(place);
    if (known === undefined) items.set(place, { ...item, pods: new Set([record]) });
    else known.pods.add(record);
  }
  return [...items.values()];
}

const NOBODY: readonly Item[] = [];
const NO_PODS: ReadonlySet<PodRecord> = new Set();

function unchanged(version: Version, pods: ReadonlySet<PodRecord> | null): readonly Item[] {
  return [{ before: version, after: version, pods }];
}

/**
 * The difference between two moments. The index still knows both. Nothing more is found once the effort for it is used
 * up, whatever is asked.
 */
export class Difference {
  readonly #index: ClusterIndex;
  readonly effort: Effort;
  readonly #movedPods: ReadonlySet<PodRecord>;
  /** Every item that changed, by the classes it was or is in. */
  readonly #byClass = new Map<EndpointClass, Item[]>();
  /** The pods that stay in a class while others move out of it or into it. */
  #parts: Map<EndpointClass, readonly Item[]> | null = null;
  readonly #egress: Item[] = [];
  readonly #ingress: Item[] = [];
  readonly #touched: { [end in Direction]?: ReadonlySet<EndpointClass> } = {};
  #sources: ReadonlySet<EndpointClass> | null = null;
  #touchedPorts: PortSet | null = null;
  #everyFlow: readonly Rectangle[] | null = null;

  constructor(
    index: ClusterIndex,
    moved: readonly Item[],
    journal: ReadonlyMap<EndpointClass, RowsBefore | null>,
    effort: Effort,
  ) {
    this.#index = index;
    this.effort = effort;
    this.#movedPods =
      moved.length === 0 ? NO_PODS : new Set(moved.flatMap(({ pods }) => [...(pods ?? [])]));
    for (const item of moved) this.#note(item);
    for (const [cls, rows] of journal) {
      if (rows === null || isNode(cls) || !index.selectors.partition.classes.has(cls)) continue;
      const after = versionOf(index, cls);
      if (after.egress === rows.egress && after.ingress === rows.ingress) continue;
      const pods = this.#restOf(cls);
      if (pods.size > 0) this.#note({ before: { cls, ...rows }, after, pods });
    }
  }

  /** Report whether pods came, went, or are in another class now. */
  get movesPods(): boolean {
    return this.#movedPods !== NO_PODS;
  }

  /** The items whose outgoing flows (`egress`) or incoming flows may have changed. */
  changedAt(end: Direction): readonly Item[] {
    return end === "egress" ? this.#egress : this.#ingress;
  }

  /** All flows that opened, closed, or became sure or unsure. */
  everyFlow(): readonly Rectangle[] {
    this.#everyFlow ??= [...this.rectangles(EVERY_FLOW)];
    return this.#everyFlow;
  }

  /** The classes at this end of all that opened, closed or became sure or unsure. */
  touched(end: Direction): ReadonlySet<EndpointClass> {
    const known = this.#touched[end];
    if (known !== undefined) return known;
    const classes = new Set<EndpointClass>();
    for (const { from, to } of this.everyFlow()) {
      for (const cls of this.#classesOf(end === "egress" ? from : to)) classes.add(cls);
    }
    this.#touched[end] = classes;
    return classes;
  }

  /** The ports of all that opened, closed or became sure or unsure. */
  touchedPorts(): PortSet {
    this.#touchedPorts ??= unitePorts(
      this.everyFlow().flatMap(({ opened, closed, unsure }) => [opened, closed, unsure]),
    );
    return this.#touchedPorts;
  }

  /** All that changed, as the lens sees it. */
  *rectangles(lens: Lens): Iterable<Rectangle> {
    if (this.#egress.length > 0) {
      const changedTo = new Set(this.#ingress);
      yield* this.#sweep({ direction: "egress", lens }, (cls) => {
        const items = this.#itemsOf(cls);
        return this.#byClass.has(cls) ? items.filter((item) => !changedTo.has(item)) : items;
      });
    }
    yield* this.#sweep({ direction: "ingress", lens }, (cls) => this.#itemsOf(cls));
  }

  #sweep(
    asked: Pick<Sweep, "direction" | "lens">,
    itemsOf: (cls: EndpointClass) => readonly Item[],
  ): Iterable<Rectangle> {
    const { direction, lens } = asked;
    const [here, there] = [lens.sideOf(direction), lens.sideOf(opposite(direction))];
    const changed = this.changedAt(direction);
    const subjects = here === null ? changed : changed.filter((item) => isOn(here, item));
    if (subjects.length === 0) return [];
    return sweep({
      ...asked,
      index: this.#index,
      effort: this.effort,
      subjects,
      peersOf: (sample) => peersWithin(this.#index, this.#peersOf(sample, direction, lens), there),
      changed: (cls) => this.#byClass.has(cls),
      // Nodes are no end that a delta tells of.
      itemsOf: (cls) => (there === null && isNode(cls) ? [] : itemsOf(cls)),
    });
  }

  #note(item: Item): void {
    const { before, after } = item;
    const changes = (direction: Direction): boolean =>
      isMoved(item) || before?.[direction] !== after?.[direction];
    if (changes("egress")) this.#egress.push(item);
    if (changes("ingress")) this.#ingress.push(item);
    if (before !== null) this.#noteAt(before.cls, item);
    if (after !== null && after.cls !== before?.cls) this.#noteAt(after.cls, item);
  }

  #noteAt(cls: EndpointClass, item: Item): void {
    const items = this.#byClass.get(cls);
    if (items === undefined) this.#byClass.set(cls, [item]);
    else items.push(item);
  }

  /** The members of a class that did not move into it just now. */
  #restOf(cls: EndpointClass): ReadonlySet<PodRecord> {
    const moved = this.#movedPods;
    return cls.pods.isDisjointFrom(moved) ? cls.pods : cls.pods.difference(moved);
  }

  #itemsOf(cls: EndpointClass): readonly Item[] {
    const changed = this.#byClass.get(cls);
    if (changed === undefined) return this.#unchangedOf(cls);
    return changed.some((item) => !isMoved(item))
      ? changed
      : [...changed, ...this.#unchangedOf(cls)];
  }

  /** Those of a class that did not change, as one item or none. */
  #unchangedOf(cls: EndpointClass): readonly Item[] {
    if (cls.kind === "address") {
      if (!this.#index.inventory.hasVacancy(cls)) return NOBODY;
    } else if (this.#movedPods !== NO_PODS) {
      const pods = this.#restOf(cls);
      if (pods.size === 0) return NOBODY;
      if (pods !== cls.pods) return this.#partOf(cls, pods);
    }
    const pods = cls.kind === "address" ? null : cls.pods;
    cls.unchanged ??= unchanged(versionOf(this.#index, cls), pods);
    return cls.unchanged;
  }

  /** The same item whenever it is asked for. */
  #partOf(cls: EndpointClass, pods: ReadonlySet<PodRecord>): readonly Item[] {
    this.#parts ??= new Map();
    const items = this.#parts.get(cls) ?? unchanged(versionOf(this.#index, cls), pods);
    this.#parts.set(cls, items);
    return items;
  }

  /** For a moved pod, all peers of its old and its new row; for others, the peers on which the two rows differ. */
  #peersOf(item: Item, direction: Direction, lens: Lens): Peers {
    const before = item.before?.[direction] ?? null;
    const after = item.after?.[direction] ?? null;
    const parts = isMoved(item)
      ? [differingPeers(this.#index, null, before), differingPeers(this.#index, null, after)]
      : [differingPeers(this.#index, before, after)];
    const strangers =
      (lens.denied && changesKind(lens, item, direction)) || parts.some((part) => part.strangers);
    const known = parts.flatMap((part) => part.known);
    // Where both ends changed, the rows of one end do not tell the whole: the ingress sweep takes all flows
    // between such items. At the other end, those that are left are as they were before.
    const others = direction === "ingress" ? this.#egress : [];
    if (others.length > 0) known.push(this.#changedFrom());
    return {
      known,
      size: parts.reduce((sum, { size }) => sum + size, 2 * others.length),
      strangers,
      hosts: parts.some((part) => part.hosts),
    };
  }

  /** The classes whose outgoing flows may have changed. */
  #changedFrom(): ReadonlySet<EndpointClass> {
    this.#sources ??= new Set(this.#classesOf(this.#egress));
    return this.#sources;
  }

  *#classesOf(items: readonly Item[]): Iterable<EndpointClass> {
    for (const { before, after } of items) {
      if (before !== null) yield before.cls;
      if (after !== null) yield after.cls;
    }
  }
}
