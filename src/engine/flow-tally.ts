import type { ClusterIndex } from "./cluster-index.ts";
import { isNode, type PodRecord } from "./endpoint-class.ts";
import { createGroup, NAMED } from "./group.ts";
import { classOf, type Item, type Rectangle } from "./item.ts";
import { isEmptyPorts, type PortSet } from "./port-set.ts";
import type { FlowList } from "./query.ts";

type Flows = Pick<Rectangle, "from" | "to"> & { readonly ports: PortSet };

/** Counts flows as they are found, and keeps the widest: answers may be larger than memory. */
export class FlowTally {
  readonly #limit: number;
  readonly #from = new PodCount();
  readonly #to = new PodCount();
  readonly #ids = new Map<Item, number>();
  #widest: readonly Flows[] = [];
  #fresh: Flows[] = [];
  #omitted = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(flows: Flows): void {
    const { from, to, ports } = flows;
    if (isEmptyPorts(ports)) return;
    this.#from.add(from, solePod(to));
    this.#to.add(to, solePod(from));
    this.#fresh.push(flows);
    if (this.#fresh.length > MANY) this.#cut();
  }

  list(index: ClusterIndex, complete = true): FlowList {
    this.#cut();
    const groups = this.#widest.map(({ from, to, ports }) => ({
      from: createGroup(index, from, NAMED),
      to: createGroup(index, to, NAMED),
      ports,
    }));
    const [from, to] = [this.#from.size, this.#to.size];
    return { groups, omitted: this.#omitted, from, to, complete };
  }

  #cut(): void {
    const united = this.#unite(this.#unite([...this.#widest, ...this.#fresh], "to"), "from");
    this.#fresh = [];
    const wide = united.map((flows) => ({ flows, width: widthOf(flows.from) + widthOf(flows.to) }));
    const widest = wide.toSorted((a, b) => b.width - a.width).slice(0, this.#limit);
    this.#widest = widest.map(({ flows }) => flows);
    this.#omitted += united.length - widest.length;
  }

  /** Flows on the same ports with the same items at one end become one: one sentence can tell of them. */
  #unite(all: readonly Flows[], end: "from" | "to"): readonly Flows[] {
    const united = new Map<string | Flows, Flows>();
    for (const flows of all) {
      const key = this.#keyOf(flows, end);
      const known = united.get(key);
      if (known === undefined) united.set(key, flows);
      else if (end === "to") united.set(key, { ...known, from: [...known.from, ...flows.from] });
      else united.set(key, { ...known, to: [...known.to, ...flows.to] });
    }
    return [...united.values()];
  }

  /** PERF: not worth while with very many items at that end. */
  #keyOf(flows: Flows, end: "from" | "to"): string | Flows {
    const items = flows[end];
    if (items.length > MANY) return flows;
    const ids = items.map((item) => {
      const id = this.#ids.get(item) ?? this.#ids.size;
      this.#ids.set(item, id);
      return id;
    });
    return `${flows.ports.key} ${ids.toSorted((a, b) => a - b).join()}`;
  }
}

const MANY = 64;

/** How much a reader should mind: addresses before pods, many pods before few. */
function widthOf(items: readonly Item[]): number {
  return items.reduce((sum, { pods }) => sum + (pods === null ? ADDRESSES : pods.size), 0);
}

const ADDRESSES = 1e6;

/** Pods at one end of flows, each counted once. */
class PodCount {
  readonly #items = new Set<Item>();
  /** Items that count so far except for this one pod. */
  readonly #butOne = new Map<Item, PodRecord>();

  /** `other`: the only pod at the other end, whose way to itself does not count. */
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

function podsOf(item: Item): number {
  const { pods } = item;
  const cls = classOf(item);
  return pods === null || cls === undefined || isNode(cls) ? 0 : pods.size;
}

function solePod(items: readonly Item[]): PodRecord | null {
  const [item, another] = items;
  const [pod = null, second] = item?.pods ?? [];
  return another === undefined && second === undefined ? pod : null;
}
