import { Answers } from "./answers.ts";
import type { EndpointClass } from "./endpoint-class.ts";
import { Gate } from "./gate.ts";
import { endKey, type Item, isMoved, pairOutcome, type Rectangle } from "./item.ts";
import type { Direction } from "./model.ts";
import type { Peers } from "./peers.ts";
import { isEmptyPorts, subtractPorts, unionPorts } from "./port-set.ts";
import type { Row } from "./row.ts";
import { SubjectSplitter } from "./subject-splitter.ts";

/** Where a sweep looks: from the subjects of this direction to all their peers. */
export interface Sweep {
  readonly direction: Direction;
  readonly subjects: readonly Item[];
  /** The peers for which something may have changed for subjects like `sample`. */
  readonly peersOf: (sample: Item) => Peers;
  /** The rows of the peers' own direction, with all classes as members. */
  readonly peerRows: () => Iterable<Row>;
  readonly rowOf: (cls: EndpointClass, direction: Direction) => Row;
  /** Whether some of a class was in another class or row before. */
  readonly changed: (cls: EndpointClass) => boolean;
  /** The peers in a class, less those that another sweep takes care of. */
  readonly itemsOf: (cls: EndpointClass) => readonly Item[];
}

/**
 * Everything that opens or closes between the subjects and their peers. Subjects with the same row are
 * treated as one, so are peers on which both rows agree: the work is in distinct answers, not in pods.
 */
export function sweep(plan: Sweep): readonly Rectangle[] {
  const groups = Map.groupBy(plan.subjects, (item) => endKey(item, plan.direction));
  return [...groups.values()].flatMap((subjects) => new GroupSweep(plan, subjects).rectangles());
}

/** Subjects with the same rows before and after, against all their peers. */
class GroupSweep {
  readonly #plan: Sweep;
  readonly #subjects: readonly Item[];
  readonly #near: Answers;
  readonly #splitter: SubjectSplitter;
  readonly #gate: Gate;
  /** Peers by part of the subjects and what opens and closes between them. */
  readonly #found = new Map<readonly Item[], Map<string, Change & { readonly peers: Item[] }>>();

  constructor(plan: Sweep, subjects: readonly Item[]) {
    this.#plan = plan;
    this.#subjects = subjects;
    this.#near = new Answers(plan.direction);
    this.#splitter = new SubjectSplitter(subjects, opposite(plan.direction));
    this.#gate = new Gate(subjects, opposite(plan.direction));
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
    const { itemsOf, changed } = this.#plan;
    const far = opposite(this.#plan.direction);
    const peers = new Map<string, Item[]>();
    const seen = new Set<Item>();
    for (const cls of known) {
      if (!changed(cls) && this.#gate.isShut(this.#plan.rowOf(cls, far), cls)) continue;
      for (const item of itemsOf(cls)) {
        const key = seen.has(item) ? null : this.#nearKey(sample, item);
        seen.add(item);
        if (key === null) continue;
        const all = `${key} ${endKey(item, far)}`;
        const group = peers.get(all);
        if (group === undefined) peers.set(all, [item]);
        else group.push(item);
      }
    }
    for (const group of peers.values()) this.#meet(group[0], () => group);
  }

  /** All members of a row that no selector of ours knows are alike. */
  #sweepStrangers(sample: Item, known: ReadonlySet<EndpointClass>): void {
    const { peerRows, itemsOf } = this.#plan;
    for (const row of peerRows()) {
      const stranger = firstOutside(row.members, known);
      if (stranger === undefined || this.#gate.isShut(row, stranger)) continue;
      const [peer] = itemsOf(stranger);
      if (peer === undefined || this.#nearKey(sample, peer) === null) continue;
      this.#meet(peer, () => [...row.members.difference(known)].flatMap(itemsOf));
    }
  }

  /** What our row says of a peer; null where it settles that nothing changes. */
  #nearKey(sample: Item, peer: Item): string | null {
    if (sample.pods === null && peer.pods === null) return null;
    const { before, after } = this.#near.about(sample, peer);
    if (before === "" && after === "") return null;
    // The same answer settles it only if the other end will also say the same as before.
    const same = before === after && peer.before === peer.after && !isMoved(sample);
    return same ? null : `${before}>${after}`;
  }

  /** Note what changes between the subjects and peers that are all like `peer`. */
  #meet(peer: Item | undefined, peersLikeIt: () => readonly Item[]): void {
    if (peer === undefined) return;
    for (const subjects of this.#splitter.split(peer)) {
      const change = this.#changeBetween(subjects[0], peer);
      if (change === null) continue;
      const key = `${change.opened.key}|${change.closed.key}|${change.unsure.key}`;
      let changes = this.#found.get(subjects);
      if (changes === undefined) {
        changes = new Map<string, Change & { readonly peers: Item[] }>();
        this.#found.set(subjects, changes);
      }
      const known = changes.get(key);
      if (known === undefined) changes.set(key, { ...change, peers: [...peersLikeIt()] });
      else for (const item of peersLikeIt()) known.peers.push(item);
    }
  }

  #changeBetween(subject: Item | undefined, peer: Item): Change | null {
    if (subject === undefined) return null;
    const [x, y] = this.#plan.direction === "egress" ? [subject, peer] : [peer, subject];
    const before = pairOutcome(x.before, y.before);
    const after = pairOutcome(x.after, y.after);
    const opened = subtractPorts(after.allowed, before.allowed);
    const closed = subtractPorts(before.allowed, after.allowed);
    const doubt = unionPorts(
      subtractPorts(after.unknown, before.unknown),
      subtractPorts(before.unknown, after.unknown),
    );
    const unsure = subtractPorts(doubt, unionPorts(opened, closed));
    const nothing = [opened, closed, unsure].every(isEmptyPorts);
    return nothing ? null : { opened, closed, unsure };
  }
}

type Change = Pick<Rectangle, "opened" | "closed" | "unsure">;

function firstOutside(
  classes: ReadonlySet<EndpointClass>,
  known: ReadonlySet<EndpointClass>,
): EndpointClass | undefined {
  for (const cls of classes) if (!known.has(cls)) return cls;
  return undefined;
}

/** A pod alone is no way from anybody to anybody. */
function isOnePod(from: readonly Item[], to: readonly Item[]): boolean {
  const [x] = from;
  return x?.pods?.size === 1 && from.length === 1 && to.length === 1 && to[0] === x;
}

function opposite(direction: Direction): Direction {
  return direction === "egress" ? "ingress" : "egress";
}
