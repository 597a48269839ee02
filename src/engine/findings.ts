import type { ClusterIndex } from "./cluster-index.ts";
import {
  type CompiledDirection,
  type CompiledPolicy,
  type CompiledRule,
  peersKey,
  portsKey,
  readingOf,
} from "./compile.ts";
import { isNode } from "./endpoint-class.ts";
import { DIRECTIONS, type Direction, podKey, type Workload, workloadKey } from "./model.ts";
import type { ClusterFinding } from "./query.ts";
import { type Effort, haveSameEffect, redundancyOf } from "./redundancy.ts";
import { selectingPolicies } from "./tiers.ts";

/**
 * What has no effect in the cluster as it stands. All redundant rules of one policy can go together. Else each finding
 * holds by itself: of two policies that make each other redundant only one can go, so ask again after each removal.
 */
export function findingsOf(index: ClusterIndex): readonly ClusterFinding[] {
  index.rows.settle();
  const policies = [...index.policies()].filter(({ policy }) => policy.readable);
  return [
    ...policies.flatMap((policy) => [...policyFindings(index, policy)]),
    ...duplicates(index, policies),
    ...unprotected(index),
  ];
}

/** The same of one policy, without its duplicates. */
export function findingsAbout(index: ClusterIndex, key: string): readonly ClusterFinding[] {
  const policy = index.policy(key);
  return policy?.policy.readable === true ? [...policyFindings(index, policy)] : [];
}

function* policyFindings(index: ClusterIndex, policy: CompiledPolicy): Iterable<ClusterFinding> {
  const { key, subject } = policy;
  if (subject.members.size + subject.maybe.size === 0) {
    yield { code: "selects-nothing", policy: key };
    return;
  }
  yield* emptyPeers(index, policy);
  const { found, needed } = redundancyOf(index, policy, NO_LIMIT);
  yield* found;
  for (const direction of DIRECTIONS) {
    yield* mergeable(
      policy,
      policy[direction].rules.filter((rule) => needed.has(rule)),
    );
  }
}

const NO_LIMIT: Effort = { left: Number.POSITIVE_INFINITY };

/** Peers for pods that match none; blocks of addresses are never empty. */
function* emptyPeers(
  index: ClusterIndex,
  { policy, key }: CompiledPolicy,
): Iterable<ClusterFinding> {
  const reading = readingOf(policy);
  for (const direction of DIRECTIONS) {
    for (const { peers, path } of policy[direction].rules) {
      for (const [position, peer] of peers === "all" ? [] : peers.entries()) {
        const entry = peer.kind === "pods" ? index.selectors.find(peer, reading) : undefined;
        if (entry === undefined || entry.members.size + entry.maybe.size > 0) continue;
        const list = direction === "ingress" ? "from" : "to";
        yield { code: "peer-selects-nothing", policy: key, path: `${path}.${list}[${position}]` };
      }
    }
  }
}

/**
 * Two NetworkPolicy rules with the same peers are one with the ports of both, and two with the same
 * ports are one with the peers of both: a rule is the product of its peers and its ports.
 */
function* mergeable(
  { policy, key }: CompiledPolicy,
  rules: readonly CompiledRule[],
): Iterable<ClusterFinding> {
  if (policy.tier !== "NetworkPolicy") return;
  const seen = new Set<CompiledRule>();
  for (const keyOf of [peersKey, portsKey]) {
    for (const group of Map.groupBy(rules, keyOf).values()) {
      const [first, second] = group;
      if (first === undefined || second === undefined || group.some((rule) => seen.has(rule)))
        continue;
      for (const rule of group) seen.add(rule);
      yield {
        code: "mergeable-rules",
        policy: key,
        paths: group.map(({ path }) => path),
        same: keyOf === peersKey ? "peers" : "ports",
      };
    }
  }
}

/** Policies that select the same pods and, each alone, would let the same through. */
function* duplicates(
  index: ClusterIndex,
  policies: readonly CompiledPolicy[],
): Iterable<ClusterFinding> {
  const bySubject = Map.groupBy(policies, ({ policy, subject }) => {
    const [members, maybe] = [subject.members, subject.maybe].map((classes) =>
      Array.from(classes, ({ id }) => id).toSorted((a, b) => a - b),
    );
    return `${policy.tier} ${policy.priority} ${members?.join()}|${maybe?.join()}`;
  });
  for (const group of bySubject.values()) {
    if (group[0]?.subject.members.size === 0) continue;
    const left = new Set(group);
    for (const first of group) {
      if (!left.delete(first)) continue;
      const same = [...left].filter((other) => haveSameEffect(index, first, other, NO_LIMIT));
      for (const other of same) left.delete(other);
      if (same.length > 0) {
        yield { code: "duplicate-policies", policies: [first.key, ...same.map(({ key }) => key)] };
      }
    }
  }
}

/** Report whether a direction of a policy closes anything: a tier's rule that accepts or passes does not. */
function restricts({ isolates, rules }: CompiledDirection): boolean {
  return isolates || rules.some(({ action }) => action === "Deny");
}

/** Running pods that no policy restricts in a direction, by workload. */
function* unprotected(index: ClusterIndex): Iterable<ClusterFinding> {
  const found = new Map<
    string,
    { namespace: string; workload: Workload; open: Direction[]; pods: string[] }
  >();
  for (const cls of index.selectors.partition.classes) {
    if (cls.kind === "address" || isNode(cls)) continue;
    const selecting = selectingPolicies(cls);
    const open = DIRECTIONS.filter(
      (direction) => !selecting.some(({ policy }) => restricts(policy[direction])),
    );
    if (open.length === 0) continue;
    for (const { pod } of cls.pods) {
      const { namespace, workload } = pod;
      const key = `${workloadKey(pod)}/${open.join()}`;
      const known = found.get(key);
      if (known === undefined) found.set(key, { namespace, workload, open, pods: [podKey(pod)] });
      else known.pods.push(podKey(pod));
    }
  }
  for (const { namespace, workload, open, pods } of found.values()) {
    yield { code: "unprotected", namespace, workload, directions: open, pods };
  }
}
