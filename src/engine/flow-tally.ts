import type { ClusterIndex } from "./cluster-index.ts";
import { isNode, type PodRecord } from "./endpoint-class.ts";
import { createGroup, NAMED } from "./group.ts";
import type { Item, Rectangle } from "./item.ts";
import { isEmptyPorts, type PortSet } from "./port-set.ts";
import type { FlowList } from "./query.ts";

type Flows = Pick<Rectangle, "from" | "to"> & { readonly ports: PortSet };

/** Counts flows as they are found, and keeps the widest: answers may be larger than memory. */
export class FlowTally {
  readonly #limit: number;
  readonly #from = new PodCount();
  readonly #to = new PodCount();
  #widest: { readonly flows: Flows; readonly width: number }[] = [];
  #groups = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(flows: Flows): void {
    const { from, to, ports } = flows;
    if (isEmptyPorts(ports)) return;
    this.#groups++;
    this.#from.add(from, solePod(to));
    this.#to.add(to, solePod(from));
    this.#widest.push({ flows, width: widthOf(from) + widthOf(to) });
    if (this.#widest.length > 2 * this.#limit + 64) this.#cut();
  }

  list(index: ClusterIndex, complete = true): FlowList {
    this.#cut();
    const groups = this.#widest.map(({ flows: { from, to, ports } }) => ({
      from: createGroup(index, from, NAMED),
      to: createGroup(index, to, NAMED),
      ports,
    }));
    return {
      groups,
      omitted: this.#groups - groups.length,
      from: this.#from.size,
      to: this.#to.size,
      complete,
    };
  }

  #cut(): void {
    this.#widest = this.#widest.toSorted((a, b) => b.width - a.width).slice(0, this.#limit);
  }
}

/** How much a reader should mind: addresses before pods, many pods before few. */
function widthOf(items: readonly Item[]): number {
  return items.reduce((sum, { pods }) => sum + (pods === null ? ADDRESSES : pods.size), 0);
}

const ADDRESSES = 1e6;

/** Pods at one end of flows, each counted once. */
class PodCount {
  readonly #items = new Set<Item>();
  /** Items of which all but this pod count so far. */
  readonly #butOne = new Map<Item, PodRecord>();

  /** `other`: the only pod at the other end. Its way to itself is not meant. */
  add(items: readonly Item[], other: PodRecord | null): void {
    for (const item of items) {
      const known = this.#butOne.get(item);
      if (other === null || (known ?? other) !== other || item.pods?.has(other) !== true) {
        this.#items.add(item);
      } else this.#butOne.set(item, other);
    }
  }

  get size(): number {
    let size = 0;
    for (const item of this.#items) size += podsOf(item);
    for (const item of this.#butOne.keys()) if (!this.#items.has(item)) size += podsOf(item) - 1;
    return size;
  }
}

function podsOf({ before, after, pods }: Item): number {
  const cls = (after ?? before)?.cls;
  return pods === null || cls === undefined || isNode(cls) ? 0 : pods.size;
}

function solePod(items: readonly Item[]): PodRecord | null {
  const [item, another] = items;
  const [pod = null, second] = item?.pods ?? [];
  return another === undefined && second === undefined ? pod : null;
}
