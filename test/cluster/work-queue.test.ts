import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { WorkQueue } from "../../src/cluster/work-queue.ts";
import { eventually } from "./eventually.ts";

const backOff = { firstMs: 10, maxMs: 40 };

describe("a work queue", () => {
  it("works on a key once more when it was added meanwhile, and never twice at a time", async () => {
    const { queue, log } = recording(async () => {
      await sleep(20);
      return 0;
    });
    queue.add("a");
    queue.add("a");
    queue.add("a");
    await eventually(() => expect(log).toEqual(["a begins", "a ends", "a begins", "a ends"]));
    await queue.stop();
  });

  it("works on no more keys at a time than it may", async () => {
    let running = 0;
    let most = 0;
    const { queue, log } = recording(async () => {
      running += 1;
      most = Math.max(most, running);
      await sleep(5);
      running -= 1;
      return 0;
    });
    for (const key of "abcdefgh") queue.add(key);
    await eventually(() => expect(log.filter((line) => line.endsWith("ends"))).toHaveLength(8));
    expect(most).toBe(2);
    await queue.stop();
  });

  it("lets others have their turn between keys whose work waits for nothing", async () => {
    const { queue, log } = recording(async () => 0);
    for (let key = 0; key < 100; key += 1) queue.add(String(key));
    await setImmediate();
    await setImmediate();
    expect(log.length).toBeLessThan(20);
    await eventually(() => expect(log).toHaveLength(200));
    await queue.stop();
  });

  it("leaves a key alone for as long as its work says", async () => {
    const { queue, log } = recording(async () => 100);
    queue.add("a");
    await sleep(20);
    queue.add("a");
    await sleep(20);
    expect(log).toHaveLength(2);
    await eventually(() => expect(log).toHaveLength(4));
    await queue.stop();
  });

  it("repeats a failure after a back-off, and lets the others go on", async () => {
    let attempts = 0;
    const { queue, log, failures } = recording(async (key) => {
      if (key === "bad" && attempts++ < 2) throw new Error("no");
      return 0;
    });
    queue.add("bad");
    queue.add("good");
    await eventually(() => expect(log).toContain("good ends"));
    await eventually(() => expect(log).toContain("bad ends"));
    expect(failures).toEqual(["bad: Error: no", "bad: Error: no"]);
    await queue.stop();
  });

  it("waits as after a first failure once there was a success in between", async () => {
    let attempts = 0;
    const { queue, retries } = recording(async () => {
      attempts += 1;
      if (attempts !== 3) throw new Error("no");
      return 0;
    });
    queue.add("a");
    await eventually(() => expect(attempts).toBe(3));
    queue.add("a");
    await eventually(() => expect(retries.length).toBeGreaterThanOrEqual(3));
    await queue.stop();
    const [, second, third] = retries;
    expect(second).toBeGreaterThanOrEqual(backOff.firstMs);
    expect(third).toBeLessThanOrEqual(backOff.firstMs);
  });

  it("aborts its work and forgets the rest when it stops", async () => {
    const { queue, log, failures } = recording(async (_, signal) => {
      await sleep(60_000, undefined, { signal });
      return 0;
    });
    for (const key of "abc") queue.add(key);
    await queue.stop();
    expect(log).toEqual(["a begins", "b begins"]);
    expect(failures).toEqual([]);
  });

  it("has stopped when work that minds no signal is done, and begins nothing any more", async () => {
    const { queue, log } = recording(async () => {
      await sleep(20);
      return 0;
    });
    for (const key of "abc") queue.add(key);
    await queue.stop();
    const settled = ["a begins", "b begins", "a ends", "b ends"];
    expect(log).toEqual(settled);
    queue.add("d");
    await sleep(20);
    expect(log).toEqual(settled);
  });
});

function recording(work: (key: string, signal: AbortSignal) => Promise<number>): {
  readonly queue: WorkQueue;
  readonly log: readonly string[];
  readonly failures: readonly string[];
  /** How long each failure was to rest. */
  readonly retries: readonly number[];
} {
  const log: string[] = [];
  const failures: string[] = [];
  const retries: number[] = [];
  const queue = new WorkQueue({
    work: async (key, signal) => {
      log.push(`${key} begins`);
      const ms = await work(key, signal);
      log.push(`${key} ends`);
      return ms;
    },
    onFailure: (key, error, retryMs) => {
      failures.push(`${key}: ${String(error)}`);
      retries.push(retryMs);
    },
    concurrency: 2,
    backOff,
  });
  return { queue, log, failures, retries };
}
