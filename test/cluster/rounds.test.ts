import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { Rounds } from "../../src/cluster/rounds.ts";
import { eventually } from "./eventually.ts";

interface Counted {
  readonly rounds: Rounds;
  readonly count: () => number;
  readonly failures: unknown[];
}

function counting(work: () => Promise<void> = async () => undefined, atLatestMs = 60_000): Counted {
  let count = 0;
  const failures: unknown[] = [];
  const rounds = new Rounds({
    work: async () => {
      count += 1;
      await work();
    },
    onFailure: (error) => failures.push(error),
    restMs: 60,
    atLatestMs,
  });
  return { rounds, count: () => count, failures };
}

it("goes once at the start, and then only when it is asked, once for many that ask at once", async () => {
  const { rounds, count } = counting();
  rounds.start();
  await sleep(150);
  expect(count()).toBe(1);
  for (let index = 0; index < 5; index += 1) rounds.ask();
  await eventually(() => expect(count()).toBe(2));
  // During the rest: not before its end.
  rounds.ask();
  await sleep(20);
  expect(count()).toBe(2);
  await eventually(() => expect(count()).toBe(3));
  await sleep(150);
  expect(count()).toBe(3);
  await rounds.stop();
});

it("goes again after a while although nobody asked", async () => {
  const { rounds, count } = counting(async () => undefined, 100);
  rounds.start();
  await eventually(() => expect(count()).toBeGreaterThan(2));
  await rounds.stop();
});

it("goes on after a failure, and tells of it", async () => {
  const { rounds, count, failures } = counting(async () => {
    throw new Error("no");
  });
  rounds.start();
  await eventually(() => expect(failures).toHaveLength(1));
  rounds.ask();
  await eventually(() => expect(count()).toBe(2));
  await rounds.stop();
});

it("goes no more once it is stopped, and may be started again", async () => {
  const { rounds, count } = counting();
  rounds.start();
  await rounds.stop();
  rounds.ask();
  await sleep(150);
  expect(count()).toBe(1);
  rounds.start();
  await eventually(() => expect(count()).toBe(2));
  await rounds.stop();
});
