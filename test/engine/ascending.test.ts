import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Ascending } from "../../src/engine/ascending.ts";
import { cpuMs } from "../support/cpu-ms.ts";

const of = (items: Iterable<bigint>): Ascending<bigint> => {
  const list = new Ascending<bigint>((item) => item);
  for (const item of items) list.insert(item);
  return list;
};

it("has what a sorted array has, whatever was put in and taken out", () => {
  const items = fc.uniqueArray(fc.bigInt({ min: 0n, max: 5_000n }), { maxLength: 3_000 });
  fc.assert(
    fc.property(items, fc.bigInt({ min: -1n, max: 5_001n }), fc.nat(7), (all, at, every) => {
      const list = of(all);
      const gone = all.filter((_, index) => index % 8 < every);
      for (const item of gone) list.remove(item);
      const left = all.filter((item) => !gone.includes(item)).toSorted((a, b) => Number(a - b));
      expect([...list]).toEqual(left);
      expect(list.size).toBe(left.length);
      const found = left.findLast((item) => item <= at);
      expect(list.find(at)).toBe(found);
      expect([...list.from(at)]).toEqual(left.filter((item) => item >= (found ?? 0n)));
    }),
    { numRuns: 50 },
  );
});

it("takes as long for each of many as for each of few", () => {
  const started = cpuMs();
  const list = of(Array.from({ length: 200_000 }, (_, index) => BigInt((index * 7_919) % 200_000)));
  expect(list.size).toBe(200_000);
  expect(cpuMs() - started).toBeLessThan(3_000);
});
