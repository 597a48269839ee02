import { expect, it } from "vitest";
import { z } from "zod";
import { field, jsonPath, parseShape } from "../../src/wire/shape.ts";
import { complaints } from "./describe-policy.ts";

it.each<[readonly PropertyKey[], string]>([
  [[], ""],
  [["spec", "ingress", 0, "from", 1], "spec.ingress[0].from[1]"],
  [["metadata", "labels", "app.kubernetes.io/name"], 'metadata.labels["app.kubernetes.io/name"]'],
  [[0, "a"], "[0].a"],
  [["a-b"], '["a-b"]'],
])("writes %j as a path", (keys, expected) => {
  expect(jsonPath(keys)).toBe(expected);
});

it("reads fields of what may be anything, and nothing that is inherited", () => {
  const raw: unknown = JSON.parse('{"a": {"b": [1]}, "__proto__": {"c": 2}}');
  expect(field(raw, "a", "b")).toEqual([1]);
  expect(field(raw, "a", "x", "y")).toBeUndefined();
  expect(field(raw, "a", "b", "0")).toBeUndefined();
  expect(field(raw, "toString")).toBeUndefined();
  expect(field(null, "a")).toBeUndefined();
});

it.each<[string, z.ZodType, unknown, string]>([
  ["a list", z.array(z.string()), 1, ": `1` is not a list"],
  ["a boolean", z.boolean(), "yes", ": `yes` is not `true` or `false`"],
  ["a date", z.date(), 1, ": `1` is not date"],
  ["one value", z.literal("a"), undefined, ": is missing; expected `a`"],
  ["a list in the wrong place", z.literal("a"), [], ": a list is not `a`"],
  ["a format", z.string().regex(/a/, "needs an a"), "b", ": needs an a"],
])("says what is wrong: %s", (_name, schema, raw, expected) => {
  expect(complaints(parseShape(schema, raw))).toEqual([expected]);
});
