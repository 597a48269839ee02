import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { changesBy, moves } from "./arbitrary-moves.ts";
import { flowClaim, PROBES, policedWorld, world } from "./arbitrary-world.ts";
import { alone, breachedFlows, podsOf, withPodAlone } from "./breached-flows.ts";
import { naiveBreaches, naiveEnds } from "./claim-oracle.ts";
import { engineOf, expectBreachDelta } from "./preview-laws.ts";

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
        const all = naiveEnds(w);
        const plain = all.filter(({ host }) => !host);
        const naive = naiveBreaches(w, claim, { ends: plain, probes: PROBES });
        expect(breachedFlows(certain, plain)).toEqual(naive.certain);
        expect(breachedFlows(perhaps, plain)).toEqual(naive.perhaps);
        // Of ends on a node's network an engine of classes may be unsure, but never wrong.
        const truth = naiveBreaches(w, claim);
        const [sure, unsure] = [breachedFlows(certain, all), breachedFlows(perhaps, all)];
        const pods = all.filter(({ pod }) => pod !== null);
        expect(breachedFlows(certain, pods).difference(truth.certain)).toEqual(new Set());
        expect(truth.certain.difference(sure).difference(unsure)).toEqual(new Set());
        expect(truth.perhaps.difference(unsure)).toEqual(new Set());
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
      fc.property(podWorld, moves, some, (w, steps, claims) => {
        expectBreachDelta(w, changesBy(w, steps).map(withPodAlone), claims);
      }),
      { numRuns },
    );
  });
});
