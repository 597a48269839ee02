import { IPV4_SPACE, IPV6_SPACE, mergeRanges } from "./address.ts";
import type { ClusterIndex } from "./cluster-index.ts";
import {
  type EndpointClass,
  isNode,
  type NamespaceRecord,
  type PodRecord,
} from "./endpoint-class.ts";
import type { Item } from "./item.ts";
import type { AddressRange, Pod } from "./model.ts";
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
  const perNamespace = new Map<NamespaceRecord, Counts>();
  let pods = 0;
  let gone = 0;
  let counts: Counts | undefined;
  for (const item of items) {
    const { namespace } = classOf(item) ?? { namespace: null };
    if (namespace === null || item.pods === null) continue;
    const count = item.pods.size;
    pods += count;
    const named = names.add(item.pods);
    const left = item.after === null ? count : 0;
    gone += left;
    // PERF: classes of one namespace mostly come one after another.
    if (counts?.namespace !== namespace) counts = perNamespace.get(namespace);
    if (counts === undefined) {
      counts = { namespace, pods: 0, gone: 0, named: 0 };
      perNamespace.set(namespace, counts);
    }
    counts.pods += count;
    counts.gone += left;
    counts.named += named;
  }
  const ranges = rangesOf(items);
  const counted = Array.from(perNamespace.values());
  const ordered = counted.length < 2 ? counted : counted.toSorted(byName);
  let omitted = 0;
  for (const each of ordered) if (!isWhole(each)) omitted += each.pods - each.named;
  return {
    endpoints: names.ends().concat(ranges.map((range) => ({ kind: "addresses", range }))),
    omitted,
    pods,
    whole: namesOf(ordered.filter(isWhole)),
    namespaces: namesOf(ordered),
    everyPod: pods > 0 && gone === 0 && pods === index.inventory.podCount,
    everyIpv4: covers(ranges, IPV4_SPACE),
    everyIpv6: covers(ranges, IPV6_SPACE),
  };
}

/** Of a namespace: pods in the group, those of them that are there no more, and those that are named. */
interface Counts {
  readonly namespace: NamespaceRecord;
  pods: number;
  gone: number;
  named: number;
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
    const key = `${namespace}/${workload.kind}/${workload.name}`;
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

function classOf({ before, after }: Item): EndpointClass | undefined {
  return (after ?? before)?.cls;
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
  return ranges.some(({ first, last }) => first <= space.first && space.last <= last);
}
