import type { Protocol } from "./model.ts";

/**
 * A set of (protocol, port) pairs: disjoint inclusive intervals, ascending, merged, over one line on
 * which each protocol has its own stretch of 65536. Canonical, and interned, so equal sets are `===`.
 */
export interface PortSet {
  /** first, last, first, last, … on the line of `portPoint`. */
  readonly bounds: readonly number[];
  readonly key: string;
}

export interface PortInterval {
  readonly protocol: Protocol;
  readonly first: number;
  readonly last: number;
}

const PROTOCOLS: readonly Protocol[] = ["TCP", "UDP", "SCTP"];
const STRIDE = 65_536;

/** Where a port stands on the line. Port 0 is never used. */
export function portPoint(protocol: Protocol, port: number): number {
  return (protocol === "TCP" ? 0 : protocol === "UDP" ? STRIDE : 2 * STRIDE) + port;
}
