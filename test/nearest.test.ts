import { expect, it } from "vitest";
import { didYouMean } from "../src/nearest.ts";

it.each<[string, readonly string[], string]>([
  ["extend", ["description", "extends"], "; did you mean `extends`?"],
  ["mustnotreach", ["mustReach", "mustNotReach"], "; did you mean `mustNotReach`?"],
  ["abc", ["abd"], "; did you mean `abd`?"],
  ["abc", ["abde"], ""],
  ["b", ["a"], ""],
  ["name", ["id", "action"], ""],
])("%s among %j", (word, candidates, expected) => {
  expect(didYouMean(word, candidates)).toBe(expected);
});
