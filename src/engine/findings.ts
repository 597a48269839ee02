import type { ClusterIndex } from "./cluster-index.ts";
import { type CompiledPolicy, type CompiledRule, readingOf } from "./compile.ts";
import { type EndpointClass, isNode, NO } from "./endpoint-class.ts";
import { DIRECTIONS, type Direction, podKey, type Workload } from "./model.ts";
import { differingPeers } from "./peers.ts";
import type { ClusterFinding } from "./query.ts";
import { createRow, outcomeFor, type Row } from "./row.ts";
import { type Selecting, selectingPolicies, tiersOf } from "./tiers.ts";

const TIER_ORDER = ["Admin", "NetworkPolicy", "Baseline"] as const;

/**
 * What could go, or does nothing, as the cluster stands. Each finding holds by itself: of two policies
 * that make each other redundant only one can go, so ask again after each removal.
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

function* policyFindings(index: ClusterIndex, policy: CompiledPolicy): Iterable<ClusterFinding> {
  const { key, subject } = policy;
  if (subject.members.size + subject.maybe.size === 0) {
    yield { code: "selects-nothing", policy: key };
    return;
  }
  yield* emptyPeers(index, policy);
  const cases = DIRECTIONS.flatMap((direction) => casesOf(index, policy, direction));
  if (cases.length > 0 && cases.every((each) => sameWithout(each, null))) {
    yield { code: "redundant-policy", policy: key, because: othersOf(cases, policy) };
    return;
  }
  for (const direction of DIRECTIONS) {
    const mine = cases.filter((each) => each.direction === direction);
    const left: CompiledRule[] = [];
    for (const rule of policy[direction].rules) {
      const removable = !isEmpty(rule) && mine.every((each) => sameWithout(each, rule));
      if (removable) yield redundantRule(mine, policy, rule);
      else left.push(rule);
    }
    yield* mergeable(policy, left);
  }
}

/** One row that a policy has a part in, by one set of policies. */
interface Case {
  readonly index: ClusterIndex;
  readonly policy: CompiledPolicy;
  readonly direction: Direction;
  /** A class with this row by these policies: others differ from it in nothing that matters here. */
  readonly cls: EndpointClass;
  readonly row: Row;
  readonly selecting: readonly Selecting[];
}

function casesOf(
  index: ClusterIndex,
  policy: CompiledPolicy,
  direction: Direction,
): readonly Case[] {
  const cases = new Map<string, Case>();
  for (const ids of [policy.subject.members, policy.subject.maybe]) {
    for (const id of ids) {
      const cls = index.selectors.classById(id);
      const row = index.rows.rowOf(cls, direction);
      const selecting = selectingPolicies(cls);
      // Classes with the same row may have it by different policies: what one can spare, another cannot.
      const keys = selecting.map((each) => each.policy.key).toSorted();
      const key = `${row.id} ${keys.join(" ")}`;
      if (!cases.has(key)) cases.set(key, { index, policy, direction, cls, row, selecting });
    }
  }
  return [...cases.values()];
}

/** Report whether the row is the same value without a rule of the policy, or (null) without the policy. */
function sameWithout(
  { index, policy, direction, cls, row, selecting }: Case,
  rule: CompiledRule | null,
): boolean {
  return sameAs(
    { index, direction, cls, row },
    selecting.flatMap((each) => {
      if (each.policy !== policy) return [each];
      return rule === null ? [] : [{ ...each, policy: withoutRule(policy, rule, direction) }];
    }),
  );
}

function sameAs(
  { index, direction, cls, row }: Pick<Case, "index" | "direction" | "cls" | "row">,
  selecting: readonly Selecting[],
): boolean {
  const rules = tiersOf(selecting, direction);
  const other = createRow({ id: -1, key: "", direction, sctp: row.sctp }, rules);
  const { known, strangers } = differingPeers(index, row, other);
  for (const peer of strangers ? index.selectors.partition.classes : known) {
    const destination = direction === "egress" ? peer : cls;
    for (const family of [4, 6, 0] as const) {
      const before = outcomeFor(row, peer, destination, family);
      const after = outcomeFor(other, peer, destination, family);
      if (before.allowed.key !== after.allowed.key || before.unknown.key !== after.unknown.key) {
        return false;
      }
    }
  }
  return true;
}

function withoutRule(
  policy: CompiledPolicy,
  rule: CompiledRule,
  direction: Direction,
): CompiledPolicy {
  const rules = policy[direction].rules.filter((each) => each !== rule);
  const content = rules.map((each) => each.content).join("\n");
  return { ...policy, [direction]: { ...policy[direction], rules, content } };
}

/** Redundant because a higher tier has decided before the rule is asked, or because others say the same. */
function redundantRule(
  cases: readonly Case[],
  policy: CompiledPolicy,
  rule: CompiledRule,
): ClusterFinding {
  const isHigher = (other: CompiledPolicy): boolean => rank(other) < rank(policy);
  const alone = cases.every((each) => {
    const selecting = each.selecting.filter(({ policy: other }) => !isHigher(other));
    const { direction } = each;
    const identity = { id: -1, key: "", direction, sctp: each.row.sctp };
    const direct = createRow(identity, tiersOf(selecting, direction));
    return sameWithout({ ...each, row: direct, selecting }, rule);
  });
  const others = othersOf(cases, policy);
  const { key } = policy;
  const { path } = rule;
  if (alone) return { code: "redundant-rule", policy: key, path, because: others };
  const higher = new Set(
    cases.flatMap(({ selecting }) =>
      selecting.filter((each) => isHigher(each.policy)).map((each) => each.policy.key),
    ),
  );
  return { code: "shadowed-rule", policy: key, path, because: [...higher].toSorted() };
}

function rank({ policy }: CompiledPolicy): number {
  return TIER_ORDER.indexOf(policy.tier) * 10_000 + policy.priority;
}

function othersOf(cases: readonly Case[], policy: CompiledPolicy): readonly string[] {
  const keys = cases.flatMap(({ selecting, direction }) =>
    selecting
      .filter(({ policy: other }) => other !== policy && takesPart(other, direction))
      .map(({ policy: other }) => other.key),
  );
  return [...new Set(keys)].toSorted();
}

function takesPart(policy: CompiledPolicy, direction: Direction): boolean {
  return policy[direction].isolates || policy[direction].rules.length > 0;
}

function isEmpty({ peers }: CompiledRule): boolean {
  return peers?.every(({ members, maybe }) => members.size + maybe.size === 0) === true;
}

/** Peers for pods that match none; blocks of addresses are never empty. */
function* emptyPeers(
  index: ClusterIndex,
  { policy, key }: CompiledPolicy,
): Iterable<ClusterFinding> {
  const reading = readingOf(policy);
  for (const direction of DIRECTIONS) {
    for (const { peers, path } of policy[direction].rules) {
      for (const [position, peer] of peers === "all" ? [] : peers.entries()) {
        const entry = peer.kind === "pods" ? index.selectors.find({ ...peer, reading }) : undefined;
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

function peersKey({ peers }: CompiledRule): string {
  return peers === null
    ? "*"
    : [...new Set(peers.map(({ id }) => id))].toSorted((a, b) => a - b).join();
}

function portsKey({ ports, names }: CompiledRule): string {
  return `${ports?.key ?? "*"} ${names.map(({ protocol, name }) => `${protocol}/${name}`).join()}`;
}

/** Policies that select the same pods and, each alone, would let the same through. */
function* duplicates(
  index: ClusterIndex,
  policies: readonly CompiledPolicy[],
): Iterable<ClusterFinding> {
  const bySubject = Map.groupBy(policies, ({ policy, subject }) => {
    const members = [...subject.members, -1, ...subject.maybe];
    return `${policy.tier} ${policy.priority} ${members.toSorted((a, b) => a - b).join()}`;
  });
  for (const group of bySubject.values()) {
    if (group.length < 2 || group[0]?.subject.members.size === 0) continue;
    const left = new Set(group);
    for (const first of group) {
      if (!left.delete(first)) continue;
      const same = [...left].filter((other) => haveSameEffect(index, first, other));
      for (const other of same) left.delete(other);
      if (same.length > 0) {
        yield { code: "duplicate-policies", policies: [first.key, ...same.map(({ key }) => key)] };
      }
    }
  }
}

function haveSameEffect(index: ClusterIndex, a: CompiledPolicy, b: CompiledPolicy): boolean {
  const [id] = a.subject.members;
  if (id === undefined) return false;
  const cls = index.selectors.classById(id);
  return DIRECTIONS.every((direction) => {
    if (a[direction].isolates !== b[direction].isolates) return false;
    const alone = (policy: CompiledPolicy) => [
      { policy, match: cls.selectors.get(policy.subject) ?? NO },
    ];
    const identity = { id: -1, key: "", direction, sctp: index.dataplane.sctp };
    const row = createRow(identity, tiersOf(alone(a), direction));
    return sameAs({ index, direction, cls, row }, alone(b));
  });
}

/** Running pods that no policy selects in a direction, by workload. */
function* unprotected(index: ClusterIndex): Iterable<ClusterFinding> {
  const found = new Map<
    string,
    { namespace: string; workload: Workload; open: Direction[]; pods: string[] }
  >();
  for (const cls of index.selectors.partition.classes) {
    if (cls.kind === "address" || isNode(cls)) continue;
    const selecting = selectingPolicies(cls);
    const open = DIRECTIONS.filter(
      (direction) => !selecting.some(({ policy }) => takesPart(policy, direction)),
    );
    if (open.length === 0) continue;
    for (const { pod } of cls.pods) {
      const { namespace, workload } = pod;
      const key = `${namespace}/${workload.kind}/${workload.name}/${open.join()}`;
      const known = found.get(key);
      if (known === undefined) found.set(key, { namespace, workload, open, pods: [podKey(pod)] });
      else known.pods.push(podKey(pod));
    }
  }
  for (const [, { namespace, workload, open, pods }] of [...found].toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  )) {
    yield { code: "unprotected", namespace, workload, directions: open, pods };
  }
}
