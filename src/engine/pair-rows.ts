import { familyOf } from "./address.ts";
import type { PodRecord } from "./endpoint-class.ts";
import { rangesOf } from "./group.ts";
import type { Item, Rectangle } from "./item.ts";
import { podKey, workloadKey } from "./model.ts";
import { subtractPorts, unionPorts, unitePorts } from "./port-set.ts";
import type { Connection, Endpoint, Wanted } from "./query.ts";

type Ends = Pick<Rectangle, "from" | "to">;
type Ports = Pick<Connection, "allowed" | "unknown">;
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type Addresses = Extract<Endpoint, { readonly kind: "addresses" }>;

/** A row with a workload at one end and addresses at the other. */
interface OutsideRow extends Ports {
  readonly workload: Endpoint;
  readonly addresses: Addresses;
}

/** Makes rectangles into one row for each two ends that are wanted, with what all rectangles say of these. */
export class PairRows {
  readonly #by: "workload" | "pod";
  readonly #wanted: Wanted;
  readonly #pairs = new Map<string, Mutable<Connection>>();
  /** By workload: those that lead from it to addresses, and those that lead to it. */
  readonly #out = new Map<string, OutsideRow[]>();
  readonly #in = new Map<string, OutsideRow[]>();
  #count = 0;

  constructor(by: "workload" | "pod", wanted: Wanted) {
    this.#by = by;
    this.#wanted = wanted;
  }

  /** Report whether there was room for all of the rectangle. */
  add({ from, to }: Ends, ports: Ports): boolean {
    const [sources, targets] = [workloadsOf(from, this.#by), workloadsOf(to, this.#by)];
    const [origins, destinations] = [addressesOf(from), addressesOf(to)];
    for (const source of sources) {
      for (const target of targets) this.#addPair(source, target, ports);
      const wanted = destinations.filter((addresses) => this.#takes(source.end, addresses));
      const { key, end: workload } = source;
      for (const addresses of wanted) push(this.#out, key, { workload, addresses, ...ports });
    }
    for (const { key, end: workload } of targets) {
      const wanted = origins.filter((addresses) => this.#takes(addresses, workload));
      for (const addresses of wanted) push(this.#in, key, { workload, addresses, ...ports });
    }
    return this.#count <= this.#wanted.limit;
  }

  /** All of them, or as many as there is room for. */
  rows(): readonly Connection[] {
    const rows: Connection[] = [];
    for (const { unknown, ...row } of this.#pairs.values()) {
      rows.push({ ...row, unknown: subtractPorts(unknown, row.allowed) });
    }
    for (const of of this.#out.values()) {
      for (const { workload: from, addresses: to, ...ports } of united(of)) {
        rows.push({ from, to, ...ports });
      }
    }
    for (const of of this.#in.values()) {
      for (const { workload: to, addresses: from, ...ports } of united(of)) {
        rows.push({ from, to, ...ports });
      }
    }
    return rows;
  }

  #addPair(source: End, target: End, ports: Ports): void {
    if (isAlone(source, target) || !this.#wanted.isWanted(source.end, target.end)) return;
    const key = `${source.key} ${target.key}`;
    const known = this.#pairs.get(key);
    if (known !== undefined) {
      known.allowed = unionPorts(known.allowed, ports.allowed);
      known.unknown = unionPorts(known.unknown, ports.unknown);
    } else if (this.#hasRoom()) {
      this.#pairs.set(key, { from: source.end, to: target.end, ...ports });
    }
  }

  #takes(from: Endpoint, to: Endpoint): boolean {
    return this.#wanted.isWanted(from, to) && this.#hasRoom();
  }

  #hasRoom(): boolean {
    this.#count += 1;
    return this.#count <= this.#wanted.limit;
  }
}

function push<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/** Rows of one workload with as few stretches of addresses as there can be, each address in one of them. */
function united(rows: readonly OutsideRow[]): readonly OutsideRow[] {
  const found: OutsideRow[] = [];
  for (const row of apart(rows)) {
    const last = found.at(-1);
    if (last === undefined || !isContinued(last, row)) found.push(row);
    else {
      const range = { first: last.addresses.range.first, last: row.addresses.range.last };
      found[found.length - 1] = { ...last, addresses: { kind: "addresses", range } };
    }
  }
  return found;
}

/** Report whether the second says the same of the addresses that follow. */
function isContinued(a: OutsideRow, b: OutsideRow): boolean {
  const [{ range }, { range: next }] = [a.addresses, b.addresses];
  const isNext = range.last + 1n === next.first && familyOf(range.first) === familyOf(next.first);
  return isNext && a.allowed.key === b.allowed.key && a.unknown.key === b.unknown.key;
}

/** The same in order, cut where they overlap: the pods of a workload may differ. */
function apart(rows: readonly OutsideRow[]): readonly OutsideRow[] {
  const sorted = rows
    .map((row) => ({ row, ...row.addresses.range }))
    .toSorted((a, b) => (a.first < b.first ? -1 : 1));
  if (sorted.every(({ first }, at) => first > (sorted[at - 1]?.last ?? -1n))) {
    return sorted.map(({ row }) => row);
  }
  const cuts = new Set(sorted.flatMap(({ first, last }) => [first, last + 1n]));
  const starts = [...cuts].toSorted((a, b) => (a < b ? -1 : 1));
  const pieces: OutsideRow[] = [];
  const coming = sorted.values();
  let next = coming.next().value;
  let here: typeof sorted = [];
  for (const [at, first] of starts.entries()) {
    here = here.filter(({ last }) => last >= first);
    for (; next?.first === first; next = coming.next().value) here.push(next);
    const [some] = here;
    if (some === undefined) continue;
    const range = { first, last: (starts[at + 1] ?? first) - 1n };
    const { workload } = some.row;
    const ports = portsOf(here.map(({ row }) => row));
    pieces.push({ workload, addresses: { kind: "addresses", range }, ...ports });
  }
  return pieces;
}

/** What several rows say together. */
function portsOf(rows: readonly Ports[]): Ports {
  const allowed = unitePorts(rows.map((row) => row.allowed));
  const unknown = unitePorts(rows.map((row) => row.unknown));
  return { allowed, unknown: subtractPorts(unknown, allowed) };
}

interface End {
  readonly key: string;
  readonly end: Endpoint;
  readonly pods: readonly PodRecord[];
}

function workloadsOf(items: readonly Item[], by: "workload" | "pod"): readonly End[] {
  const ends = new Map<string, End & { readonly pods: PodRecord[] }>();
  for (const { pods } of items) {
    for (const record of pods ?? []) {
      if (record.namespace === null) continue;
      const { pod } = record;
      const key = by === "pod" ? podKey(pod) : workloadKey(pod);
      const known = ends.get(key);
      if (known !== undefined) known.pods.push(record);
      else ends.set(key, { key, end: workloadEnd(record, by), pods: [record] });
    }
  }
  return [...ends.values()];
}

function workloadEnd({ pod }: PodRecord, by: "workload" | "pod"): Endpoint {
  const workload = by === "pod" ? { kind: "Pod", name: pod.name } : pod.workload;
  return { kind: "workload", namespace: pod.namespace, workload, pods: 1, sample: pod };
}

function addressesOf(items: readonly Item[]): readonly Addresses[] {
  return rangesOf(items).map((range) => ({ kind: "addresses", range }));
}

/** One pod and itself: no flow that policies have a say in. */
function isAlone(from: End, to: End): boolean {
  return from.pods.length === 1 && to.pods.length === 1 && from.pods[0] === to.pods[0];
}
