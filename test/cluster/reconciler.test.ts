import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { Reconciler } from "../../src/cluster/reconciler.ts";
import { eventually } from "./eventually.ts";

it("looks at every key from the start and now and then, at others when told, at none while stopped", async () => {
  const seen: string[] = [];
  const reconciler = new Reconciler({
    keys: () => ["a", "b"],
    work: async (key) => {
      seen.push(key);
      return 0;
    },
    onFailure: () => undefined,
    concurrency: 1,
    backOff: { firstMs: 10, maxMs: 40 },
    resyncMs: 40,
  });
  reconciler.add("c");
  await sleep(100);
  expect(seen).toEqual([]);
  reconciler.start();
  expect(seen).toEqual(["a"]);
  await eventually(() => expect(seen.slice(0, 4)).toEqual(["a", "b", "a", "b"]));
  reconciler.add("c");
  await eventually(() => expect(seen).toContain("c"));
  await reconciler.stop();
  const before = seen.length;
  reconciler.add("d");
  await sleep(100);
  expect(seen).toHaveLength(before);
  reconciler.start();
  await eventually(() => expect(seen.slice(before, before + 2)).toEqual(["a", "b"]));
  await reconciler.stop();
});
