import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Flow } from "../../src/engine/query.ts";
import { changesBy, moves } from "./arbitrary-moves.ts";
import { endsOf, flowClaim, PROBES, policedWorld, world } from "./arbitrary-world.ts";
import { alone, expectBreaches, withPodAlone } from "./breached-flows.ts";
import { naiveVerdict, type World } from "./oracle.ts";
import { engineOf, expectBreachDelta, expectDifference, withPast } from "./preview-laws.ts";
import { wideWorld } from "./wide-world.ts";

const numRuns = process.env["CI"] === "true" ? 2_000 : 300;
const FLOWS = 400;

/** Three times six pods are as many as a group names one by one. */
const podWorld = wideWorld(policedWorld, 3).map((w) => ({ ...w, pods: w.pods.map(alone) }));

/** Some of all the flows of a world, spread over all of them. */
function* someFlows(w: World): Iterable<Flow> {
  const ends = endsOf(w);
  const pairs = ends.flatMap((from) => ends.map((to) => ({ from, to })));
  for (let index = 0; index < FLOWS; index++) {
    const pair = pairs[(index * 7_919) % pairs.length];
    const probe = PROBES[index % PROBES.length];
    if (pair === undefined || probe === undefined) continue;
    if (pair.from.kind === "pod" || pair.to.kind === "pod") yield { ...pair, ...probe };
  }
}

describe("in a wide cluster", { timeout: 300_000 }, () => {
  test("every verdict is the oracle's", () => {
    fc.assert(
      fc.property(wideWorld(world, 4), (w) => {
        const engine = engineOf(w);
        for (const flow of someFlows(w)) {
          const [verdict, naive] = [engine.verdict(flow), naiveVerdict(w, flow)];
          if (verdict !== naive) expect({ flow, verdict }).toEqual({ flow, verdict: naive });
        }
      }),
      { numRuns },
    );
  });

  test("the breaches of a claim are those that the oracle finds", () => {
    fc.assert(
      fc.property(podWorld, flowClaim, fc.constantFrom(...PROBES), (w, claim, at) => {
        const engine = engineOf(w);
        expectBreaches(w, claim, engine.breaches(engine.hold(claim), 1_000), [at]);
      }),
      { numRuns },
    );
  });

  test("a preview is the difference of two full runs", () => {
    fc.assert(
      fc.property(podWorld, moves, flowClaim, (w, steps, claim) => {
        const list = changesBy(w, steps).map(withPodAlone);
        const known = withPast(w, [], []);
        expectDifference(known, list);
        expectBreachDelta(known, list, [claim]);
      }),
      { numRuns: numRuns / 4 },
    );
  });
});
