import type { Protocol } from "./model.ts";

/**
 * A set of (protocol, port) pairs: disjoint inclusive intervals, ascending, neighbours merged, over one
 * line on which each protocol has a stretch of its own. Canonical and interned: equal sets are `===`.
 */
export interface PortSet {
  /** first, last, first, last, … as `portPoint` counts. */
  readonly bounds: readonly number[];
}

export interface PortInterval {
  readonly protocol: Protocol;
  readonly first: number;
  readonly last: number;
}

export const PROTOCOLS: readonly Protocol[] = ["TCP", "UDP", "SCTP"];

const STRIDE = 65_536;
const LAST_PORT = 65_535;

/** PERF: interning makes "same ports" one comparison; the distinct sets of a cluster are few. */
const interned = new Map<string, WeakRef<PortSet>>();
const forgotten = new FinalizationRegistry<string>((key) => {
  if (interned.get(key)?.deref() === undefined) interned.delete(key);
});
