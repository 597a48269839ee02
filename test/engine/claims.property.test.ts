import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rangeContains } from "../../src/engine/address.ts";
import { MatchingEngine } from "../../src/engine/matching-engine.ts";
import { type Change, podKey } from "../../src/engine/model.ts";
import { hasPoint, portPoint } from "../../src/engine/port-set.ts";
import type { Endpoint, FlowList } from "../../src/engine/query.ts";
import { change, changed, changesOf, flowClaim, PROBES, world } from "./arbitrary-world.ts";
import { type NaiveEnd, naiveBreaches, naiveEnds } from "./claim-oracle.ts";
import type { World } from "./oracle.ts";

const numRuns = process.env["CI"] === "true" ? 2_000 : 300;
const ALL = 1_000;

function engineOf(w: World): MatchingEngine {
  const engine = new MatchingEngine({ dataplane: w.dataplane });
  for (const each of changesOf(w)) engine.apply(each);
  return engine;
}

/** The same world with every pod a workload of its own, so that groups name them one by one. */
const podWorld = world.map((w): World => ({ ...w, pods: w.pods.map(alone) }));
const podChange = change.map(
  (each): Change =>
    each.kind === "pod" && each.op === "upsert" ? { ...each, object: alone(each.object) } : each,
);

function alone<T extends World["pods"][number]>(pod: T): T {
  return { ...pod, workload: { kind: "Pod", name: pod.name } };
}

/** The flows of a list between these ends at the probes, as the oracle writes them. */
function flowsOf(list: FlowList, ends: readonly NaiveEnd[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { from, to, ports } of list.groups) {
    const [sources, targets] = [from, to].map((group) =>
      ends.filter((end) => group.endpoints.some((each) => isAt(each, end))),
    );
    for (const a of sources ?? []) {
      for (const b of targets ?? []) {
        if (a.text === b.text) continue;
        for (const { protocol, port } of PROBES) {
          if (hasPoint(ports, portPoint(protocol, port))) {
            found.add(`${a.text} ${b.text} ${protocol}/${port}`);
          }
        }
      }
    }
  }
  return found;
}

function isAt(endpoint: Endpoint, { pod, addresses }: NaiveEnd): boolean {
  if (endpoint.kind === "workload") {
    return pod !== null && podKey(pod) === `${endpoint.namespace}/${endpoint.workload.name}`;
  }
  const [address] = addresses;
  return pod === null && address !== undefined && rangeContains(endpoint.range, address);
}

/** The pods at one end of the groups that have somebody else at the other. */
function podsOf(list: FlowList, end: "from" | "to"): ReadonlySet<string> {
  const text = (each: Endpoint): string =>
    each.kind === "addresses" ? "" : `${each.namespace}/${each.workload.name}`;
  return new Set(
    list.groups.flatMap((group) => {
      const others = new Set(group[end === "from" ? "to" : "from"].endpoints.map(text));
      return group[end].endpoints
        .filter(({ kind }) => kind === "workload")
        .map(text)
        .filter((key) => others.size > 1 || !others.has(key));
    }),
  );
}

/** Report whether no end is on a node's network. */
function isPlain(from: NaiveEnd, to: NaiveEnd): boolean {
  return !from.host && !to.host;
}

describe("breaches", { timeout: 300_000 }, () => {
  test("are the flows that the oracle finds to break the claim", () => {
    fc.assert(
      fc.property(podWorld, flowClaim, (w, claim) => {
        const engine = engineOf(w);
        const { certain, perhaps } = engine.breaches(engine.hold(claim), ALL);
        const ends = naiveEnds(w);
        const plain = ends.filter(({ host }) => !host);
        const naive = naiveBreaches(w, claim, isPlain);
        expect(flowsOf(certain, plain)).toEqual(naive.certain);
        expect(flowsOf(perhaps, plain)).toEqual(naive.perhaps);
        // Of ends on a node's network an engine of classes may be unsure, but never wrong.
        const all = naiveBreaches(w, claim, () => true);
        const [sure, unsure] = [flowsOf(certain, ends), flowsOf(perhaps, ends)];
        const pods = ends.filter(({ pod }) => pod !== null);
        expect(flowsOf(certain, pods).difference(all.certain)).toEqual(new Set());
        expect(all.certain.difference(sure).difference(unsure)).toEqual(new Set());
        expect(all.perhaps.difference(unsure)).toEqual(new Set());
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
    const changes = fc.array(podChange, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(podWorld, changes, fc.array(flowClaim, { maxLength: 3 }), (w, list, claims) => {
        const engine = engineOf(w);
        const held = claims.map((claim) => engine.hold(claim));
        const stats = engine.stats();
        const final = list.reduce<World>((sofar, each) => changed(sofar, each), w);
        const later = engineOf(final);
        const ends = stableEnds(w, final);
        const standing = held.map((claim) => engine.breaches(claim, ALL));
        engine.preview(list, (_, __, preview) => {
          const concerned = new Set(preview.concerned());
          for (const [index, claim] of held.entries()) {
            const found = preview.breaches(claim, ALL);
            const before = told(standing[index], ends);
            const after = told(later.breaches(later.hold(claim.claim), ALL), ends);
            expect({
              appeared: flowsOf(found.appeared, ends),
              disappeared: flowsOf(found.disappeared, ends),
              unsure: flowsOf(found.unsure, ends),
            }).toEqual({
              appeared: after.certain.difference(before.certain),
              disappeared: before.certain.difference(after.certain),
              unsure: after.perhaps.difference(before.certain).difference(before.perhaps),
            });
            for (const flows of [found.appeared, found.disappeared, found.unsure]) {
              expect(flows.from).toBe(podsOf(flows, "from").size);
              if (!concerned.has(claim)) expect(flows.groups).toEqual([]);
            }
          }
        });
        expect(engine.stats()).toEqual(stats);
        expect(held.map((claim) => told(engine.breaches(claim, ALL), ends))).toEqual(
          standing.map((each) => told(each, ends)),
        );
      }),
      { numRuns },
    );
  });
});

function told(
  breaches: ReturnType<MatchingEngine["breaches"]> | undefined,
  ends: readonly NaiveEnd[],
): Record<"certain" | "perhaps", ReadonlySet<string>> {
  const empty: FlowList = { groups: [], omitted: 0, from: 0, to: 0 };
  return {
    certain: flowsOf(breaches?.certain ?? empty, ends),
    perhaps: flowsOf(breaches?.perhaps ?? empty, ends),
  };
}

/**
 * Every pod before and after, and the addresses that are nobody's in both: a delta tells of pods, and
 * a stretch of addresses that is named does not say which of them are a node's.
 */
function stableEnds(before: World, after: World): readonly NaiveEnd[] {
  const [one, other] = [naiveEnds(before), naiveEnds(after)];
  const stays = (end: NaiveEnd): boolean =>
    end.pod !== null ||
    [one, other].every((ends) => ends.some(({ text, outside }) => text === end.text && outside));
  return [...new Map([...one, ...other].map((end) => [end.text, end])).values()].filter(stays);
}
