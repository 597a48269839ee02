import { expect, it } from "vitest";
import { naming } from "../../src/validators/naming.ts";
import { matchesPattern } from "../../src/validators/parts/pattern.ts";
import { parseShape } from "../../src/wire/shape.ts";

it.each<readonly [string, string, boolean]>([
  ["[a-z]+", "shop", true],
  ["[a-z]+", "shop-1", false],
  ["shop", "my-shop", false],
  ["(allow|deny)-.*", "deny-all", true],
  [".*", "", true],
  [".*", "x".repeat(2000), false],
])("`%s` is for the whole of `%s`: %s", (pattern, text, expected) => {
  expect(matchesPattern(pattern, text)).toBe(expected);
});

it("matches in time that is linear in the text, whatever the pattern", () => {
  expect(matchesPattern("(a+)+b", "a".repeat(1024))).toBe(false);
});

it("a pattern that is none is a problem of the profile", () => {
  expect(parseShape(naming.parameters, { pattern: "(" })).toMatchObject({
    ok: false,
    error: [{ path: "pattern", message: "`(` is not a regular expression of RE2" }],
  });
});
