import { IPV4_SPACE, IPV6_SPACE, mergeRanges, rangeEncloses } from "./address.ts";
import type { ClusterIndex } from "./cluster-index.ts";
import { isNode, type NamespaceRecord, type PodRecord } from "./endpoint-class.ts";
import { classOf, type Item } from "./item.ts";
import { type AddressRange, type Pod, workloadKey } from "./model.ts";
import type { Endpoint, Group } from "./query.ts";

type WorkloadName = Extract<Endpoint, { readonly kind: "workload" }> & { pods: number };

/** PERF: a message names a handful of ends; a group need not list more workloads than this. */
export const NAMED = 20;

/**
 * Name the ends of `items`: at most `limit` workloads, all address ranges, and the whole counts.
 * PERF: pods are counted by class; they are looked at one by one only until the list is full.
 */
export function createGroup(index: ClusterIndex, items: readonly Item[], limit: number): Group {
  const names = new WorkloadNames(limit);
  const census = new Census();
  for (const item of items) {
    const { after, pods } = item;
    const namespace = classOf(item)?.namespace ?? null;
    if (namespace === null || pods === null) continue;
    census.add(namespace, pods.size, after === null ? pods.size : 0, names.add(pods));
  }
  const { pods, gone } = census;
  const counts = census.ordered();
  const ranges = rangesOf(items);
  return {
    endpoints: names.ends().concat(ranges.map((range) => ({ kind: "addresses", range }))),
    omitted: counts.reduce((sum, each) => sum + (isWhole(each) ? 0 : each.pods - each.named), 0),
    pods,
    whole: namesOf(counts.filter(isWhole)),
    namespaces: namesOf(counts),
    everyPod: pods > 0 && gone === 0 && pods === index.inventory.podCount,
    everyIpv4: covers(ranges, IPV4_SPACE),
    everyIpv6: covers(ranges, IPV6_SPACE),
  };
}

/** For one namespace: how many pods are in the group, how many of those are gone, and how many are named. */
interface Counts {
  readonly namespace: NamespaceRecord;
  pods: number;
  gone: number;
  named: number;
}

/** Counts pods, all in all and by namespace. */
class Census {
  pods = 0;
  gone = 0;
  readonly #counts = new Map<NamespaceRecord, Counts>();
  #last: Counts | undefined;

  add(namespace: NamespaceRecord, pods: number, gone: number, named: number): void {
    this.pods += pods;
    this.gone += gone;
    const counts = this.#of(namespace);
    counts.pods += pods;
    counts.gone += gone;
    counts.named += named;
  }

  /** By the names of the namespaces. */
  ordered(): readonly Counts[] {
    const all = Array.from(this.#counts.values());
    return all.length < 2 ? all : all.toSorted(byName);
  }

  /** PERF: classes of one namespace mostly come one after another. */
  #of(namespace: NamespaceRecord): Counts {
    if (this.#last?.namespace === namespace) return this.#last;
    let counts = this.#counts.get(namespace);
    if (counts === undefined) {
      counts = { namespace, pods: 0, gone: 0, named: 0 };
      this.#counts.set(namespace, counts);
    }
    this.#last = counts;
    return counts;
  }
}

function byName(a: Counts, b: Counts): number {
  return a.namespace.name < b.namespace.name ? -1 : 1;
}

function namesOf(counts: readonly Counts[]): readonly string[] {
  return counts.map(({ namespace }) => namespace.name);
}

function isWhole({ namespace, gone, pods }: Counts): boolean {
  return gone === 0 && pods === namespace.pods.size;
}

/** Workloads by name, up to a limit. */
class WorkloadNames {
  readonly #limit: number;
  readonly #workloads = new Map<string, WorkloadName>();
  /** A workload over the limit has been met: there is no point in looking at further pods. */
  #full = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Count these pods by workload; the answer is how many of them the list tells of. */
  add(pods: ReadonlySet<PodRecord>): number {
    if (this.#full) return 0;
    let named = 0;
    let end: WorkloadName | undefined;
    for (const { pod } of pods) {
      // PERF: a class is mostly one workload.
      if (end === undefined || !isOf(pod, end)) end = this.#find(pod);
      if (end === undefined) break;
      end.pods++;
      named++;
    }
    return named;
  }

  #find(pod: Pod): WorkloadName | undefined {
    const { namespace, workload } = pod;
    const key = workloadKey(pod);
    let end = this.#workloads.get(key);
    if (end === undefined && this.#workloads.size < this.#limit) {
      end = { kind: "workload", namespace, workload, pods: 0, sample: pod };
      this.#workloads.set(key, end);
    }
    this.#full = end === undefined;
    return end;
  }

  ends(): Endpoint[] {
    if (this.#workloads.size < 2) return Array.from(this.#workloads.values());
    return [...this.#workloads].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, end]) => end);
  }
}

function isOf({ namespace, workload }: Pod, end: WorkloadName): boolean {
  return (
    workload.name === end.workload.name &&
    workload.kind === end.workload.kind &&
    namespace === end.namespace
  );
}

/** The addresses among `items` that no pod has, merged: outside the cluster, or of nodes. */
export function rangesOf(items: readonly Item[]): readonly AddressRange[] {
  const ranges: AddressRange[] = [];
  for (const item of items) {
    const cls = classOf(item);
    if (item.pods === null) {
      for (const { first, last } of cls?.atoms ?? []) ranges.push({ first, last });
    } else if (cls !== undefined && isNode(cls)) {
      for (const { addresses } of item.pods) {
        for (const address of addresses) ranges.push({ first: address, last: address });
      }
    }
  }
  return mergeRanges(ranges);
}

function covers(ranges: readonly AddressRange[], space: AddressRange): boolean {
  return ranges.some((range) => rangeEncloses(range, space));
}
