import { expect, it } from "vitest";
import type { Requirement } from "../../src/engine/model.ts";
import { counted, listed } from "../../src/rules/phrases.ts";
import { renderPorts } from "../../src/validators/parts/render-ports.ts";
import { renderSelector } from "../../src/validators/parts/render-selector.ts";

const letters = (count: number): readonly string[] => "abcdefgh".slice(0, count).split("");

it.each([
  [0, ""],
  [1, "`a`"],
  [2, "`a` and `b`"],
  [3, "`a`, `b` and `c`"],
  [4, "`a`, `b`, `c` and 1 more"],
])("lists %i things", (count, text) => {
  expect(listed(letters(count))).toBe(text);
});

it.each([
  [0, "0 pods"],
  [1, "1 pod"],
  [2, "2 pods"],
])("counts %i things", (count, text) => {
  expect(counted(count, "pod")).toBe(text);
});

it.each([
  [4, "TCP 1, TCP 2, TCP 3, TCP 4"],
  [5, "TCP 1, TCP 2, TCP 3, TCP 4 and 1 more"],
])("names %i ports", (count, text) => {
  const ports = Array.from({ length: count }, (_, at) => {
    return { kind: "range", protocol: "TCP", first: at + 1, last: at + 1 } as const;
  });
  expect(renderPorts(ports)).toBe(text);
});

it.each([
  [1, 65_535, "TCP every port"],
  [1, 65_534, "TCP 1-65534"],
  [2, 65_535, "TCP 2-65535"],
])("names the ports from %i to %i", (first, last, text) => {
  expect(renderPorts([{ kind: "range", protocol: "TCP", first, last }])).toBe(text);
});

const exists = (key: string): Requirement => ({ key, operator: "Exists", values: [] });

it.each<[string, readonly Requirement[], string]>([
  ["4 requirements", letters(4).map(exists), "a, b, c, d"],
  ["5 requirements", letters(5).map(exists), "a, b, c, d and 1 more"],
  ["4 values", [{ key: "k", operator: "In", values: letters(4) }], "k in (a, b, c, d)"],
  ["5 values", [{ key: "k", operator: "In", values: letters(5) }], "k in (a, b, c, d and 1 more)"],
])("names %s of a selector", (_, selector, text) => {
  expect(renderSelector(selector)).toBe(text);
});
