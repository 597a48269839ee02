import type { PortRange, Protocol } from "./model.ts";

/**
 * A set of (protocol, port) pairs: disjoint inclusive intervals, ascending, neighbours merged, over one
 * line on which each protocol has a stretch of its own. Canonical: equal sets have equal keys.
 */
export interface PortSet {
  /** first, last, first, last, … as `portPoint` counts. */
  readonly bounds: readonly number[];
  /** The set as text; two sets are equal if and only if their keys are. */
  readonly key: string;
}

export const PROTOCOLS: readonly Protocol[] = ["TCP", "UDP", "SCTP"];

const STRIDE = 65_536;
export const LAST_PORT = 65_535;

/** All ports of whatever protocol. */
export const EVERY_PORT = { first: 1, last: LAST_PORT };

/** Where a port stands on the line; ports are 1 to 65535. */
export function portPoint(protocol: Protocol, port: number): number {
  return (protocol === "TCP" ? 0 : protocol === "UDP" ? STRIDE : 2 * STRIDE) + port;
}

/** The protocol and port of a point. */
export function pointPort(point: number): { readonly protocol: Protocol; readonly port: number } {
  const protocol = point < STRIDE ? "TCP" : point < 2 * STRIDE ? "UDP" : "SCTP";
  return { protocol, port: point % STRIDE };
}

/** The set of these intervals, in any order, overlapping or not. */
export function portSet(intervals: readonly PortRange[]): PortSet {
  const points: number[] = [];
  for (const { protocol, first, last } of intervals) {
    points.push(portPoint(protocol, Math.max(first, 1)));
    points.push(portPoint(protocol, Math.min(last, LAST_PORT)));
  }
  return fromPoints(points);
}

/** The set of these points: first, last, first, last, …, in any order, overlapping or not. */
export function fromPoints(points: readonly number[]): PortSet {
  if (areBounds(points)) return fromBounds(points);
  const bounds: number[] = [];
  for (const [first, last] of pairsOf(points).toSorted((a, b) => a[0] - b[0])) {
    if (last < first) continue;
    const end = bounds.at(-1);
    if (end === undefined || first > end + 1) bounds.push(first, last);
    else if (last > end) bounds[bounds.length - 1] = last;
  }
  return fromBounds(bounds);
}

/** PERF: people mostly write ports in order. */
function areBounds(points: readonly number[]): boolean {
  let end = -1;
  for (let index = 0; index < points.length; index += 2) {
    const first = points[index] as number;
    const last = points[index + 1] as number;
    if (last < first || first <= end + 1) return false;
    end = last;
  }
  return true;
}

function fromBounds(bounds: readonly number[]): PortSet {
  return bounds.length === 0 ? NO_PORTS : { bounds, key: bounds.join(",") };
}

export const NO_PORTS: PortSet = { bounds: [], key: "" };
export const ALL_PORTS: PortSet = portSet(
  PROTOCOLS.map((protocol) => ({ protocol, ...EVERY_PORT })),
);

/** Report whether the set holds the point. */
export function hasPoint({ bounds }: PortSet, point: number): boolean {
  let low = 0;
  let high = bounds.length;
  // How many bounds are at or before the point; it is inside after an odd number, or on a last bound.
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bounds[middle] as number) <= point) low = middle + 1;
    else high = middle;
  }
  return low % 2 === 1 || (low > 0 && bounds[low - 1] === point);
}

/** Points in `a`, in `b`, or in both. */
export function unionPorts(a: PortSet, b: PortSet): PortSet {
  if (a.key === b.key || b.bounds.length === 0) return a;
  if (a.bounds.length === 0) return b;
  return fromPoints([...a.bounds, ...b.bounds]);
}

/** Points in any of these. */
export function unitePorts(sets: readonly PortSet[]): PortSet {
  const [first = NO_PORTS, second, ...others] = sets;
  if (second === undefined) return first;
  if (others.length === 0) return unionPorts(first, second);
  const points = Array.from(new Set(sets), ({ bounds }) => bounds).flat();
  return points.length === first.bounds.length ? first : fromPoints(points);
}

/** Points in both. */
export function intersectPorts(a: PortSet, b: PortSet): PortSet {
  if (a.key === b.key || b === ALL_PORTS) return a;
  return a === ALL_PORTS ? b : fromBounds(meet(a.bounds, b.bounds));
}

/** The intervals that two lists of bounds have in common, in one pass. */
function meet(a: readonly number[], b: readonly number[]): readonly number[] {
  const bounds: number[] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    const lastA = a[i + 1] as number;
    const lastB = b[j + 1] as number;
    const first = Math.max(a[i] as number, b[j] as number);
    const last = Math.min(lastA, lastB);
    if (first <= last) bounds.push(first, last);
    if (lastA <= lastB) i += 2;
    else j += 2;
  }
  return bounds;
}

/** Points of `a` that are not in `b`. */
export function subtractPorts(a: PortSet, b: PortSet): PortSet {
  if (a.key === b.key) return NO_PORTS;
  const bounds: number[] = [];
  let isLess = false;
  let index = 0;
  for (let of = 0; of < a.bounds.length; of += 2) {
    let start = a.bounds[of] as number;
    const end = a.bounds[of + 1] as number;
    while (index < b.bounds.length && (b.bounds[index + 1] as number) < start) index += 2;
    for (let at = index; at < b.bounds.length && (b.bounds[at] as number) <= end; at += 2) {
      if ((b.bounds[at] as number) > start) bounds.push(start, (b.bounds[at] as number) - 1);
      start = (b.bounds[at + 1] as number) + 1;
      isLess = true;
    }
    if (start <= end) bounds.push(start, end);
  }
  return isLess ? fromBounds(bounds) : a;
}

/** Report whether the set holds nothing. */
export function isEmptyPorts(set: PortSet): boolean {
  return set.bounds.length === 0;
}

/** The intervals of the set, by protocol (TCP, UDP, SCTP), ascending. */
export function portIntervals(set: PortSet): readonly PortRange[] {
  return pairsOf(set.bounds).map(([first, last]) => ({
    protocol: pointPort(first).protocol,
    first: first % STRIDE,
    last: last % STRIDE,
  }));
}

function pairsOf(points: readonly number[]): readonly (readonly [number, number])[] {
  const pairs: [number, number][] = [];
  for (let index = 0; index < points.length; index += 2) {
    pairs.push([points[index] as number, points[index + 1] as number]);
  }
  return pairs;
}
