import { array, assert, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { MatchingEngine } from "../../src/engine/matching-engine.ts";
import {
  type Change,
  type Peer,
  type Policy,
  type PortMatch,
  policyKey,
  type Rule,
} from "../../src/engine/model.ts";
import type { ClusterFinding, Connection } from "../../src/engine/query.ts";
import { changesOf, policy, world } from "./arbitrary-world.ts";
import type { World } from "./oracle.ts";

const numRuns = process.env["CI"] === "true" ? 2_000 : 300;

function engineOf(w: World): MatchingEngine {
  const engine = new MatchingEngine({ dataplane: w.dataplane });
  for (const each of changesOf(w)) engine.apply(each);
  return engine;
}

/** Who can reach whom, as text; address ranges as fine as the policies cut them are joined by ports. */
function connectivity(engine: MatchingEngine): readonly string[] {
  return engine.connections("pod").flatMap(rowsOf).toSorted();
}

function rowsOf({ from, to, allowed, unknown }: Connection): readonly string[] {
  const ends = [from, to].map((end) =>
    end.kind === "addresses" ? "" : `${end.namespace}/${end.workload.name}`,
  );
  // Ranges differ with the policies that cut them; pods do not. Ranges are held to by the samples.
  return ends.includes("") ? [] : [`${ends.join(" > ")} ${allowed.key} ? ${unknown.key}`];
}

/** Flows with addresses, at addresses in and outside every block of the generator. */
function outside(engine: MatchingEngine, w: World): readonly string[] {
  const addresses = [0n, 1n << 127n, (1n << 128n) + 0x0a00004dn, (1n << 128n) + 0x08080808n];
  return w.pods.flatMap(({ namespace, name }) => {
    const pod = { kind: "pod", key: `${namespace}/${name}` } as const;
    return addresses.flatMap((address) => {
      const other = { kind: "address", address } as const;
      return [80, 53].flatMap((port) => [
        engine.verdict({ from: pod, to: other, protocol: "TCP", port }),
        engine.verdict({ from: other, to: pod, protocol: "TCP", port }),
      ]);
    });
  });
}

function withoutRule({ ingress, egress, ...rest }: Policy, path: string): Policy {
  const keep = ({ path: each }: Rule): boolean => each !== path;
  return {
    ...rest,
    ingress: { ...ingress, rules: ingress.rules.filter(keep) },
    egress: { ...egress, rules: egress.rules.filter(keep) },
  };
}

/** One rule with the peers and ports of all. */
function merged(found: Policy, paths: readonly string[]): Policy {
  const direction = paths[0]?.includes("ingress") === true ? "ingress" : "egress";
  const rules = found[direction].rules.filter(({ path }) => paths.includes(path));
  const [first] = rules;
  if (first === undefined) return found;
  const peers = rules.flatMap((rule): (Peer | "all")[] => [
    ...(rule.peers === "all" ? [rule.peers] : rule.peers),
  ]);
  const ports = rules.flatMap((rule): (PortMatch | "all")[] => [
    ...(rule.ports === "all" ? [rule.ports] : rule.ports),
  ]);
  const one: Rule = {
    ...first,
    peers: peers.includes("all") ? "all" : peers.filter((each) => each !== "all"),
    ports: ports.includes("all") ? "all" : ports.filter((each) => each !== "all"),
  };
  const others = found[direction].rules.filter(({ path }) => !paths.includes(path));
  return { ...found, [direction]: { ...found[direction], rules: [...others, one] } };
}

/** What to do about a finding, if it says that something may go or be put together. */
function remedy(engine: MatchingEngine, found: ClusterFinding): readonly Change[] {
  const stored = (key: string): Policy => engine.policy(key) as Policy;
  const upsert = (object: Policy): Change => ({ kind: "policy", op: "upsert", object });
  switch (found.code) {
    case "selects-nothing":
    case "redundant-policy":
      return [{ kind: "policy", op: "delete", key: found.policy }];
    case "redundant-rule":
    case "shadowed-rule":
      return [upsert(withoutRule(stored(found.policy), found.path))];
    case "mergeable-rules":
      return [upsert(merged(stored(found.policy), found.paths))];
    case "duplicate-policies":
      return found.policies.slice(1).map((key) => ({ kind: "policy", op: "delete", key }));
    case "peer-selects-nothing":
    case "unprotected":
      return [];
  }
}

/** The rules that could go of one policy, which can all go together. */
function rulesByPolicy(found: readonly ClusterFinding[]): readonly (readonly ClusterFinding[])[] {
  const rules = found.flatMap((one) =>
    one.code === "redundant-rule" || one.code === "shadowed-rule" ? [one] : [],
  );
  return [...Map.groupBy(rules, (one) => one.policy).values()];
}

const REDUNDANCIES: ReadonlySet<string> = new Set([
  "redundant-policy",
  "redundant-rule",
  "shadowed-rule",
]);

/** Each pair of policies that do the same. */
function twinsIn(found: readonly ClusterFinding[]): ReadonlySet<string> {
  const pairs = found.flatMap((each) =>
    each.code === "duplicate-policies"
      ? each.policies.flatMap((one) =>
          each.policies.flatMap((other) => (one < other ? [`${one} ${other}`] : [])),
        )
      : [],
  );
  return new Set(pairs);
}

describe("findings", { timeout: 300_000 }, () => {
  test("what they say could go leaves who can reach whom as it is", () => {
    let remedies = 0;
    assert(
      property(world, array(policy, { maxLength: 3 }), (w, more) => {
        const twins = w.policies
          .slice(0, 1)
          .map((each) => ({ ...each, name: `${each.name}-twin` }));
        const policies = new Map(
          [...w.policies, ...more, ...twins].map((each) => [policyKey(each), each]),
        );
        const start = { ...w, policies: [...policies.values()] };
        const all = engineOf(start).findings();
        for (const found of [...all.map((one) => [one]), ...rulesByPolicy(all)]) {
          const engine = engineOf(start);
          const before = [connectivity(engine), outside(engine, w)];
          for (const one of found) {
            const changes = remedy(engine, one);
            remedies += changes.length;
            for (const change of changes) engine.apply(change);
          }
          expect([found, connectivity(engine), outside(engine, w)]).toEqual([found, ...before]);
        }
      }),
      { numRuns },
    );
    expect(remedies).toBeGreaterThan(numRuns / 10);
  });

  test("asked of each policy alone they are the same, and with less effort fewer", () => {
    let found = 0;
    assert(
      property(world, (w) => {
        const engine = engineOf(w);
        const whole = engine.findings();
        const alone = w.policies.flatMap((each) =>
          engine.redundanciesOf(policyKey(each), Number.POSITIVE_INFINITY),
        );
        const texts = (list: readonly ClusterFinding[]): readonly string[] =>
          list
            .filter(({ code }) => REDUNDANCIES.has(code))
            .map(asText)
            .toSorted();
        expect(texts(alone)).toEqual(texts(whole));
        expect(twinsIn(alone)).toEqual(twinsIn(whole));
        const about = w.policies.flatMap((each) => engine.findingsAbout(policyKey(each)));
        const single = whole.filter((each) => "policy" in each);
        expect(about.map(asText).toSorted()).toEqual(single.map(asText).toSorted());
        found += texts(alone).length;
        for (const effort of [0, 1, 5]) {
          const some = w.policies.flatMap((each) => engine.redundanciesOf(policyKey(each), effort));
          // A policy that could go, if there had been time to see it, has rules that could go.
          const going = whole.flatMap((each) =>
            each.code === "redundant-policy" ? [each.policy] : [],
          );
          const proved = some.filter((each) => !("policy" in each && going.includes(each.policy)));
          expect(texts(whole)).toEqual(expect.arrayContaining([...texts(proved)]));
        }
      }),
      { numRuns: numRuns / 2 },
    );
    expect(found).toBeGreaterThan(numRuns / 20);
  });

  test("asking changes nothing", () => {
    assert(
      property(world, (w) => {
        const engine = engineOf(w);
        const before = [engine.stats(), connectivity(engine)];
        engine.findings();
        expect([engine.stats(), connectivity(engine)]).toEqual(before);
      }),
      { numRuns: numRuns / 4 },
    );
  });
});

function asText(finding: ClusterFinding): string {
  return JSON.stringify(finding);
}
