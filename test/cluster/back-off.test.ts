import { expect, it } from "vitest";
import { ApiError } from "../../src/cluster/api-client.ts";
import { retryMs } from "../../src/cluster/back-off.ts";

const backOff = { firstMs: 100, maxMs: 1000 };
const asked = (retryAfterMs: number): ApiError => new ApiError(429, "", { retryAfterMs });

it.each([
  { name: "the first failure", error: new Error(""), failures: 1, between: [50, 100] },
  { name: "the third", error: new Error(""), failures: 3, between: [200, 400] },
  { name: "the thousandth", error: new Error(""), failures: 1000, between: [500, 1000] },
  { name: "one that asks for longer", error: asked(700), failures: 1, between: [700, 700] },
  { name: "one that asks for less", error: asked(10), failures: 3, between: [200, 400] },
  {
    name: "one that asks for an hour",
    error: asked(3_600_000),
    failures: 1,
    between: [1000, 1000],
  },
  {
    name: "one that asks for nothing",
    error: new ApiError(500, ""),
    failures: 1,
    between: [50, 100],
  },
])(
  "after $name waits between $between ms",
  ({ error, failures, between: [least = 0, most = 0] }) => {
    const ms = retryMs(error, failures, backOff);
    expect(ms).toBeGreaterThanOrEqual(least);
    expect(ms).toBeLessThanOrEqual(most);
  },
);
