import { Answers } from "./answers.ts";
import type { EndpointClass } from "./endpoint-class.ts";
import type { Item } from "./item.ts";
import type { Direction } from "./model.ts";

/**
 * Splits the subjects by what a peer's row says of them. They have one row, so that all of them are on a node's
 * network or none: those that no selector of the peer's matches are alike.
 */
export class SubjectSplitter {
  readonly #subjects: readonly Item[];
  readonly #direction: Direction;
  /** Whether subjects that the row lets nothing through to are part of the answer. */
  readonly #denied: boolean;
  readonly #answers: Answers;
  readonly #byClass = new Map<EndpointClass, Item[]>();

  constructor(subjects: readonly Item[], direction: Direction, denied: boolean) {
    this.#subjects = subjects;
    this.#direction = direction;
    this.#denied = denied;
    this.#answers = new Answers(direction);
    for (const item of subjects) {
      for (const cls of new Set([item.before?.cls, item.after?.cls])) {
        if (cls === undefined) continue;
        const known = this.#byClass.get(cls);
        if (known === undefined) this.#byClass.set(cls, [item]);
        else known.push(item);
      }
    }
  }

  split(peer: Item): Iterable<readonly Item[]> {
    const known = this.#knownTo(peer);
    if (known === null) return this.#parts(this.#subjects, peer).values();
    const stranger = this.#subjects.find((item) => !known.has(item));
    const strangerKey = stranger === undefined ? null : this.#key(peer, stranger);
    const parts = this.#parts(known, peer);
    if (strangerKey === null || (strangerKey === "" && !this.#denied)) return parts.values();
    // PERF: the very same list if no subject is known, so that callers recognise it.
    if (known.size === 0) return [this.#subjects];
    const strangers = this.#subjects.filter((item) => !known.has(item));
    parts.set(strangerKey, [...(parts.get(strangerKey) ?? []), ...strangers]);
    return parts.values();
  }

  #parts(items: Iterable<Item>, peer: Item): Map<string, Item[]> {
    const parts = Map.groupBy(items, (item) => this.#key(peer, item));
    if (!this.#denied) parts.delete("");
    return parts;
  }

  #key(peer: Item, subject: Item): string {
    const { before, after } = this.#answers.about(peer, subject);
    return before === "" && after === "" ? "" : `${before}>${after}`;
  }

  /** PERF: the subjects that the peer's selectors may match, if that is fewer than all; else null. */
  #knownTo(peer: Item): ReadonlySet<Item> | null {
    const rows = new Set([peer.before?.[this.#direction], peer.after?.[this.#direction]]);
    const selectors = [...rows].flatMap((row) => row?.selectors ?? []);
    const size = selectors.reduce((sum, { members, maybe }) => sum + members.size + maybe.size, 0);
    if (size >= this.#subjects.length) return null;
    const known = new Set<Item>();
    for (const { members, maybe } of selectors) {
      for (const classes of [members, maybe]) {
        for (const cls of classes) for (const item of this.#byClass.get(cls) ?? []) known.add(item);
      }
    }
    return known;
  }
}
