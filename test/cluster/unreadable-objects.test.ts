import { expect, it } from "vitest";
import { UnreadableObjects } from "../../src/cluster/unreadable-objects.ts";
import { failure, success } from "../../src/errors.ts";

it("takes an object that can no longer be read for gone, and knows which those are", () => {
  const told: unknown[] = [];
  const there = new Map<string, string>();
  const objects = new UnreadableObjects((notice) => void told.push(notice));
  const problems = [{ code: "NP_E_SCHEMA", path: "spec", message: "no" }] as const;
  const target = objects.reading(
    "services",
    (raw) => (typeof raw === "string" ? success(raw) : failure(problems)),
    {
      upsert: (key, value) => void there.set(key, value),
      delete: (key) => void there.delete(key),
    },
  );
  const unreadable = { resource: "services", key: "a/b", problems };
  target.upsert("a/b", "first");
  target.upsert("a/b", 1);
  expect([there.size, objects.all()]).toEqual([0, [unreadable]]);
  target.upsert("a/b", "second");
  expect([there.get("a/b"), objects.all()]).toEqual(["second", []]);
  target.upsert("a/b", 1);
  target.delete("a/b");
  expect(objects.all()).toEqual([]);
  expect(told).toEqual(Array.from({ length: 2 }, () => ({ kind: "unreadable", ...unreadable })));
});
