import { IPV4_SPACE, IPV6_SPACE, mergeRanges } from "./address.ts";
import type { ClusterIndex } from "./cluster-index.ts";
import type { PodRecord } from "./endpoint-class.ts";
import type { Item } from "./flows.ts";
import type { AddressRange } from "./model.ts";
import type { Endpoint, Group } from "./query.ts";

type WorkloadEnd = Extract<Endpoint, { readonly kind: "workload" }>;

/** Name the ends of `items`: at most `limit` workloads, all address ranges, and the whole counts. */
export function createGroup(index: ClusterIndex, items: readonly Item[], limit: number): Group {
  const workloads = new Map<string, { -readonly [K in keyof WorkloadEnd]: WorkloadEnd[K] }>();
  const perNamespace = new Map<string, { pods: number; named: number }>();
  let pods = 0;
  for (const record of podsOf(items)) {
    pods++;
    const { namespace, workload } = record.pod;
    let counts = perNamespace.get(namespace);
    if (counts === undefined) perNamespace.set(namespace, (counts = { pods: 0, named: 0 }));
    counts.pods++;
    const key = `${namespace}/${workload.kind}/${workload.name}`;
    const known = workloads.get(key);
    if (known === undefined && workloads.size >= limit) continue;
    counts.named++;
    if (known !== undefined) known.pods++;
    else workloads.set(key, { kind: "workload", namespace, workload, pods: 1, sample: record.pod });
  }
  const ranges = rangesOf(items);
  const ends = [...workloads].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, end]) => end);
  const isWhole = (name: string, count: number): boolean =>
    count === index.namespaces.find(name)?.pods.size;
  const counted = [...perNamespace].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const parts = counted.filter(([name, counts]) => !isWhole(name, counts.pods));
  return {
    endpoints: [...ends, ...ranges.map((range): Endpoint => ({ kind: "addresses", range }))],
    omitted: parts.reduce((sum, [, counts]) => sum + counts.pods - counts.named, 0),
    pods,
    whole: counted.filter(([name, counts]) => isWhole(name, counts.pods)).map(([name]) => name),
    namespaces: counted.map(([name]) => name),
    everyPod: pods > 0 && pods === index.inventory.podCount,
    everyIpv4: covers(ranges, IPV4_SPACE),
    everyIpv6: covers(ranges, IPV6_SPACE),
  };
}

/** The pods of `items`; nodes are no pods. */
function* podsOf(items: readonly Item[]): Iterable<PodRecord> {
  for (const { pods } of items) {
    for (const record of pods ?? []) if (record.namespace !== null) yield record;
  }
}

/** The addresses outside the cluster among `items`, merged. */
export function rangesOf(items: readonly Item[]): readonly AddressRange[] {
  const ranges = items.flatMap(({ before, after, pods }) =>
    pods === null ? ((after ?? before)?.cls.atoms ?? []) : [],
  );
  return mergeRanges(ranges.map(({ first, last }) => ({ first, last })));
}

function covers(ranges: readonly AddressRange[], space: AddressRange): boolean {
  return ranges.some(({ first, last }) => first <= space.first && space.last <= last);
}
