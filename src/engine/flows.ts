import {
  type EndpointClass,
  flowFamilies,
  type NamespaceRecord,
  type PodRecord,
} from "./endpoint-class.ts";
import type { Direction } from "./model.ts";
import type { Peers } from "./peers.ts";
import {
  intersectPorts,
  isEmptyPorts,
  NO_PORTS,
  type PortSet,
  subtractPorts,
  unionPorts,
} from "./port-set.ts";
import { isClosed, type Outcome, outcomeFor, type Row } from "./row.ts";

/** A class at one moment, with the rows it has then. */
export interface Version {
  readonly cls: EndpointClass;
  readonly egress: Row;
  readonly ingress: Row;
}

/** Pods (or addresses) that went through a change together; null: they were, or are, not there. */
export interface Item {
  readonly before: Version | null;
  readonly after: Version | null;
  /** Null for the addresses of an atom. */
  readonly pods: ReadonlySet<PodRecord> | null;
}

/** Each of `from` to each of `to`. */
export interface Rectangle {
  readonly from: readonly Item[];
  readonly to: readonly Item[];
  readonly opened: PortSet;
  readonly closed: PortSet;
  /** What became undecidable, or stopped being so without opening or closing. */
  readonly unsure: PortSet;
}

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

const NOTHING: Outcome = { allowed: NO_PORTS, unknown: NO_PORTS };

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
      if (changes === undefined) this.#found.set(subjects, (changes = new Map()));
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

/** On which ports one class may talk with another: both rows, over all families they share. */
export function pairOutcome(from: Version | null, to: Version | null): Outcome {
  if (from === null || to === null) return NOTHING;
  let allowed = NO_PORTS;
  let possible = NO_PORTS;
  for (const family of flowFamilies(from.cls, to.cls)) {
    const egress = outcomeFor(from.egress, to.cls, to.cls, family);
    const ingress = outcomeFor(to.ingress, from.cls, to.cls, family);
    allowed = unionPorts(allowed, intersectPorts(egress.allowed, ingress.allowed));
    possible = unionPorts(
      possible,
      intersectPorts(
        unionPorts(egress.allowed, egress.unknown),
        unionPorts(ingress.allowed, ingress.unknown),
      ),
    );
  }
  return { allowed, unknown: subtractPorts(possible, allowed) };
}

/** PERF: tells at a glance of most peers' rows that they let none of the subjects through. */
class Gate {
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

/** Parts the subjects by what a peer's row says of them. */
class SubjectSplitter {
  readonly #subjects: readonly Item[];
  readonly #direction: Direction;
  readonly #answers: Answers;
  readonly #byClass = new Map<number, Item[]>();
  /** A subject that no selector knows gets the same answer as all others like it. */
  readonly #hosts: readonly Item[];

  constructor(subjects: readonly Item[], direction: Direction) {
    this.#subjects = subjects;
    this.#direction = direction;
    this.#answers = new Answers(direction);
    this.#hosts = subjects.filter((item) => (item.after ?? item.before)?.cls.host);
    for (const item of subjects) {
      for (const id of new Set([item.before?.cls.id, item.after?.cls.id])) {
        if (id === undefined) continue;
        const known = this.#byClass.get(id);
        if (known === undefined) this.#byClass.set(id, [item]);
        else known.push(item);
      }
    }
  }

  split(peer: Item): Iterable<readonly Item[]> {
    const known = this.#knownTo(peer);
    if (known === null) return this.#parts(this.#subjects, peer).values();
    const stranger = this.#subjects.find((item) => !known.has(item));
    const strangerKey = stranger === undefined ? "" : this.#key(peer, stranger);
    const parts = this.#parts(known, peer);
    if (strangerKey === "") return parts.values();
    // PERF: the very same list where nobody is known, by which callers put like answers together.
    if (known.size === 0) return [this.#subjects];
    const strangers = this.#subjects.filter((item) => !known.has(item));
    parts.set(strangerKey, [...(parts.get(strangerKey) ?? []), ...strangers]);
    return parts.values();
  }

  #parts(items: Iterable<Item>, peer: Item): Map<string, Item[]> {
    const parts = Map.groupBy(items, (item) => this.#key(peer, item));
    parts.delete("");
    return parts;
  }

  #key(peer: Item, subject: Item): string {
    const { before, after } = this.#answers.about(peer, subject);
    return before === "" && after === "" ? "" : `${before}>${after}`;
  }

  /** PERF: the subjects that the peer's selectors may know, if that is fewer than all; else null. */
  #knownTo(peer: Item): ReadonlySet<Item> | null {
    const rows = new Set([peer.before?.[this.#direction], peer.after?.[this.#direction]]);
    const selectors = [...rows].flatMap((row) => row?.selectors ?? []);
    const size = selectors.reduce((sum, { members, maybe }) => sum + members.size + maybe.size, 0);
    if (size >= this.#subjects.length) return null;
    const known = new Set<Item>(this.#hosts);
    for (const { members, maybe } of selectors) {
      for (const ids of [members, maybe]) {
        for (const id of ids) for (const item of this.#byClass.get(id) ?? []) known.add(item);
      }
    }
    return known;
  }
}

/** Numbers the distinct answers of one end, so that they can be compared and grouped. */
class Answers {
  readonly #direction: Direction;
  readonly #ids = new Map<Outcome, number>();

  constructor(direction: Direction) {
    this.#direction = direction;
  }

  /** What `subject`'s row says of `peer`, as text; empty where nothing gets through. */
  about(subject: Item, peer: Item): { readonly before: string; readonly after: string } {
    const after = this.#at(subject.after, peer.after);
    const same = subject.before === subject.after && peer.before === peer.after;
    return { before: same ? after : this.#at(subject.before, peer.before), after };
  }

  #at(subject: Version | null, peer: Version | null): string {
    if (subject === null || peer === null) return "";
    const destination = this.#direction === "egress" ? peer.cls : subject.cls;
    let key = "";
    for (const family of flowFamilies(subject.cls, peer.cls)) {
      const outcome = outcomeFor(subject[this.#direction], peer.cls, destination, family);
      if (isClosed(outcome)) continue;
      key += `${family}:${this.#id(outcome)};`;
    }
    return key;
  }

  #id(outcome: Outcome): number {
    const known = this.#ids.get(outcome);
    if (known !== undefined) return known;
    const id = this.#ids.size;
    this.#ids.set(outcome, id);
    return id;
  }
}

/** The rows of an end: all that answers depend on, beside how selectors match its class. */
function endKey(item: Item, direction: Direction): string {
  const { before, after } = item;
  const moved = isMoved(item) ? "m" : "";
  if (before === after) return `${before?.[direction].id}`;
  return `${moved}${before?.[direction].id}>${after?.[direction].id}`;
}

/** In another class than before, so that selectors may see it otherwise. */
export function isMoved({ before, after }: Item): boolean {
  return before?.cls !== after?.cls;
}

function opposite(direction: Direction): Direction {
  return direction === "egress" ? "ingress" : "egress";
}

/** A pod alone is no way from anybody to anybody. */
function isOnePod(from: readonly Item[], to: readonly Item[]): boolean {
  const [x] = from;
  return x?.pods?.size === 1 && from.length === 1 && to.length === 1 && to[0] === x;
}
