import type { ClusterIndex } from "./cluster-index.ts";
import { createGroup } from "./group.ts";
import type { Item, Rectangle } from "./item.ts";
import { EVERY_FLOW } from "./lens.ts";
import { PairRows } from "./pair-rows.ts";
import { isEmptyPorts, NO_PORTS, type PortSet } from "./port-set.ts";
import type { Connection, ConnectivityRow, FlowPair, PairDelta, Wanted } from "./query.ts";
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
  wanted: Wanted = ALL_PAIRS,
): readonly Connection[] {
  return rowsOf(rectangles, by, wanted, ({ opened, unsure }) => [opened, unsure]);
}

const ALL_PAIRS: Wanted = { isWanted: () => true, limit: Number.POSITIVE_INFINITY };

/** From how many pods to how many others something is allowed or cannot be decided: a pod is in one class. */
export function pairCount(rectangles: readonly Rectangle[]): number {
  let count = 0;
  for (const { from, to } of rectangles) {
    const own = new Set(from);
    // Not from a pod to itself.
    count += podsOf(from) * podsOf(to) - podsOf(to.filter((item) => own.has(item)));
  }
  return count;
}

function podsOf(items: readonly Item[]): number {
  return items.reduce((sum, { pods }) => sum + (pods?.size ?? 0), 0);
}

/** What changed, pair by pair. */
export function pairDelta(
  rectangles: readonly Rectangle[],
  by: "workload" | "pod",
  limit = Number.POSITIVE_INFINITY,
): PairDelta {
  const flows = (portsOf: (rectangle: Rectangle) => PortSet): readonly FlowPair[] => {
    const wanted = { ...ALL_PAIRS, limit };
    const rows = rowsOf(rectangles, by, wanted, (rectangle) => [portsOf(rectangle), NO_PORTS]);
    return rows.map(({ from, to, allowed: ports }) => ({ from, to, ports }));
  };
  return {
    opened: flows(({ opened }) => opened),
    closed: flows(({ closed }) => closed),
    unsure: flows(({ unsure }) => unsure),
  };
}

function rowsOf(
  rectangles: readonly Rectangle[],
  by: "workload" | "pod",
  wanted: Wanted,
  portsOf: (rectangle: Rectangle) => readonly [allowed: PortSet, unknown: PortSet],
): readonly Connection[] {
  const rows = new PairRows(by, wanted);
  for (const rectangle of rectangles) {
    const [allowed, unknown] = portsOf(rectangle);
    if (isEmptyPorts(allowed) && isEmptyPorts(unknown)) continue;
    if (!rows.add(rectangle, { allowed, unknown })) break;
  }
  return rows.rows();
}
