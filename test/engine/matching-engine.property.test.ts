import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rangeContains } from "../../src/engine/address.ts";
import { type Change, changeKey } from "../../src/engine/model.ts";
import { hasPoint, portPoint } from "../../src/engine/port-set.ts";
import type { Connection, EngineView, FlowEnd, Verdict } from "../../src/engine/query.ts";
import { changesBy, moves } from "./arbitrary-moves.ts";
import {
  change,
  changed,
  changesOf,
  endsOf,
  PROBES,
  policedWorld,
  policy,
  world,
} from "./arbitrary-world.ts";
import { naiveVerdict, type World } from "./oracle.ts";
import { endKey, engineOf, expectDifference, flowKeys, flowsOf, withPast } from "./preview-laws.ts";

/** CI holds the engine to 2,000 random clusters a law; a developer's run to fewer. */
const numRuns = process.env["CI"] === "true" ? 2_000 : 300;

function isOutside(end: FlowEnd): boolean {
  return end.kind === "address";
}

/** Every flow between two ends of a world at every port that matters. */
function expectVerdicts(engine: Pick<EngineView, "verdict">, w: World): void {
  const ends = endsOf(w);
  for (const from of ends) {
    for (const to of ends) {
      if (isOutside(from) && isOutside(to)) continue;
      for (const probe of PROBES) {
        const flow = { from, to, ...probe };
        const verdict = engine.verdict(flow);
        if (verdict !== naiveVerdict(w, flow)) {
          expect({ flow, verdict }).toEqual({ flow, verdict: naiveVerdict(w, flow) });
        }
      }
    }
  }
}

/** Connections as a map from "from to protocol/port" to verdict, at the probed ports. */
function table(connections: readonly Connection[]): ReadonlyMap<string, Verdict> {
  const found = new Map<string, Verdict>();
  for (const { from, to, allowed, unknown } of connections) {
    for (const { protocol, port } of PROBES) {
      const point = portPoint(protocol, port);
      const key = `${endKey(from)} ${endKey(to)} ${protocol}/${port}`;
      if (hasPoint(allowed, point)) found.set(key, "allowed");
      else if (hasPoint(unknown, point)) found.set(key, "unknown");
    }
  }
  return found;
}

describe("the engine against the naive oracle", { timeout: 300_000 }, () => {
  test("every verdict is the oracle's", () => {
    fc.assert(
      fc.property(world, (w) => {
        expectVerdicts(engineOf(w), w);
      }),
      { numRuns },
    );
  });

  test("explain gives the same verdict, with a cause", () => {
    fc.assert(
      fc.property(world, (w) => {
        const engine = engineOf(w);
        const ends = endsOf(w);
        for (const from of ends) {
          for (const to of ends) {
            if (isOutside(from) && isOutside(to)) continue;
            const flow = { from, to, protocol: "TCP" as const, port: 80 };
            const explanation = engine.explain(flow);
            expect(explanation.verdict).toBe(engine.verdict(flow));
            expect(explanation.causes.length).toBeGreaterThan(0);
          }
        }
      }),
      { numRuns: numRuns / 2 },
    );
  });

  test("connections are the flows that the oracle does not deny", () => {
    fc.assert(
      fc.property(world, (w) => {
        const engine = engineOf(w);
        const connections = engine.connections("pod");
        const pairs = connections.filter(({ from, to }) => from.kind === to.kind);
        expect(engine.pairCount()).toBe(pairs.length);
        const running = w.pods.filter(({ ended }) => !ended);
        const plain = running.filter(
          ({ hostNetwork, addresses }) => !hostNetwork && addresses.length < 2,
        );
        const outside = [...new Set(connections.flatMap(({ from, to }) => [from, to]))].flatMap(
          (end) => (end.kind === "addresses" ? [end.range] : []),
        );
        const found = table(connections);
        for (const a of plain) {
          for (const b of plain) {
            if (a === b) continue;
            for (const probe of PROBES) {
              const flow = {
                from: { kind: "pod" as const, key: `${a.namespace}/${a.name}` },
                to: { kind: "pod" as const, key: `${b.namespace}/${b.name}` },
                ...probe,
              };
              const key = `${flow.from.key} ${flow.to.key} ${probe.protocol}/${probe.port}`;
              expect([key, found.get(key) ?? "denied"]).toEqual([key, naiveVerdict(w, flow)]);
            }
          }
          for (const range of outside) {
            const taken = [...w.nodes, ...running].some(({ addresses }) =>
              addresses.some((each) =>
                rangeContains({ first: range.first, last: range.first }, each),
              ),
            );
            if (taken) continue;
            const to = { kind: "address" as const, address: range.first };
            const from = { kind: "pod" as const, key: `${a.namespace}/${a.name}` };
            const rows = connections.filter(
              (row) =>
                endKey(row.from) === from.key &&
                row.to.kind === "addresses" &&
                rangeContains(row.to.range, range.first),
            );
            expect(rows.length).toBeLessThan(2);
            const place = rows.map((row) => endKey(row.to)).join();
            for (const probe of PROBES) {
              const key = `${from.key} ${place} ${probe.protocol}/${probe.port}`;
              expect([key, found.get(key) ?? "denied"]).toEqual([
                key,
                naiveVerdict(w, { from, to, ...probe }),
              ]);
            }
          }
        }
      }),
      { numRuns },
    );
  });
});

describe("changes", { timeout: 300_000 }, () => {
  const changes = fc.array(change, { minLength: 1, maxLength: 8 });

  test("applied one by one they give the index that the final state gives", () => {
    fc.assert(
      fc.property(world, changes, (start, list) => {
        const engine = engineOf(start);
        const final = list.reduce((w, each) => {
          engine.apply(each);
          return changed(w, each);
        }, start);
        expectVerdicts(engine, final);
        expect(engine.stats()).toEqual(engineOf(final).stats());
      }),
      { numRuns: numRuns / 2 },
    );
  });

  // What a verdict has found out of a row or a class must not outlive it.
  test("between which verdicts are asked leave no verdict of before behind", () => {
    fc.assert(
      fc.property(fc.oneof(world, policedWorld), moves, (start, list) => {
        const engine = engineOf(start);
        const all = changesBy(start, list);
        expectVerdicts(engine, start);
        const final = all.reduce<World>((w, each) => changed(w, each), start);
        engine.preview(all, (after) => expectVerdicts(after, final));
        expectVerdicts(engine, start);
        all.reduce((w, each) => {
          engine.apply(each);
          const next = changed(w, each);
          expectVerdicts(engine, next);
          return next;
        }, start);
      }),
      { numRuns: numRuns / 2 },
    );
  });

  test("taken back they leave nothing behind", () => {
    fc.assert(
      fc.property(world, fc.array(policy, { minLength: 1, maxLength: 4 }), (start, policies) => {
        const fresh = policies.map((each) => ({ ...each, name: `${each.name}-new` }));
        const engine = engineOf(start);
        const before = engine.stats();
        for (const object of fresh) engine.apply({ kind: "policy", op: "upsert", object });
        for (const { kind, namespace, name } of fresh) {
          engine.apply({ kind: "policy", op: "delete", key: `${kind}/${namespace}/${name}` });
        }
        expect(engine.stats()).toEqual(before);
      }),
      { numRuns: numRuns / 2 },
    );
  });

  // What was numbered and noted for objects that are gone must not count for those in their place.
  test("from one cluster to another give the index that the other gives from the start", () => {
    const anyWorld = fc.oneof(world, policedWorld);
    fc.assert(
      fc.property(anyWorld, anyWorld, fc.boolean(), (one, other, isEmptied) => {
        const before = { ...one, dataplane: other.dataplane };
        const engine = engineOf(before);
        expectVerdicts(engine, before);
        const old = changesOf(one).map(
          (each): Change => ({ kind: each.kind, op: "delete", key: changeKey(each) }),
        );
        const fresh = changesOf(other);
        const kept = new Set(fresh.map(objectKey));
        const steps = isEmptied
          ? [...old.toReversed(), ...fresh]
          : [...fresh, ...old.filter((each) => !kept.has(objectKey(each)))];
        for (const each of steps) engine.apply(each);
        expectVerdicts(engine, other);
        expect(engine.stats()).toEqual(engineOf(other).stats());
      }),
      { numRuns: numRuns / 4 },
    );
  });

  test("another dataplane gives the index that it gives from the start", () => {
    fc.assert(
      fc.property(world, world, (w, other) => {
        const engine = engineOf(w);
        engine.useDataplane(other.dataplane);
        const same = { ...w, dataplane: other.dataplane };
        expectVerdicts(engine, same);
        expect(engine.stats()).toEqual(engineOf(same).stats());
      }),
      { numRuns: numRuns / 4 },
    );
  });

  test("the order of policies does not matter", () => {
    fc.assert(
      fc.property(world, (w) => {
        const forward = table(engineOf(w).connections("pod"));
        const backward = table(
          engineOf({ ...w, policies: w.policies.toReversed() }).connections("pod"),
        );
        expect(backward).toEqual(forward);
      }),
      { numRuns: numRuns / 2 },
    );
  });
});

describe("preview", { timeout: 300_000 }, () => {
  test("is the difference of two full runs, and leaves the index as it was", () => {
    const changes = fc.array(change, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(world, changes, (start, list) => {
        expectDifference(withPast(start, [], []), list);
      }),
      { numRuns },
    );
  });

  test("so it is among policies that mind, of an engine that has answered before", () => {
    fc.assert(
      fc.property(policedWorld, moves, moves, (first, past, list) => {
        const asked = changesBy(first, list);
        const known = withPast(first, changesBy(first, past), asked);
        expectDifference(known, asked);
        expectVerdicts(known.engine, known.start);
      }),
      { numRuns },
    );
  });
});

describe("what is assumed", { timeout: 300_000 }, () => {
  test("is there for the time of the question, in previews too, and leaves no trace", () => {
    const policed = fc.oneof(world, policedWorld);
    fc.assert(
      fc.property(policed, moves, moves, (start, first, second) => {
        const assumed = changesBy(start, first);
        const engine = engineOf(start);
        const stats = engine.stats();
        const before = table(engine.connections("pod"));
        const latest = new Map(assumed.map((each) => [objectKey(each), each])).values();
        const there = [...latest].reduce<World>((w, each) => changed(w, each), start);
        const really = engineOf(there);
        const list = changesBy(there, second);
        engine.assume(assumed, () => {
          expectVerdicts(engine, there);
          const delta = engine.difference(list, "pod");
          const expected = really.difference(list, "pod");
          for (const part of ["opened", "closed", "unsure"] as const) {
            expect(flowKeys(delta[part])).toEqual(flowKeys(expected[part]));
          }
          expect(flowsOf(engine.connections("pod"))).toEqual(flowsOf(really.connections("pod")));
        });
        expect(engine.stats()).toEqual(stats);
        expect(table(engine.connections("pod"))).toEqual(before);
        expectVerdicts(engine, start);
      }),
      { numRuns },
    );
  });
});

function objectKey(each: Change): string {
  return `${each.kind} ${changeKey(each)}`;
}
