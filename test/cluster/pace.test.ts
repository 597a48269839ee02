import { expect, it } from "vitest";
import { Pace } from "../../src/cluster/pace.ts";
import { Turns } from "../../src/cluster/turns.ts";

it("lets a burst go at once, then so many a second, and a burst again after a while of quiet", () => {
  const pace = new Pace({ perSecond: 10, burst: 3 });
  const waits = (nowMs: number, turns: number): readonly number[] =>
    Array.from({ length: turns }, () => Math.round(pace.reserveMs(nowMs)));
  expect(waits(1000, 5)).toEqual([0, 0, 0, 100, 200]);
  // Whoever comes later waits behind those who have reserved.
  expect(waits(1100, 1)).toEqual([200]);
  expect(waits(9000, 4)).toEqual([0, 0, 0, 100]);
});

it("keeps to its rate over any stretch of time", () => {
  const pace = new Pace({ perSecond: 5, burst: 1 });
  const turns = Array.from({ length: 50 }, (_, index) => {
    const nowMs = index * 37;
    return nowMs + pace.reserveMs(nowMs);
  });
  for (const [index, turn] of turns.entries()) {
    expect(turn - (turns[index - 1] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(
      200 - 1e-6,
    );
  }
});

it("gives everybody who comes back one turn, in the order in which they first came", () => {
  const turns = new Turns({ perSecond: 10, burst: 1 });
  expect(["a", "b", "c"].map((key) => Math.round(turns.waitMs(key, 0)))).toEqual([0, 100, 200]);
  // Too early, and once more: the turn is the same.
  expect(turns.waitMs("c", 50)).toBe(150);
  expect([turns.waitMs("b", 100), turns.waitMs("c", 200)]).toEqual([0, 0]);
  // Whoever had a turn gets in line again.
  expect(turns.waitMs("b", 200)).toBe(100);
});

it("keeps no turn for whoever gave it up: they get in line again", () => {
  const turns = new Turns({ perSecond: 10, burst: 1 });
  expect([turns.waitMs("a", 0), turns.waitMs("b", 0)]).toEqual([0, 100]);
  turns.giveUp("b");
  expect(turns.waitMs("b", 100)).toBe(100);
});
