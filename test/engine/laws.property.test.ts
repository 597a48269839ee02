import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rangeContains } from "../../src/engine/address.ts";
import { MatchingEngine } from "../../src/engine/matching-engine.ts";
import {
  type AddressRange,
  type Change,
  type Peer,
  type Policy,
  podKey,
  policyKey,
  type Requirement,
} from "../../src/engine/model.ts";
import { hasPoint, portPoint } from "../../src/engine/port-set.ts";
import type { Endpoint, Flow, FlowEnd, FlowPair, PairDelta } from "../../src/engine/query.ts";
import { unreachable } from "../../src/errors.ts";
import { changesBy, moves } from "./arbitrary-moves.ts";
import {
  changed,
  changesOf,
  endsOf,
  PROBES,
  policedWorld,
  policy,
  world,
} from "./arbitrary-world.ts";
import { naiveVerdict, type World } from "./oracle.ts";

const numRuns = process.env["CI"] === "true" ? 2_000 : 300;

/** From less to more is let through. */
const RANK = { denied: 0, unknown: 1, allowed: 2 } as const;

function engineOf(w: World): MatchingEngine {
  const engine = new MatchingEngine({ dataplane: w.dataplane });
  for (const each of changesOf(w)) engine.apply(each);
  return engine;
}

/** Every flow of a world that policies have a say in, at every port that matters. */
function flowsOf(w: World): readonly Flow[] {
  const ends = endsOf(w);
  return ends.flatMap((from) =>
    ends.flatMap((to) =>
      from.kind === "address" && to.kind === "address"
        ? []
        : PROBES.map((probe) => ({ from, to, ...probe })),
    ),
  );
}

/** The flows whose rank before and after is not as it should be: none, or the law is broken. */
function offenders(
  before: World,
  after: World,
  isFine: (before: number, after: number) => boolean,
): readonly object[] {
  const [one, other] = [engineOf(before), engineOf(after)];
  return flowsOf(before).flatMap((flow) => {
    const verdicts = [one.verdict(flow), other.verdict(flow)] as const;
    return isFine(RANK[verdicts[0]], RANK[verdicts[1]]) ? [] : [{ flow, verdicts }];
  });
}

function withPolicy(w: World, added: Policy): World {
  return changed(w, { kind: "policy", op: "upsert", object: added });
}

const isEqual = (before: number, after: number): boolean => before === after;
const isNoLess = (before: number, after: number): boolean => after >= before;
const isNoMore = (before: number, after: number): boolean => after <= before;

describe("laws of policies", { timeout: 300_000 }, () => {
  test("one that selects no pod changes nothing", () => {
    const nobody: Requirement = { key: "nobody-has-it", operator: "Exists", values: [] };
    fc.assert(
      fc.property(world, policy, (w, each) => {
        const { subject } = each;
        const pods = [...subject.pods, nobody];
        const added = { ...each, name: "added", subject: { ...subject, pods } };
        expect(offenders(w, withPolicy(w, added), isEqual)).toEqual([]);
        const delta = engineOf(w).difference(
          [{ kind: "policy", op: "upsert", object: added }],
          "pod",
        );
        expect(delta).toEqual({ opened: [], closed: [], unsure: [] });
      }),
      { numRuns },
    );
  });

  test("a rule more in a NetworkPolicy that isolates takes no flow away", () => {
    const direction = fc.constantFrom("ingress" as const, "egress" as const);
    fc.assert(
      fc.property(world, policy, policy, direction, (w, base, other, side) => {
        fc.pre(base.tier === "NetworkPolicy" && base[side].isolates);
        const [rule] = other[side].rules;
        fc.pre(rule !== undefined && other.tier === "NetworkPolicy");
        const before = withPolicy(w, base);
        const rules = [...base[side].rules, rule];
        const after = withPolicy(w, { ...base, [side]: { isolates: true, rules } });
        expect(offenders(before, after, isNoLess)).toEqual([]);
      }),
      { numRuns },
    );
  });

  test("a first NetworkPolicy lets nothing through that was not before", () => {
    fc.assert(
      fc.property(world, policy, (w, first) => {
        fc.pre(first.tier === "NetworkPolicy");
        // Baseline denies only those whom no NetworkPolicy selects: there a first one may open.
        const before = { ...w, policies: w.policies.filter(({ tier }) => tier === "Admin") };
        expect(offenders(before, withPolicy(before, first), isNoMore)).toEqual([]);
      }),
      { numRuns },
    );
  });

  test("a block is the same as its two halves", () => {
    fc.assert(
      fc.property(world, (w) => {
        const after = { ...w, policies: w.policies.map(halved) };
        expect(offenders(w, after, isEqual)).toEqual([]);
      }),
      { numRuns },
    );
  });

  test("a flow is let through if and only if both its ends let it", () => {
    fc.assert(
      fc.property(world, (w) => {
        const engine = engineOf(w);
        for (const flow of flowsOf(w)) {
          const explained = engine.explain(flow);
          const { families } = explained;
          for (const { verdict, egress, ingress } of families.length === 0
            ? [explained]
            : families) {
            const ends = Math.min(RANK[egress.verdict], RANK[ingress.verdict]);
            if (RANK[verdict] !== ends) expect({ flow, verdict }).toEqual({ flow, ends });
          }
          const all = [...new Set(families.map(({ verdict }) => verdict))];
          if (all.length > 1) all.splice(0, all.length, "unknown");
          if (all.length > 0) expect([explained.verdict]).toEqual(all);
        }
      }),
      { numRuns: numRuns / 5 },
    );
  });
});

describe("laws of addresses", { timeout: 300_000 }, () => {
  test("an address of a pod is the pod, in the address's family alone", () => {
    fc.assert(
      fc.property(world, (w) => {
        const engine = engineOf(w);
        const pods = w.pods.map((pod): FlowEnd => ({ kind: "pod", key: podKey(pod) }));
        const own = w.pods.flatMap(({ addresses }) =>
          addresses.map((address): FlowEnd => ({ kind: "address", address })),
        );
        for (const flow of [...crossed(own, pods), ...crossed(pods, own), ...crossed(own, own)]) {
          const [verdict, naive] = [engine.verdict(flow), naiveVerdict(w, flow)];
          if (verdict !== naive) expect({ flow, verdict }).toEqual({ flow, verdict: naive });
          expect(engine.explain(flow).verdict).toBe(verdict);
        }
      }),
      { numRuns: numRuns / 5 },
    );
  });
});

describe("what is not known", { timeout: 300_000 }, () => {
  test("of undeclared namespaces every verdict is the oracle's, and no answer is taken back", () => {
    const names = fc.subarray(["a", "b", "constructor"], { maxLength: 2 });
    fc.assert(
      fc.property(world, names, (w, declared) => {
        const less = {
          ...w,
          namespaces: w.namespaces.filter(({ name }) => declared.includes(name)),
        };
        const [engine, knowing] = [engineOf(less), engineOf(w)];
        for (const flow of flowsOf(w).filter(({ port }) => port === 80)) {
          const [verdict, naive] = [engine.verdict(flow), naiveVerdict(less, flow)];
          if (verdict !== naive) expect({ flow, verdict }).toEqual({ flow, verdict: naive });
          if (verdict !== "unknown") expect(knowing.verdict(flow)).toBe(verdict);
        }
      }),
      { numRuns },
    );
  });
});

/** All flows from one list of ends to another on one port of each protocol. */
function crossed(sources: readonly FlowEnd[], targets: readonly FlowEnd[]): readonly Flow[] {
  return sources.flatMap((from) =>
    targets.flatMap((to) =>
      PROBES.filter(({ port }) => port === 80).map((probe) => ({ from, to, ...probe })),
    ),
  );
}

/** Every block of the policy in two, as two peers. */
function halved(each: Policy): Policy {
  const half = (peers: "all" | readonly Peer[]): "all" | readonly Peer[] =>
    peers === "all"
      ? peers
      : peers.flatMap((peer): readonly Peer[] => {
          if (peer.kind !== "addresses") return [peer];
          return peer.ranges.flatMap(halves).map((part) => ({ kind: "addresses", ranges: [part] }));
        });
  const inTwo = (direction: "ingress" | "egress") => ({
    ...each[direction],
    rules: each[direction].rules.map((rule) => ({ ...rule, peers: half(rule.peers) })),
  });
  return { ...each, ingress: inTwo("ingress"), egress: inTwo("egress") };
}

function halves({ first, last }: AddressRange): readonly AddressRange[] {
  if (first === last) return [{ first, last }];
  const middle = (first + last) / 2n;
  return [
    { first, last: middle },
    { first: middle + 1n, last },
  ];
}

describe("laws of changes", { timeout: 300_000 }, () => {
  test("nothing is both opened and closed, and what is taken back swaps the two", () => {
    fc.assert(
      fc.property(fc.oneof(world, policedWorld), moves, (before, steps) => {
        const list = changesBy(before, steps);
        const { after, inverses } = list.reduce<{ after: World; inverses: readonly Change[] }>(
          (sofar, each) => ({
            after: changed(sofar.after, each),
            inverses: [inverseOf(sofar.after, each), ...sofar.inverses],
          }),
          { after: before, inverses: [] },
        );
        const forth = told(before, after, engineOf(before).difference(list, "pod"));
        const back = told(before, after, engineOf(after).difference(inverses, "pod"));
        expect(forth.opened.intersection(forth.closed)).toEqual(new Set());
        expect(forth.unsure.intersection(forth.opened.union(forth.closed))).toEqual(new Set());
        expect(back).toEqual({
          opened: forth.closed,
          closed: forth.opened,
          unsure: forth.unsure,
        });
      }),
      { numRuns },
    );
  });
});

/** What takes a change back from where it was made. */
function inverseOf(before: World, each: Change): Change {
  const key = each.op === "delete" ? each.key : keyOf(each);
  const { kind } = each;
  const lists: Record<Change["kind"], readonly Change[]> = {
    pod: before.pods.map((object) => ({ kind: "pod", op: "upsert", object })),
    namespace: before.namespaces.map((object) => ({ kind: "namespace", op: "upsert", object })),
    node: before.nodes.map((object) => ({ kind: "node", op: "upsert", object })),
    policy: before.policies.map((object) => ({ kind: "policy", op: "upsert", object })),
  };
  const was = lists[kind].find((old) => old.op === "upsert" && keyOf(old) === key);
  return was ?? { kind, op: "delete", key };
}

function keyOf(each: Extract<Change, { op: "upsert" }>): string {
  switch (each.kind) {
    case "pod":
      return podKey(each.object);
    case "policy":
      return policyKey(each.object);
    case "namespace":
    case "node":
      return each.object.name;
    default:
      return unreachable(each);
  }
}

/** Which of the flows of both worlds each part of a delta tells of. */
function told(
  before: World,
  after: World,
  delta: PairDelta,
): Record<keyof PairDelta, ReadonlySet<string>> {
  const pods = [
    ...new Map([...before.pods, ...after.pods].map((pod) => [podKey(pod), pod])).values(),
  ];
  const flows = flowsOf({ ...before, pods });
  const among = (pairs: readonly FlowPair[]): ReadonlySet<string> =>
    new Set(flows.filter((flow) => pairs.some((pair) => holds(pair, flow))).map(flowText));
  return {
    opened: among(delta.opened),
    closed: among(delta.closed),
    unsure: among(delta.unsure),
  };
}

function holds({ from, to, ports }: FlowPair, flow: Flow): boolean {
  return (
    isAt(from, flow.from) &&
    isAt(to, flow.to) &&
    hasPoint(ports, portPoint(flow.protocol, flow.port))
  );
}

function isAt(end: Endpoint, place: FlowEnd): boolean {
  if (end.kind === "addresses") {
    return place.kind === "address" && rangeContains(end.range, place.address);
  }
  return place.kind === "pod" && place.key === `${end.namespace}/${end.workload.name}`;
}

function flowText({ from, to, protocol, port }: Flow): string {
  const [source, target] = [from, to].map((end) => (end.kind === "pod" ? end.key : end.address));
  return `${source} -> ${target} ${protocol}/${port}`;
}

describe("laws of questions", { timeout: 300_000 }, () => {
  test("what a namespace reaches is the best that any of its pods may do", () => {
    fc.assert(
      fc.property(world, fc.constantFrom(...PROBES), (w, probe) => {
        const engine = engineOf(w);
        const keys = endsOf(w).flatMap((end) => (end.kind === "pod" ? [end.key] : []));
        const names = [...new Set(keys.map((key) => key.slice(0, key.indexOf("/"))))];
        const podsIn = (namespace: string): readonly string[] =>
          keys.filter((key) => key.startsWith(`${namespace}/`) && engine.pod(key) !== undefined);
        for (const from of names) {
          for (const to of names) {
            const ranks = podsIn(from).flatMap((a) =>
              podsIn(to)
                .filter((b) => a !== b)
                .map(
                  (b) =>
                    RANK[
                      engine.verdict({
                        from: { kind: "pod", key: a },
                        to: { kind: "pod", key: b },
                        ...probe,
                      })
                    ],
                ),
            );
            const all = (namespace: string) =>
              ({ kind: "pods-of", namespace, name: null }) as const;
            const reached = engine.reach({ from: all(from), to: all(to), ...probe });
            expect(RANK[reached]).toBe(Math.max(0, ...ranks));
          }
        }
      }),
      { numRuns },
    );
  });
});
