import * as fc from "fast-check";
import { RE2JS } from "re2js";
import { expect, it } from "vitest";
import { patternSize } from "../../src/cel/pattern-size.ts";

const { pattern } = fc.letrec<{ pattern: string }>((tie) => {
  const inner = tie("pattern");
  return {
    pattern: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom(
        "a",
        "abc",
        ".",
        "[a-z]",
        "[^]a]",
        "[[:alpha:]]",
        "\\d",
        "\\pL",
        "\\p{Greek}",
        "\\x{e9}",
        "\\Qa.b\\E",
        "^",
        "\\b",
        "\\[",
        "\\(",
      ),
      fc.tuple(inner, inner).map(([one, other]) => one + other),
      fc.tuple(inner, inner).map(([one, other]) => `(${one}|${other})`),
      fc
        .tuple(inner, fc.constantFrom("*", "+", "?", "*?"))
        .map(([one, sign]) => `(?:${one})${sign}`),
      fc.tuple(inner, fc.nat(6)).map(([one, times]) => `(${one}){${times}}`),
      fc
        .tuple(inner, fc.nat(6), fc.nat(6))
        .map(([one, least, more]) => `(${one}){${least},${least + more}}`),
      fc.tuple(inner, fc.nat(6)).map(([one, least]) => `(?:${one}){${least},}`),
    ),
  };
});

it("is never far below what the pattern becomes", () => {
  fc.assert(
    fc.property(pattern, (text) => {
      fc.pre(isRead(text));
      expect(RE2JS.compile(text).programSize()).toBeLessThanOrEqual(3 * patternSize(text) + 10);
    }),
    { numRuns: 1_000 },
  );
});

it("needs no pattern that is one", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...Array.from("a\\QE[]^(){}0123,*+?|.px:")) }),
      (text) => {
        expect(patternSize(text)).toBeGreaterThanOrEqual(0);
      },
    ),
  );
});

/** RE2 reads repetitions of repetitions up to a thousand in all. */
function isRead(text: string): boolean {
  try {
    return RE2JS.compile(text).programSize() > 0;
  } catch {
    return false;
  }
}
