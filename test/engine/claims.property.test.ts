import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { changesBy, moves } from "./arbitrary-moves.ts";
import { flowClaim, policedWorld, world } from "./arbitrary-world.ts";
import { alone, expectBreaches, podsOf, withPodAlone } from "./breached-flows.ts";
import { engineOf, expectBreachDelta, withPast } from "./preview-laws.ts";

const numRuns = process.env["CI"] === "true" ? 2_000 : 300;
const ALL = 1_000;

/** Of some of its namespaces nothing but the name is known. */
const podWorld = fc
  .tuple(fc.oneof(world, policedWorld), fc.constantFrom("", "", "a", "constructor"))
  .map(([w, unseen]) => ({
    ...w,
    namespaces: w.namespaces.filter(({ name }) => name !== unseen),
    pods: w.pods.map(alone),
  }));

describe("breaches", { timeout: 300_000 }, () => {
  test("are the flows that the oracle finds to break the claim", () => {
    fc.assert(
      fc.property(podWorld, flowClaim, (w, claim) => {
        const engine = engineOf(w);
        const { certain, perhaps } = engine.breaches(engine.hold(claim), ALL);
        expectBreaches(w, claim, { certain, perhaps });
        for (const list of [certain, perhaps]) {
          expect(list).toMatchObject({
            omitted: 0,
            from: podsOf(list, "from").size,
            to: podsOf(list, "to").size,
          });
        }
      }),
      { numRuns },
    );
  });

  test("that a change brings and takes are the difference of two full runs", () => {
    const some = fc.array(flowClaim, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(podWorld, moves, moves, some, (first, past, steps, claims) => {
        const asked = changesBy(first, steps).map(withPodAlone);
        const known = withPast(first, changesBy(first, past).map(withPodAlone), asked);
        expectBreachDelta(known, asked, claims);
      }),
      { numRuns },
    );
  });
});
