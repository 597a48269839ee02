import { Answers } from "./answers.ts";
import type { EndpointClass } from "./endpoint-class.ts";
import { Gate } from "./gate.ts";
import { endKey, type Item, isMoved, type Rectangle } from "./item.ts";
import { itemKind, type Lens, type PairChange } from "./lens.ts";
import type { Direction } from "./model.ts";
import type { Peers } from "./peers.ts";
import type { Row } from "./row.ts";
import { SubjectSplitter } from "./subject-splitter.ts";

/** Where a sweep looks: from the subjects of this direction to all their peers. */
export interface Sweep {
  readonly direction: Direction;
  readonly subjects: readonly Item[];
  /** The peers for which something may have changed for subjects like `sample`. */
  readonly peersOf: (sample: Item) => Peers;
  /** All classes that peers may be in, put together by their row and by how the lens tells them apart. */
  readonly peerSets: () => Iterable<ReadonlySet<EndpointClass>>;
  readonly rowOf: (cls: EndpointClass, direction: Direction) => Row;
  /** Whether some of a class was in another class or row before. */
  readonly changed: (cls: EndpointClass) => boolean;
  /** The peers in a class, less those that another sweep takes care of. */
  readonly itemsOf: (cls: EndpointClass) => readonly Item[];
  readonly lens: Lens;
}

/**
 * Everything that changes between the subjects and their peers, as the lens sees it. Subjects with the
 * same row are treated as one, so are peers on which both rows agree: the work is in distinct answers,
 * not in pods.
 */
export function* sweep(plan: Sweep): Iterable<Rectangle> {
  const { direction, lens } = plan;
  const groups = Map.groupBy(
    plan.subjects,
    (item) => `${endKey(item, direction)} ${itemKind(lens, item, direction)}`,
  );
  // PERF: worked out once for all groups, and only if there is one that asks.
  let sets: readonly PeerSet[] | null = null;
  const peerSets = (): readonly PeerSet[] => {
    sets ??= Array.from(plan.peerSets(), (classes) => ({ classes, items: null }));
    return sets;
  };
  for (const subjects of groups.values()) {
    yield* new GroupSweep(plan, subjects, peerSets).rectangles();
  }
}

interface PeerSet {
  readonly classes: ReadonlySet<EndpointClass>;
  /** All items of the classes, once they have been asked for. */
  items: readonly Item[] | null;
}

/** Subjects with the same rows before and after, against all their peers. */
class GroupSweep {
  readonly #plan: Sweep;
  readonly #peerSets: () => readonly PeerSet[];
  readonly #far: Direction;
  readonly #subjects: readonly Item[];
  readonly #near: Answers;
  /** Made when first needed: mostly nothing is met. */
  #splitter: SubjectSplitter | null = null;
  readonly #gate: Gate;
  /** Peers by part of the subjects and what opens and closes between them. */
  readonly #found = new Map<
    readonly Item[],
    Map<string, PairChange & { readonly peers: Item[] }>
  >();

  constructor(plan: Sweep, subjects: readonly Item[], peerSets: () => readonly PeerSet[]) {
    this.#plan = plan;
    this.#peerSets = peerSets;
    this.#far = opposite(plan.direction);
    this.#subjects = subjects;
    this.#near = new Answers(plan.direction);
    this.#gate = new Gate(subjects, this.#far);
  }

  rectangles(): readonly Rectangle[] {
    const [sample] = this.#subjects;
    if (sample === undefined) return [];
    const { known, strangers } = this.#plan.peersOf(sample);
    if (strangers) {
      const acquainted = new Set(known);
      this.#sweepKnown(sample, acquainted);
      this.#sweepStrangers(sample, acquainted);
    } else this.#sweepKnown(sample, known);
    const found: Rectangle[] = [];
    for (const [subjects, changes] of this.#found) {
      for (const { peers, opened, closed, unsure } of changes.values()) {
        const [from, to] =
          this.#plan.direction === "egress" ? [subjects, peers] : [peers, subjects];
        if (!isOnePod(from, to)) found.push({ from, to, opened, closed, unsure });
      }
    }
    return found;
  }

  /** One by one, put together by how both ends answer. */
  #sweepKnown(sample: Item, known: Iterable<EndpointClass>): void {
    const { itemsOf, changed, lens } = this.#plan;
    const peers = new Map<string, { readonly near: string; readonly items: Item[] }>();
    const seen = new Set<Item>();
    for (const cls of known) {
      if (!changed(cls) && this.#isShut(cls)) continue;
      for (const item of itemsOf(cls)) {
        const near = seen.has(item) ? null : this.#nearKey(sample, item);
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
    for (const { near, items } of peers.values()) this.#meet(near, items[0], () => items);
  }

  /** All peers in a set that no selector of ours knows are alike. */
  #sweepStrangers(sample: Item, known: ReadonlySet<EndpointClass>): void {
    const { itemsOf } = this.#plan;
    for (const set of this.#peerSets()) {
      const { classes } = set;
      const stranger = firstOutside(classes, known);
      if (stranger === undefined || this.#isShut(stranger)) continue;
      const peer = firstItem(classes, known, itemsOf);
      if (peer === undefined) continue;
      const near = this.#nearKey(sample, peer);
      if (near === null) continue;
      this.#meet(near, peer, () => {
        if (!classes.isDisjointFrom(known)) return [...classes.difference(known)].flatMap(itemsOf);
        set.items ??= [...classes].flatMap(itemsOf);
        return set.items;
      });
    }
  }

  #isShut(cls: EndpointClass): boolean {
    const { lens, rowOf } = this.#plan;
    return !lens.denied && this.#gate.isShut(rowOf(cls, this.#far), cls);
  }

  /** What our row says of a peer; null where it settles that nothing changes. */
  #nearKey(sample: Item, peer: Item): string | null {
    if (sample.pods === null && peer.pods === null) return null;
    const { before, after } = this.#near.about(sample, peer);
    if (before === "" && after === "" && !this.#plan.lens.denied) return null;
    // The same answer settles it only if the other end will also say the same as before.
    const same = before === after && peer.before === peer.after && !isMoved(sample);
    return same ? null : `${before}>${after}`;
  }

  /** Note what changes between the subjects and peers that are all like `peer`. */
  #meet(near: string, peer: Item | undefined, peersLikeIt: () => readonly Item[]): void {
    if (peer === undefined) return;
    const { direction, lens } = this.#plan;
    this.#splitter ??= new SubjectSplitter(this.#subjects, this.#far, lens.denied);
    const parts = near === NOTHING ? [this.#subjects] : this.#splitter.split(peer);
    for (const subjects of parts) {
      const [subject] = subjects;
      if (subject === undefined) continue;
      const change =
        direction === "egress"
          ? lens.changeBetween(subject, peer)
          : lens.changeBetween(peer, subject);
      if (change === null) continue;
      const key = `${change.opened.key}|${change.closed.key}|${change.unsure.key}`;
      let changes = this.#found.get(subjects);
      if (changes === undefined) {
        changes = new Map<string, PairChange & { readonly peers: Item[] }>();
        this.#found.set(subjects, changes);
      }
      const known = changes.get(key);
      if (known === undefined) changes.set(key, { ...change, peers: [...peersLikeIt()] });
      else for (const item of peersLikeIt()) known.peers.push(item);
    }
  }
}

/** The answers of a row that lets nothing through, neither before nor after. */
const NOTHING = ">";

function firstOutside(
  classes: ReadonlySet<EndpointClass>,
  known: ReadonlySet<EndpointClass>,
): EndpointClass | undefined {
  for (const cls of classes) if (!known.has(cls)) return cls;
  return undefined;
}

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

/** A pod alone is no way from anybody to anybody. */
function isOnePod(from: readonly Item[], to: readonly Item[]): boolean {
  const [x] = from;
  return x?.pods?.size === 1 && from.length === 1 && to.length === 1 && to[0] === x;
}

/** The other end's direction. */
export function opposite(direction: Direction): Direction {
  return direction === "egress" ? "ingress" : "egress";
}
