import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { PortRange } from "../../src/engine/model.ts";
import {
  ALL_PORTS,
  hasPoint,
  intersectPorts,
  isEmptyPorts,
  NO_PORTS,
  type PortSet,
  PROTOCOLS,
  pointPort,
  portIntervals,
  portPoint,
  portSet,
  subtractPorts,
  unionPorts,
} from "../../src/engine/port-set.ts";

/** Few ports at both ends of each protocol's stretch, so that sets overlap, touch and end there. */
const NUMBERS = [1, 2, 3, 4, 5, 65_533, 65_534, 65_535];
const POINTS = PROTOCOLS.flatMap((protocol) => NUMBERS.map((port) => portPoint(protocol, port)));

const interval: fc.Arbitrary<PortRange> = fc
  .tuple(fc.constantFrom(...PROTOCOLS), fc.constantFrom(...NUMBERS), fc.constantFrom(...NUMBERS))
  .map(([protocol, a, b]) => ({ protocol, first: Math.min(a, b), last: Math.max(a, b) }));
const intervals = fc.oneof(
  fc.array(interval, { maxLength: 5 }),
  fc.constant(portIntervals(ALL_PORTS)),
);

function plainSet(list: readonly PortRange[]): ReadonlySet<number> {
  return new Set(
    POINTS.filter((point) => {
      const { protocol, port } = pointPort(point);
      return list.some(
        (each) => each.protocol === protocol && each.first <= port && port <= each.last,
      );
    }),
  );
}

function pointsOf(set: PortSet): ReadonlySet<number> {
  return new Set(POINTS.filter((point) => hasPoint(set, point)));
}

describe("sets of ports are sets", () => {
  test("as plain sets, with union, intersection and difference", () => {
    fc.assert(
      fc.property(intervals, intervals, (x, y) => {
        const [a, b] = [portSet(x), portSet(y)];
        const [plainA, plainB] = [plainSet(x), plainSet(y)];
        expect(pointsOf(a)).toEqual(plainA);
        expect(pointsOf(unionPorts(a, b))).toEqual(
          new Set(POINTS.filter((p) => plainA.has(p) || plainB.has(p))),
        );
        expect(pointsOf(intersectPorts(a, b))).toEqual(plainA.intersection(plainB));
        expect(pointsOf(subtractPorts(a, b))).toEqual(plainA.difference(plainB));
      }),
      { numRuns: 1_000 },
    );
  });

  test("equal sets have equal keys, however they came about", () => {
    fc.assert(
      fc.property(intervals, intervals, (x, y) => {
        const [a, b] = [portSet(x), portSet(y)];
        expect(unionPorts(a, b).key).toBe(portSet([...y, ...x]).key);
        expect(unionPorts(subtractPorts(a, b), intersectPorts(b, a)).key).toBe(a.key);
        expect(portSet(portIntervals(a)).key).toBe(a.key);
        expect(isEmptyPorts(subtractPorts(a, a))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("the line of ports", () => {
  it.for<[string, PortRange[], PortRange[]]>([
    [
      "neighbours are one interval",
      [
        { protocol: "TCP", first: 81, last: 90 },
        { protocol: "TCP", first: 80, last: 80 },
      ],
      [{ protocol: "TCP", first: 80, last: 90 }],
    ],
    [
      "the last port of one protocol and the first of the next are no neighbours",
      [
        { protocol: "TCP", first: 65_535, last: 65_535 },
        { protocol: "UDP", first: 1, last: 1 },
      ],
      [
        { protocol: "TCP", first: 65_535, last: 65_535 },
        { protocol: "UDP", first: 1, last: 1 },
      ],
    ],
    [
      "there are no ports beyond 1 and 65535",
      [{ protocol: "SCTP", first: 0, last: 70_000 }],
      [{ protocol: "SCTP", first: 1, last: 65_535 }],
    ],
    [
      "an interval that ends before it begins is none",
      [{ protocol: "TCP", first: 2, last: 1 }],
      [],
    ],
  ])("%s", ([, given, kept]) => {
    expect(portIntervals(portSet(given))).toEqual(kept);
  });

  test("all ports are three intervals, no ports are none", () => {
    expect(portIntervals(ALL_PORTS)).toHaveLength(3);
    expect(portIntervals(NO_PORTS)).toEqual([]);
  });
});
