import type { EndpointClass } from "./endpoint-class.ts";
import { Ids } from "./ids.ts";
import { DIRECTIONS, type Direction } from "./model.ts";
import { isClosed } from "./outcome.ts";
import type { Verdict } from "./query.ts";
import type { Row } from "./row.ts";

/** What is noted of a row. UNTOLD: nothing that helps; FREE: it lets everybody through. */
const UNTOLD = 0;
const FREE = 1;
/** It lets nobody through but pods of the namespaces that are noted. */
const SHUT = 2;

const NONE = -1;

// Four numbers for each class or row, one after another, so that they are loaded together.
const WIDTH = 4;
const [FAMILY, NAMESPACE, EGRESS, INGRESS] = [0, 1, 2, 3] as const;
const SAID = 0;
/** Most rows name fewer namespaces. */
const NAMED = [1, 2, 3] as const;

/**
 * PERF: gives the verdict for most pairs of pods, whatever the port, from a few arrays of numbers. These
 * stay in a processor's cache; the objects of a large cluster do not, and waiting for them is most of what
 * a verdict costs (`bench -- engine`). The owners of pods, classes and rows keep it up to date.
 */
export class GlanceTable {
  /** The class of each pod, by the pod's slot. */
  readonly #classOf = new Numbers();
  readonly #classes = new Numbers();
  readonly #rows = new Numbers();
  readonly #slots = new Ids();

  /** A slot for a pod of that class. */
  enter(cls: EndpointClass): number {
    const slot = this.#slots.take();
    this.move(slot, cls);
    return slot;
  }

  move(slot: number, cls: EndpointClass): void {
    this.#classOf.set(slot, cls.id);
  }

  leave(slot: number): void {
    this.#slots.giveBack(slot);
  }

  /** A class is new; its rows are not known yet. */
  addClass(cls: EndpointClass): void {
    this.#classes.set(cls.id * WIDTH + FAMILY, cls.plain);
    this.#classes.set(cls.id * WIDTH + NAMESPACE, cls.namespace?.id ?? NONE);
    for (const direction of DIRECTIONS) this.setRow(cls, direction, null);
  }

  /** The row that a class has from now on; null: none that is known. */
  setRow({ id }: EndpointClass, direction: Direction, row: Row | null): void {
    this.#classes.set(id * WIDTH + (direction === "egress" ? EGRESS : INGRESS), row?.id ?? NONE);
  }

  /** A row is new: nothing is known of it. */
  addRow({ id }: Row): void {
    this.#rows.set(id * WIDTH + SAID, UNTOLD);
  }

  /** Note what a row has been found to say of strangers. */
  learn({ id, free, stranger, soles }: Row): void {
    if (this.#rows.at(id * WIDTH + SAID) !== UNTOLD) return;
    const isShut = stranger !== null && isClosed(stranger) && !soles.includes(null);
    if (free) this.#rows.set(id * WIDTH + SAID, FREE);
    else if (isShut && soles.length <= NAMED.length) {
      this.#rows.set(id * WIDTH + SAID, SHUT);
      for (const at of NAMED) this.#rows.set(id * WIDTH + at, soles[at - 1]?.id ?? NONE);
    }
  }

  /** The verdict on all flows from the pod of one slot to that of another; null: ask their rows. */
  verdict(from: number, to: number): Verdict | null {
    const source = this.#classOf.at(from) * WIDTH;
    const target = this.#classOf.at(to) * WIDTH;
    const classes = this.#classes;
    // Pods with one address of their own each, of the same family, as nearly all are.
    const family = classes.at(source + FAMILY);
    if (from === to || family === 0 || family !== classes.at(target + FAMILY)) return null;
    const egress = this.#says(classes.at(source + EGRESS), classes.at(target + NAMESPACE));
    if (egress === SHUT) return "denied";
    const ingress = this.#says(classes.at(target + INGRESS), classes.at(source + NAMESPACE));
    if (ingress === SHUT) return "denied";
    return egress === FREE && ingress === FREE ? "allowed" : null;
  }

  #says(row: number, namespace: number): number {
    if (row === NONE) return UNTOLD;
    const said = this.#rows.at(row * WIDTH + SAID);
    if (said !== SHUT) return said;
    for (const at of NAMED) if (this.#rows.at(row * WIDTH + at) === namespace) return UNTOLD;
    return SHUT;
  }
}

/** Integers by number, as many as are set. */
class Numbers {
  #data = new Int32Array(64);

  at(index: number): number {
    return this.#data[index] as number;
  }

  set(index: number, value: number): void {
    if (index >= this.#data.length) {
      const grown = new Int32Array(Math.max(index + 1, this.#data.length * 2));
      grown.set(this.#data);
      this.#data = grown;
    }
    this.#data[index] = value;
  }
}
