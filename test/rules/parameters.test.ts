import { expect, it } from "vitest";
import { createRegistry } from "../../src/rules/registry.ts";
import { VALIDATORS } from "../../src/validators/index.ts";
import { matchesPattern } from "../../src/validators/parts/pattern.ts";
import { parseShape } from "../../src/wire/shape.ts";

it.each<readonly [string, string, boolean]>([
  ["[a-z]+", "shop", true],
  ["[a-z]+", "shop-1", false],
  ["shop", "my-shop", false],
  ["(allow|deny)-.*", "deny-all", true],
  [".*", "", true],
  [".*", "x".repeat(1024), true],
  [".*", "x".repeat(1025), false],
])("`%s` is for the whole of `%s`: %s", (pattern, text, expected) => {
  expect(matchesPattern(pattern, text)).toBe(expected);
});

it("matches in time that is linear in the text, whatever the pattern", () => {
  expect(matchesPattern("(a+)+b", "a".repeat(1024))).toBe(false);
});

it.each([
  ["naming", { pattern: "(" }, "pattern", "`(` is not a regular expression of RE2"],
  ["required-metadata", { labels: [{ key: "" }] }, "labels[0].key", "is empty"],
  [
    "forbidden-target",
    { targets: [{ name: "x", cidrs: ["10.0.0.0"] }] },
    "targets[0].cidrs[0]",
    "`10.0.0.0` is not a CIDR",
  ],
  ["peer-selects-nothing", { knownRanges: [""] }, "knownRanges[0]", "`` is not a CIDR"],
  ["node-access", { nodePorts: [0] }, "nodePorts[0]", "`0` is not a port: 1 to 65535"],
  ["wide-ports", { maxPorts: 0 }, "maxPorts", "needs 1 or more"],
  ["reserved-priority", { last: 1001 }, "last", "is not from 0 to 1000"],
  ["system-path", { paths: [{ name: "x" }] }, "paths[0].to", "is missing; expected an object"],
])("%s: parameters that are none are problems of the profile", (id, given, path, message) => {
  const rule = createRegistry(VALIDATORS).get(id);
  if (rule === undefined) throw new Error(id);
  const read = parseShape(rule.parameters, given);
  expect(read.ok ? [] : read.error).toContainEqual(expect.objectContaining({ path, message }));
});
