import { Answers } from "./answers.ts";
import type { ClusterIndex } from "./cluster-index.ts";
import { type CrowdPart, Crowds, type Gathering } from "./crowds.ts";
import type { Effort } from "./effort.ts";
import type { EndpointClass } from "./endpoint-class.ts";
import { Gate } from "./gate.ts";
import { classOf, endKey, type Item, isMoved, type Rectangle } from "./item.ts";
import { itemKind, type Lens, type PairChange } from "./lens.ts";
import { type Direction, opposite } from "./model.ts";
import { arePortsAsked, type ClassSet, classSets, type Peers } from "./peers.ts";
import type { Row } from "./row.ts";
import { SubjectSplitter } from "./subject-splitter.ts";

/** What a sweep goes through: the flows between the subjects and all their peers, in this direction. */
export interface Sweep {
  readonly index: ClusterIndex;
  readonly direction: Direction;
  readonly subjects: readonly Item[];
  /** The peers for which something may have changed for subjects like `sample`. */
  readonly peersOf: (sample: Item) => Peers;
  /** Whether some of a class was in another class or row before. */
  readonly changed: (cls: EndpointClass) => boolean;
  /** The peers in a class, without those that another sweep takes care of. */
  readonly itemsOf: (cls: EndpointClass) => readonly Item[];
  readonly lens: Lens;
  /** Once it is over nothing more is found: what was is not all. */
  readonly effort: Effort;
}

/**
 * Everything that changes between the subjects and their peers, as the lens sees it. Subjects with the same
 * row are treated as one, and so are peers for which both rows give the same answer: the work grows with
 * distinct answers, not with pods.
 */
export function sweep(plan: Sweep): Iterable<Rectangle> {
  const { subjects, direction, lens } = plan;
  const [only, second] = subjects;
  if (only === undefined) return [];
  // PERF: most changes are to the pods of one application.
  if (second === undefined) {
    return new GroupSweep(plan, only, subjects, sharedBy(plan, 1)).rectangles();
  }
  const byPorts = arePortsAsked(plan.index, direction);
  const groups = Map.groupBy(subjects, (item) => {
    const ports = byPorts ? `${item.before?.cls.portsKey}>${item.after?.cls.portsKey}` : "";
    return `${endKey(item, direction)} ${itemKind(lens, item, direction)} ${ports}`;
  });
  return sweepGroups(plan, groups.values(), sharedBy(plan, groups.size));
}

/** What is worked out once for all groups. */
interface Shared {
  readonly strangers: Strangers;
  readonly crowds: Crowds;
}

function sharedBy(plan: Sweep, groups: number): Shared {
  return { strangers: new Strangers(plan), crowds: new Crowds(plan, groups) };
}

function* sweepGroups(
  plan: Sweep,
  groups: Iterable<readonly Item[]>,
  shared: Shared,
): Iterable<Rectangle> {
  for (const subjects of groups) {
    const [sample] = subjects;
    if (sample !== undefined) {
      yield* new GroupSweep(plan, sample, subjects, shared).rectangles();
    }
  }
}

/** All peers in sets. PERF: worked out once for all groups, and only when a group asks. */
class Strangers {
  readonly #plan: Sweep;
  #sets: readonly PeerSet[] | null = null;

  constructor(plan: Sweep) {
    this.#plan = plan;
  }

  sets(): readonly PeerSet[] {
    const { index, lens, direction } = this.#plan;
    this.#sets ??= classSets(index, lens, opposite(direction)).map((set) => ({
      ...set,
      items: null,
    }));
    return this.#sets;
  }

  /** The peers in a set, less those of classes that are known. */
  itemsOf(set: PeerSet, known: ReadonlySet<EndpointClass>): readonly Item[] {
    if (!set.classes.isDisjointFrom(known)) return this.#list(set, known);
    set.items ??= this.#list(set, known);
    return set.items;
  }

  #list({ classes }: PeerSet, known: ReadonlySet<EndpointClass>): readonly Item[] {
    const items: Item[] = [];
    for (const cls of classes) if (!known.has(cls)) items.push(...this.#plan.itemsOf(cls));
    return items;
  }
}

interface PeerSet extends ClassSet {
  /** All peers in the set, once they have been asked for. */
  items: readonly Item[] | null;
}

/** A rectangle as it grows: peers that are met later and with which the same changes join it. */
interface Found {
  readonly subjects: readonly Item[];
  readonly change: PairChange;
  readonly peers: (readonly Item[])[];
}

/** Subjects with the same rows before and after, against all their peers. */
class GroupSweep {
  readonly #plan: Sweep;
  readonly #strangers: Strangers;
  readonly #crowds: Crowds;
  readonly #far: Direction;
  /** One of the subjects, which stands for all. */
  readonly #sample: Item;
  readonly #subjects: readonly Item[];
  readonly #near: Answers;
  /** Made when first needed: mostly nothing is met. */
  #splitter: SubjectSplitter | null = null;
  readonly #gate: Gate;
  readonly #found: Found[] = [];
  /** Those that concern all subjects, by what changes; made when first needed. */
  #ofAll: Map<string, Found> | null = null;

  constructor(plan: Sweep, sample: Item, subjects: readonly Item[], { strangers, crowds }: Shared) {
    this.#plan = plan;
    this.#strangers = strangers;
    this.#crowds = crowds;
    this.#far = opposite(plan.direction);
    this.#sample = sample;
    this.#subjects = subjects;
    this.#near = new Answers(plan.direction);
    this.#gate = new Gate(subjects, this.#far);
  }

  rectangles(): readonly Rectangle[] {
    if (this.#plan.effort.isUsedUp) return [];
    this.#sweepAll(this.#plan.peersOf(this.#sample));
    const rectangles: Rectangle[] = [];
    for (const { subjects, peers: lists, change } of this.#found) {
      const [only = [], ...others] = lists;
      const peers = others.length === 0 ? only : lists.flat();
      const [from, to] = this.#plan.direction === "egress" ? [subjects, peers] : [peers, subjects];
      const { opened, closed, unsure } = change;
      if (!isOnePod(from, to)) rectangles.push({ from, to, opened, closed, unsure });
    }
    return rectangles;
  }

  #sweepAll(peers: Peers): void {
    const gathering = this.#crowds.of(this.#sample, peers);
    if (gathering !== null) {
      this.#sweepKnown([gathering.single]);
      this.#sweepCrowds(gathering);
    } else if (peers.strangers) {
      const acquainted = new Set<EndpointClass>();
      for (const classes of peers.known) for (const cls of classes) acquainted.add(cls);
      this.#sweepKnown([acquainted]);
      this.#sweepStrangers(acquainted);
    } else this.#sweepKnown(peers.known);
  }

  /** One by one, grouped by what the rows of both ends say. */
  #sweepKnown(known: readonly Iterable<EndpointClass>[]): void {
    const { index, itemsOf, changed, lens, effort } = this.#plan;
    const peers = new Map<string, { readonly near: string; readonly items: Item[] }>();
    const seen = new Set<Item>();
    for (const classes of known) {
      for (const cls of classes) {
        if (!changed(cls) && this.#isShut(index.rows.rowOf(cls, this.#far), cls)) continue;
        for (const item of itemsOf(cls)) {
          if (!effort.take(1)) return;
          const near = seen.has(item) ? null : this.#nearKey(item);
          seen.add(item);
          if (near === null) continue;
          // Where our row lets nothing through it does not matter what the other one would say.
          const far = near === NOTHING ? "" : endKey(item, this.#far);
          const all = `${near} ${far} ${itemKind(lens, item, this.#far)}`;
          const group = peers.get(all);
          if (group === undefined) peers.set(all, { near, items: [item] });
          else group.items.push(item);
        }
      }
    }
    for (const { near, items } of peers.values()) this.#meet(near, items[0], () => items);
  }

  /** Set by set: peers of one set that no selector of ours matches are all alike. */
  #sweepStrangers(known: ReadonlySet<EndpointClass>): void {
    const { itemsOf, effort } = this.#plan;
    for (const set of this.#strangers.sets()) {
      if (!effort.take(1)) return;
      const [like] = set.classes;
      if (like === undefined || this.#isShut(set.row, like)) continue;
      const peer = firstItem(set.classes, known, itemsOf);
      const near = peer === undefined ? null : this.#nearKey(peer);
      if (near !== null) this.#meet(near, peer, () => this.#strangers.itemsOf(set, known));
    }
  }

  /** Crowd by crowd, of which our row says the same: who is in one matters only where that lets somebody through. */
  #sweepCrowds({ crowds, single }: Gathering): void {
    for (const { unchanged, changed } of crowds) {
      if (!this.#plan.effort.take(1)) return;
      this.#sweepParts(unchanged, single);
      this.#sweepParts(changed, single);
    }
  }

  #sweepParts(parts: readonly CrowdPart[], single: ReadonlySet<EndpointClass>): void {
    const { effort } = this.#plan;
    let near: string | null | undefined;
    for (const { items, row } of parts) {
      const peer = items.find((item) => !isIn(single, item));
      if (peer === undefined) continue;
      near ??= this.#nearKey(peer);
      if (near === null || !effort.take(1)) return;
      const isSame = peer.before?.[this.#far] === row;
      const cls = classOf(peer);
      if (isSame && cls !== undefined && this.#isShut(row, cls)) continue;
      this.#meet(near, peer, () => {
        effort.take(items.length / LISTED_PER_LOOK);
        return items.filter((item) => !isIn(single, item));
      });
    }
  }

  /** Report whether the row of a class like `peer` lets none of our subjects through. */
  #isShut(row: Row, peer: EndpointClass): boolean {
    return !this.#plan.lens.denied && this.#gate.isShut(row, peer);
  }

  /** What our row says of a peer; null if that alone settles that nothing changes. */
  #nearKey(peer: Item): string | null {
    const sample = this.#sample;
    if (sample.pods === null && peer.pods === null) return null;
    const { before, after } = this.#near.about(sample, peer);
    if (before === "" && after === "" && !this.#plan.lens.denied) return null;
    // The same answer settles it only if the other end will also say the same as before.
    const isFarSame = !isMoved(peer) && peer.before?.[this.#far] === peer.after?.[this.#far];
    return before === after && isFarSame && !isMoved(sample) ? null : `${before}>${after}`;
  }

  /** Note what changes between the subjects and peers that are all like `peer`. */
  #meet(near: string, peer: Item | undefined, peersLikeIt: () => readonly Item[]): void {
    if (peer === undefined) return;
    const { direction, lens, effort } = this.#plan;
    for (const subjects of this.#partsFor(near, peer)) {
      if (!effort.take(LOOKS_PER_RECTANGLE)) return;
      const [subject] = subjects;
      if (subject === undefined) continue;
      const change =
        direction === "egress"
          ? lens.changeBetween(subject, peer)
          : lens.changeBetween(peer, subject);
      if (change !== null) this.#note(subjects, change, peersLikeIt());
    }
  }

  /** The subjects, parted by what the peer's row says of them. */
  #partsFor(near: string, peer: Item): Iterable<readonly Item[]> {
    if (near === NOTHING || this.#subjects.length === 1) return [this.#subjects];
    this.#plan.effort.take(this.#subjects.length / SUBJECTS_PER_LOOK);
    this.#splitter ??= new SubjectSplitter(this.#subjects, this.#far, this.#plan.lens.denied);
    return this.#splitter.split(peer);
  }

  #note(subjects: readonly Item[], change: PairChange, peers: readonly Item[]): void {
    const { opened, closed, unsure } = change;
    const key = `${opened.key}|${closed.key}|${unsure.key}`;
    const known = subjects === this.#subjects ? this.#ofAll?.get(key) : undefined;
    if (known !== undefined) {
      known.peers.push(peers);
      return;
    }
    const found = { subjects, change, peers: [peers] };
    this.#found.push(found);
    if (subjects !== this.#subjects) return;
    this.#ofAll ??= new Map();
    this.#ofAll.set(key, found);
  }
}

/** Most subjects are those that no selector of the peer's matches. */
const SUBJECTS_PER_LOOK = 8;

/** Peers that something changes with are listed and counted, for each of many subjects. */
const LISTED_PER_LOOK = 4;

/** A rectangle is worked out and its ends are named, which takes as long as to look at so many peers. */
const LOOKS_PER_RECTANGLE = 30;

/** The answers of a row that lets nothing through, neither before nor after. */
const NOTHING = ">";

/** A class may have nobody in it just now. */
function firstItem(
  classes: ReadonlySet<EndpointClass>,
  known: ReadonlySet<EndpointClass>,
  itemsOf: (cls: EndpointClass) => readonly Item[],
): Item | undefined {
  for (const cls of classes) {
    const [item] = known.has(cls) ? [] : itemsOf(cls);
    if (item !== undefined) return item;
  }
  return undefined;
}

/** The only flow is that of one pod to itself, which does not count. */
function isOnePod(from: readonly Item[], to: readonly Item[]): boolean {
  const [x] = from;
  return x?.pods?.size === 1 && from.length === 1 && to.length === 1 && to[0] === x;
}

function isIn(classes: ReadonlySet<EndpointClass>, item: Item): boolean {
  const cls = classOf(item);
  return cls !== undefined && classes.has(cls);
}
