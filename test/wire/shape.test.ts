import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { z } from "zod";
import { field, jsonPath, parseShape, sameJson } from "../../src/wire/shape.ts";
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

it.each([
  [100, 101, ": may have more that is wrong"],
  [99, 99, "[98]: `1` is not a string; put it in quotes"],
  // Their number does not fit on the stack.
  [400_000, 1, ": has more that is wrong than can be told"],
])("of %i things that are wrong tells %i", (wrong, told, last) => {
  const read = complaints(
    parseShape(z.object({ a: z.array(z.array(z.string())) }), { a: [Array(wrong).fill(1)] }),
  );
  expect(read).toHaveLength(told);
  expect(read.at(-1)).toBe(last.startsWith("[") ? `a[0]${last}` : last);
});

it("does not hide a defect of its own", () => {
  const broken = z.string().transform(() => {
    throw new TypeError("a defect");
  });
  expect(() => parseShape(broken, "a")).toThrow("a defect");
});

it("takes for the same what has the same fields and items", () => {
  const json = fc.json({ maxDepth: 3, depthSize: "small" });
  const parse = (text: string): unknown => JSON.parse(text.replaceAll("-0", "0"));
  fc.assert(
    fc.property(json, json, (one, other) => {
      expect(sameJson(parse(one), parse(other))).toBe(isDeepStrictEqual(parse(one), parse(other)));
      expect(sameJson(parse(one), parse(one))).toBe(true);
      expect(sameJson({ a: parse(one), b: 1 }, { b: 1, a: parse(other) })).toBe(
        isDeepStrictEqual(parse(one), parse(other)),
      );
    }),
  );
});

it("compares what is nested deep, and takes it for nothing beyond a thousand levels", () => {
  const nested = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels));
  expect(sameJson(nested(1000), nested(1000))).toBe(true);
  expect(sameJson(nested(100_000), nested(100_000))).toBe(false);
});

it.each([
  ['{"a":1}', '{"b":1}'],
  ['{"a":1}', '{"a":1,"b":1}'],
  ['{"__proto__":{}}', '{"a":{}}'],
  ["[]", "{}"],
  ["[null]", "[]"],
  ["null", "{}"],
  ['"1"', "1"],
])("does not take %s for %s", (one, other) => {
  expect(sameJson(JSON.parse(one), JSON.parse(other))).toBe(false);
  expect(sameJson(JSON.parse(other), JSON.parse(one))).toBe(false);
});
