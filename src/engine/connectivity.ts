import type { ClusterIndex } from "./cluster-index.ts";
import type { PodRecord } from "./endpoint-class.ts";
import { createGroup, rangesOf } from "./group.ts";
import type { Item, Rectangle } from "./item.ts";
import { EVERY_FLOW } from "./lens.ts";
import { podKey, workloadKey } from "./model.ts";
import { isEmptyPorts, NO_PORTS, type PortSet, subtractPorts, unionPorts } from "./port-set.ts";
import type { Connection, ConnectivityRow, Endpoint, FlowPair, PairDelta } from "./query.ts";
import { standing } from "./standing.ts";

/** All of who can reach whom. */
export function rectanglesOf(index: ClusterIndex): readonly Rectangle[] {
  return [...standing(index, EVERY_FLOW)];
}

/** The rectangles with their ends named, at most `limit` workloads each. */
export function connectivityRows(index: ClusterIndex, limit: number): readonly ConnectivityRow[] {
  return rectanglesOf(index).map(({ from, to, opened, unsure }) => ({
    from: createGroup(index, from, limit),
    to: createGroup(index, to, limit),
    allowed: opened,
    unknown: unsure,
  }));
}

/** Pair by pair: every two ends between which something is allowed or cannot be decided. */
export function connectionsOf(
  rectangles: readonly Rectangle[],
  by: "workload" | "pod",
): readonly Connection[] {
  const allowed = pairsOf(rectangles, ({ opened }) => opened, by);
  const unknown = pairsOf(rectangles, ({ unsure }) => unsure, by);
  return [...new Map([...unknown, ...allowed])].map(([key, { from, to }]) => {
    const open = allowed.get(key)?.ports ?? NO_PORTS;
    const unsure = unknown.get(key)?.ports ?? NO_PORTS;
    return { from, to, allowed: open, unknown: subtractPorts(unsure, open) };
  });
}

/** How many rows there are pod by pod: a pod is in one class, so that no two rectangles have a row in common. */
export function connectionCount(rectangles: readonly Rectangle[]): number {
  let count = 0;
  for (const { from, to } of rectangles) {
    const [sources, targets] = [sizeOf(from), sizeOf(to)];
    const own = new Set(from);
    // Neither from a pod to itself, nor from outside to outside.
    const alone = sizeOf(to.filter((item) => own.has(item))).pods;
    count += sources.all * targets.all - sources.outside * targets.outside - alone;
  }
  return count;
}

function sizeOf(items: readonly Item[]): { all: number; pods: number; outside: number } {
  const pods = items.reduce((sum, item) => sum + (item.pods?.size ?? 0), 0);
  const outside = items.filter((item) => item.pods === null).length;
  return { all: pods + outside, pods, outside };
}

/** What changed, pair by pair. */
export function pairDelta(rectangles: readonly Rectangle[], by: "workload" | "pod"): PairDelta {
  const pairs = (portsOf: (rectangle: Rectangle) => PortSet): readonly FlowPair[] => [
    ...pairsOf(rectangles, portsOf, by).values(),
  ];
  return {
    opened: pairs(({ opened }) => opened),
    closed: pairs(({ closed }) => closed),
    unsure: pairs(({ unsure }) => unsure),
  };
}

function pairsOf(
  rectangles: readonly Rectangle[],
  portsOf: (rectangle: Rectangle) => PortSet,
  by: "workload" | "pod",
): ReadonlyMap<string, FlowPair> {
  const pairs = new Map<string, FlowPair>();
  for (const rectangle of rectangles) {
    const ports = portsOf(rectangle);
    if (isEmptyPorts(ports)) continue;
    const targets = endsOf(rectangle.to, by);
    for (const [fromKey, source] of endsOf(rectangle.from, by)) {
      for (const [toKey, target] of targets) {
        if (isAlone(source, target)) continue;
        const key = `${fromKey} ${toKey}`;
        const known = pairs.get(key);
        const all = known === undefined ? ports : unionPorts(known.ports, ports);
        pairs.set(key, { from: source.end, to: target.end, ports: all });
      }
    }
  }
  return pairs;
}

interface End {
  readonly end: Endpoint;
  readonly pods: readonly PodRecord[];
}

function endsOf(items: readonly Item[], by: "workload" | "pod"): ReadonlyMap<string, End> {
  const ends = new Map<string, End & { readonly pods: PodRecord[] }>();
  for (const { pods } of items) {
    for (const record of pods ?? []) {
      if (record.namespace === null) continue;
      const { pod } = record;
      const key = by === "pod" ? podKey(pod) : workloadKey(pod);
      const known = ends.get(key);
      if (known !== undefined) known.pods.push(record);
      else ends.set(key, { end: workloadEnd(record, by), pods: [record] });
    }
  }
  for (const item of items) {
    for (const range of rangesOf([item])) {
      ends.set(`${range.first}-${range.last}`, { end: { kind: "addresses", range }, pods: [] });
    }
  }
  return ends;
}

function workloadEnd({ pod }: PodRecord, by: "workload" | "pod"): Endpoint {
  const workload = by === "pod" ? { kind: "Pod", name: pod.name } : pod.workload;
  return { kind: "workload", namespace: pod.namespace, workload, pods: 1, sample: pod };
}

/** One pod and itself, or two stretches of addresses: no flow that policies have a say in. */
function isAlone(from: End, to: End): boolean {
  if (from.pods.length === 0) return to.pods.length === 0;
  return from.pods.length === 1 && to.pods.length === 1 && from.pods[0] === to.pods[0];
}
