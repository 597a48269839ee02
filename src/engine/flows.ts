import { type EndpointClass, flowFamilies, type PodRecord } from "./endpoint-class.ts";
import type { Direction } from "./model.ts";
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
  readonly pods: Iterable<PodRecord> | null;
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
  /** The peers for which something may have changed for subjects with these rows. */
  readonly peersOf: (sample: Item) => Iterable<EndpointClass>;
  /** The peers in a class, less those that another sweep takes care of. */
  readonly itemsOf: (cls: EndpointClass) => readonly Item[];
  readonly emit: (rectangle: Rectangle) => void;
}

const NOTHING: Outcome = { allowed: NO_PORTS, unknown: NO_PORTS };

/**
 * Everything that opens or closes between the subjects and their peers. Subjects with the same row are
 * treated as one, so are peers on which both rows agree: the work is in distinct answers, not in pods.
 */
export function sweep(plan: Sweep): void {
  const key = (item: Item): string => endKey(item, plan.direction);
  for (const subjects of Map.groupBy(plan.subjects, key).values()) {
    const [sample] = subjects;
    if (sample !== undefined) sweepGroup(plan, subjects, sample);
  }
}

function sweepGroup(plan: Sweep, subjects: readonly Item[], sample: Item): void {
  const { direction } = plan;
  const near = new Answers(direction);
  const peers = new Map<string, Item[]>();
  const seen = new Set<Item>();
  for (const cls of plan.peersOf(sample)) {
    for (const item of plan.itemsOf(cls)) {
      if (seen.has(item)) continue;
      seen.add(item);
      const answers = near.about(sample, item);
      // The same answer settles it only if the other end will also say the same as before.
      const same =
        answers.before === answers.after && item.before === item.after && !isMoved(sample);
      if (same || (answers.before === "" && answers.after === "")) continue;
      const key = `${answers.before}>${answers.after} ${endKey(item, opposite(direction))}`;
      const group = peers.get(key);
      if (group === undefined) peers.set(key, [item]);
      else group.push(item);
    }
  }
  const splitter = new SubjectSplitter(subjects, opposite(direction));
  for (const items of peers.values()) {
    const [peer] = items;
    if (peer === undefined) continue;
    for (const part of splitter.split(peer)) emitRectangle(plan, part, items);
  }
}

function emitRectangle(plan: Sweep, subjects: readonly Item[], peers: readonly Item[]): void {
  const [subject] = subjects;
  const [peer] = peers;
  if (subject === undefined || peer === undefined) return;
  const from = plan.direction === "egress" ? subjects : peers;
  const to = plan.direction === "egress" ? peers : subjects;
  const [x, y] = plan.direction === "egress" ? [subject, peer] : [peer, subject];
  if (isOnePod(from, to) || (x.pods === null && y.pods === null)) return;
  const before = pairOutcome(x.before, y.before);
  const after = pairOutcome(x.after, y.after);
  const opened = subtractPorts(after.allowed, before.allowed);
  const closed = subtractPorts(before.allowed, after.allowed);
  const doubt = unionPorts(
    subtractPorts(after.unknown, before.unknown),
    subtractPorts(before.unknown, after.unknown),
  );
  const unsure = subtractPorts(doubt, unionPorts(opened, closed));
  if ([opened, closed, unsure].every(isEmptyPorts)) return;
  plan.emit({ from, to, opened, closed, unsure });
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
    const parts = Map.groupBy(known ?? this.#subjects, (item) => this.#key(peer, item));
    parts.delete("");
    if (known === null) return parts.values();
    const stranger = this.#subjects.find((item) => !known.has(item));
    const key = stranger === undefined ? "" : this.#key(peer, stranger);
    if (key === "") return parts.values();
    const strangers = this.#subjects.filter((item) => !known.has(item));
    parts.set(key, [...(parts.get(key) ?? []), ...strangers]);
    return parts.values();
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

/** All that an answer about an end depends on, beside how selectors match its class. */
function endKey({ before, after, pods }: Item, direction: Direction): string {
  const part = (version: Version | null): string =>
    version === null
      ? "-"
      : `${version[direction].id}/${version.cls.atoms.map(({ family }) => family).join()}/${version.cls.portsKey}`;
  const kind = pods === null ? "a" : isMoved({ before, after, pods }) ? "m" : "p";
  return `${kind}${part(before)}>${before === after ? "=" : part(after)}`;
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
  if (x === undefined || x.pods === null || from.length > 1 || to.length > 1 || to[0] !== x) {
    return false;
  }
  const [, second] = x.pods;
  return second === undefined;
}
