import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { review } from "../admission/review.ts";
import { createWorld, policy, testRule } from "../admission/world.ts";
import { serve } from "./serve.ts";

const REQUESTS = 40;
const BUSY_MS = 50;

it.each([
  ["on connections that are open, as those of an API server are", true],
  ["on connections that are made for it", false],
])(
  "what has waited longer than its timeout behind others is answered and not judged, %s",
  async (_, areOpen) => {
    let judged = 0;
    const busy = testRule("busy", {
      check: () => {
        judged += 1;
        const end = performance.now() + BUSY_MS;
        while (performance.now() < end);
        return [];
      },
    });
    const served = await serve(createWorld({ rules: [busy] }).admission);
    onTestFinished(async () => served.stop());
    const ask = async (body: object, query = "") =>
      Promise.all(
        Array.from({ length: REQUESTS }, async () =>
          served.client.post(`/validate${query}`, JSON.stringify(body)),
        ),
      );
    const spec = { podSelector: {}, policyTypes: ["Ingress"] };
    const going = { deletionTimestamp: "2026-01-01T00:00:00Z" };
    if (areOpen) await ask(review({ oldObject: policy("tried/x", spec, going) }));
    expect(judged).toBe(0);

    const replies = await ask(review({ object: policy("tried/x", spec) }), "?timeout=300ms");
    const late = replies.filter(({ body }) => body.includes("could not decide in time"));
    for (const { body } of replies) expect(body).toContain('"uid":"705ab4f5"');
    expect(late.length).toBe(REQUESTS - judged);
    // One after another they would take 2 s, and each has less than 300 ms.
    expect(judged).toBeLessThan(REQUESTS / 2);
  },
);

it("whoever else has something to do, as the probes have, waits for one long decision and not for all", async () => {
  const busy = testRule("busy", {
    check: () => {
      const end = performance.now() + 4 * BUSY_MS;
      while (performance.now() < end);
      return [];
    },
  });
  const served = await serve(createWorld({ rules: [busy] }).admission);
  onTestFinished(async () => served.stop());
  const body = JSON.stringify(
    review({ object: policy("tried/x", { podSelector: {}, policyTypes: ["Ingress"] }) }),
  );
  let answered = 0;
  const asked = Array.from({ length: 8 }, async () => {
    await served.client.post("/validate", body);
    answered += 1;
  });
  let most = 0;
  for (let before = 0; answered < asked.length; before = answered) {
    // oxlint-disable-next-line no-await-in-loop -- turn by turn
    await nextTurn();
    most = Math.max(most, answered - before);
  }
  await Promise.all(asked);
  expect(most).toBe(1);
});
