import { expect, it } from "vitest";
import { requestTimeMs } from "../../src/server/request-deadline.ts";

it.each([
  ["the API server's timeout, less a margin", "1s", 800],
  ["the server's own limit where it is shorter", "10s", 1800],
  ["a fraction as Go writes it", "1.5s", 1300],
  ["minutes and seconds", "1m0s", 1800],
  ["milliseconds, which are not minutes", "500ms", 375],
  ["of a very short time the margin is a share", "100ms", 75],
  ["without a timeout the own limit", undefined, 1800],
  ["a timeout that is no duration does not count", "soon", 1800],
  ["nor does a timeout of zero", "0s", 1800],
  ["nor one given twice", ["1s", "2s"], 1800],
])("%s", (_, timeout, expected) => {
  expect(requestTimeMs(2000, timeout)).toBeCloseTo(expected);
});
