import { expect, it } from "vitest";
import { patiently } from "../../src/admission/patience.ts";

it.for([
  ["once where the answer will do", 1, 1_000, 1],
  ["again until it will do", 3, 1_000, 3],
  ["until patience is over", 100, 1_000, 3],
  ["until the deadline", 100, 150, 2],
  ["once after the deadline", 100, 0, 1],
] as const)("asks %s", async ([, doing, deadline, expected]) => {
  let asked = 0;
  const answer = await patiently(
    () => {
      asked += 1;
      return asked;
    },
    (count) => count >= doing,
    { deadline, clock: () => asked * 100 },
  );
  expect([asked, answer]).toEqual([expected, expected]);
});
