import { flowFamilies } from "./endpoint-class.ts";
import type { Item, Version } from "./item.ts";
import type { Direction } from "./model.ts";
import { isClosed, type Outcome } from "./outcome.ts";
import { isEmptyPorts } from "./port-set.ts";
import { outcomeFor } from "./row.ts";

/** Numbers the distinct answers of one end, so that they can be compared and grouped. */
export class Answers {
  readonly #direction: Direction;
  readonly #ids = new Map<string, number>();

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

  #id({ allowed, unknown }: Outcome): number {
    // PERF: mostly all is known, and the text is there already.
    const text = isEmptyPorts(unknown) ? allowed.key : `${allowed.key}?${unknown.key}`;
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const id = this.#ids.size;
    this.#ids.set(text, id);
    return id;
  }
}
