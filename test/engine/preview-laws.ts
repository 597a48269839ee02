/** What holds of every preview, whatever the cluster and the changes. */
import { expect } from "vitest";
import { rangeContains } from "../../src/engine/address.ts";
import { MatchingEngine } from "../../src/engine/matching-engine.ts";
import type { Change, FlowClaim } from "../../src/engine/model.ts";
import { hasPoint, portPoint } from "../../src/engine/port-set.ts";
import type { Breaches, Connection, Endpoint, FlowPair } from "../../src/engine/query.ts";
import { changed, changesOf, OUTSIDE_ADDRESSES, PROBES } from "./arbitrary-world.ts";
import { breachedFlows, podsOf } from "./breached-flows.ts";
import { type NaiveEnd, naiveEnds } from "./claim-oracle.ts";
import type { World } from "./oracle.ts";

const ALL = 1_000;

/** An engine with everything of a world. */
export function engineOf(w: World): MatchingEngine {
  const engine = new MatchingEngine({ dataplane: w.dataplane });
  for (const each of changesOf(w)) engine.apply(each);
  return engine;
}

function worldAfter(start: World, changes: readonly Change[]): World {
  return changes.reduce<World>((w, each) => changed(w, each), start);
}

/**
 * An engine that has seen changes, and the world that it knows. Before each of them it was `asked` about others:
 * what it found out then must not be part of a later answer.
 */
export function withPast(
  first: World,
  changes: readonly Change[],
  asked: readonly Change[],
): { readonly engine: MatchingEngine; readonly start: World } {
  const engine = engineOf(first);
  const everything: FlowClaim = { sense: "open", from: WORLD, to: WORLD, ports: "all" };
  for (const each of changes) {
    const claim = engine.hold(everything);
    engine.preview(asked, (_, __, preview) => preview.breaches(claim, ALL));
    engine.release(claim);
    engine.apply(each);
  }
  return { engine, start: worldAfter(first, changes) };
}

const WORLD: FlowClaim["from"] = [
  { kind: "pods", selection: { namespaces: { kind: "selector", selector: [] }, pods: [] } },
  { kind: "world" },
];

/** A preview opens and closes what two full runs differ in, and leaves the engine as it was. */
export function expectDifference(
  { engine, start }: ReturnType<typeof withPast>,
  list: readonly Change[],
): void {
  const stats = engine.stats();
  const before = engine.connections("pod");
  const delta = engine.difference(list, "pod");
  expect(engine.stats()).toEqual(stats);
  expect(flowsOf(engine.connections("pod"))).toEqual(flowsOf(before));
  const after = engineOf(worldAfter(start, list));
  const meanwhile = engine.preview(list, (later, { opened, closed, unsure }) => {
    const ends = [opened, closed, unsure].flat().flatMap(({ from, to }) => [from, to]);
    expect(ends.filter(({ endpoints }) => endpoints.length === 0)).toEqual([]);
    return later.connections("pod");
  });
  expect(flowsOf(meanwhile)).toEqual(flowsOf(after.connections("pod")));
  const verdicts = { before: flowsOf(before), after: flowsOf(after.connections("pod")) };
  expect(flowKeys(delta.opened)).toEqual(gained(verdicts.before, verdicts.after, "allowed"));
  expect(flowKeys(delta.closed)).toEqual(gained(verdicts.after, verdicts.before, "allowed"));
  const doubt = gained(verdicts.before, verdicts.after, "unknown").symmetricDifference(
    gained(verdicts.after, verdicts.before, "unknown"),
  );
  const settled = flowKeys([...delta.opened, ...delta.closed]);
  expect(flowKeys(delta.unsure)).toEqual(doubt.difference(settled));
}

/** So does a claim: what appears and disappears is what two full runs differ in. */
export function expectBreachDelta(
  { engine, start }: ReturnType<typeof withPast>,
  changes: readonly Change[],
  claims: readonly FlowClaim[],
): void {
  const held = claims.map((claim) => engine.hold(claim));
  const stats = engine.stats();
  const final = worldAfter(start, changes);
  const later = engineOf(final);
  const ends = stableEnds(start, final);
  const standing = held.map((claim) => told(engine.breaches(claim, ALL), ends));
  engine.preview(changes, (_, __, preview) => {
    const concerned = new Set(preview.concerned());
    for (const [index, claim] of held.entries()) {
      const found = preview.breaches(claim, ALL);
      const before = standing[index] ?? NOTHING;
      const after = told(later.breaches(later.hold(claim.claim), ALL), ends);
      expect({
        appeared: breachedFlows(found.appeared, ends),
        disappeared: breachedFlows(found.disappeared, ends),
        unsure: breachedFlows(found.unsure, ends),
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
  expect(held.map((claim) => told(engine.breaches(claim, ALL), ends))).toEqual(standing);
}

type Told = Record<"certain" | "perhaps", ReadonlySet<string>>;

const NOTHING: Told = { certain: new Set(), perhaps: new Set() };

function told({ certain, perhaps }: Breaches, ends: readonly NaiveEnd[]): Told {
  return { certain: breachedFlows(certain, ends), perhaps: breachedFlows(perhaps, ends) };
}

/**
 * Every pod before and after, and the addresses that nobody has in either: a range of addresses in a delta does
 * not say which of them are a node's.
 */
function stableEnds(before: World, after: World): readonly NaiveEnd[] {
  const [one, other] = [naiveEnds(before), naiveEnds(after)];
  const stays = (end: NaiveEnd): boolean =>
    end.pod !== null ||
    [one, other].every((ends) => ends.some(({ text, outside }) => text === end.text && outside));
  return [...new Map([...one, ...other].map((end) => [end.text, end])).values()].filter(stays);
}

/** The keys of the flows of connections at the probes, by verdict. */
export function flowsOf(
  connections: readonly Connection[],
): Record<"allowed" | "unknown", ReadonlySet<string>> {
  const part = (ports: "allowed" | "unknown"): ReadonlySet<string> =>
    flowKeys(connections.map((each) => ({ from: each.from, to: each.to, ports: each[ports] })));
  return { allowed: part("allowed"), unknown: part("unknown") };
}

type Flows = ReturnType<typeof flowsOf>;

function gained(before: Flows, after: Flows, verdict: keyof Flows): ReadonlySet<string> {
  return new Set([...after[verdict]].filter((key) => !before[verdict].has(key)));
}

/** The keys of all flows of these pairs at the probes; of a range of addresses, the samples in it are taken. */
export function flowKeys(pairs: readonly FlowPair[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { from, to, ports } of pairs) {
    for (const { protocol, port } of PROBES) {
      if (!hasPoint(ports, portPoint(protocol, port))) continue;
      for (const a of samplesOf(from)) {
        for (const b of samplesOf(to)) keys.add(`${a} ${b} ${protocol}/${port}`);
      }
    }
  }
  return new Set([...keys].toSorted());
}

function samplesOf(end: Endpoint): readonly string[] {
  if (end.kind === "workload") return [endKey(end)];
  return OUTSIDE_ADDRESSES.filter((each) => rangeContains(end.range, each)).map(String);
}

/** `namespace/workload` or `first-last`. */
export function endKey(end: Endpoint): string {
  return end.kind === "addresses"
    ? `${end.range.first}-${end.range.last}`
    : `${end.namespace}/${end.workload.name}`;
}
