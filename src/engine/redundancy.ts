import type { ClusterIndex } from "./cluster-index.ts";
import { type CompiledPolicy, type CompiledRule, contentOf, hasPart, rank } from "./compile.ts";
import { type EndpointClass, NO } from "./endpoint-class.ts";
import { DIRECTIONS, type Direction } from "./model.ts";
import { sameOutcome } from "./outcome.ts";
import { differingPeers } from "./peers.ts";
import type { Redundancy } from "./query.ts";
import { createRow, outcomeFor, type Row } from "./row.ts";
import { type Selecting, selectingPolicies, tiersOf } from "./tiers.ts";

/** How many classes may still be compared, or hundreds of rules put in order: what takes more counts as different. */
export interface Effort {
  left: number;
}

/** To put a rule in its place takes less than to compare a class, and a policy has more of them. */
const RULES_PER_CLASS = 100;

/** What of a policy is redundant, and the rules that it needs. */
interface Spare {
  readonly found: readonly Redundancy[];
  readonly needed: ReadonlySet<CompiledRule>;
}

/**
 * What of a policy could go, each rule by itself and all of them together, with no change in effect, as far as `effort`
 * allows to find out. A rule for peers that are not there yet stays, and so does its policy: it has no effect now, but
 * will have one.
 */
export function redundancyOf(index: ClusterIndex, policy: CompiledPolicy, effort: Effort): Spare {
  const { key } = policy;
  const cases = DIRECTIONS.flatMap((direction) => casesOf(index, policy, direction, effort));
  const waits = DIRECTIONS.some((direction) => policy[direction].rules.some(hasEmptyPeer));
  if (!waits && cases.length > 0 && cases.every((each) => sameWith(each, null))) {
    const because = othersOf(cases, policy);
    return { found: [{ code: "redundant-policy", policy: key, because }], needed: new Set() };
  }
  const found: Redundancy[] = [];
  const needed = new Set(DIRECTIONS.flatMap((direction) => policy[direction].rules));
  for (const direction of DIRECTIONS) {
    const mine = cases.filter((each) => each.direction === direction);
    const spare: Redundancy[] = [];
    // Backwards: of two rules that say the same it is the second that repeats.
    for (const rule of policy[direction].rules.toReversed()) {
      needed.delete(rule);
      // PERF: without as much as a list of the other rules.
      const removable =
        effort.left >= 0 && !hasEmptyPeer(rule) && mine.every((each) => canGo(each, rule, needed));
      const why = removable ? redundantRule(mine, rule, needed, policy) : null;
      // With the effort used up, the second question may have been answered wrongly.
      if (why !== null && effort.left >= 0) spare.push(why);
      else needed.add(rule);
    }
    found.push(...spare.toReversed());
  }
  return { found, needed };
}

/**
 * The same for one policy, and which others do the same to the same pods. What takes comparing more than
 * `effort` classes is not found.
 */
export function redundanciesAbout(
  index: ClusterIndex,
  key: string,
  effort: number,
): readonly Redundancy[] {
  const policy = index.policy(key);
  if (policy?.policy.readable !== true) return [];
  const size = policy.subject.members.size + policy.subject.maybe.size;
  if (size === 0 || size > effort) return [];
  const budget = { left: effort };
  const twins = twinsOf(index, policy, budget);
  return [
    ...(twins.length === 0
      ? []
      : [{ code: "duplicate-policies", policies: [key, ...twins] } as const]),
    ...redundancyOf(index, policy, budget).found,
  ];
}

function twinsOf(index: ClusterIndex, policy: CompiledPolicy, effort: Effort): readonly string[] {
  const [cls] = policy.subject.members;
  if (cls === undefined) return [];
  return selectingPolicies(cls)
    .map((each) => each.policy)
    .filter(
      (other) =>
        other !== policy &&
        other.policy.readable &&
        other.policy.tier === policy.policy.tier &&
        other.policy.priority === policy.policy.priority &&
        haveSameSubject(policy, other, effort) &&
        haveSameEffect(index, policy, other, effort),
    )
    .map(({ key }) => key);
}

function haveSameSubject(a: CompiledPolicy, b: CompiledPolicy, effort: Effort): boolean {
  if (a.subject === b.subject) return true;
  effort.left -= a.subject.members.size;
  return (
    a.subject.members.symmetricDifference(b.subject.members).size === 0 &&
    a.subject.maybe.symmetricDifference(b.subject.maybe).size === 0
  );
}

/** One row that a policy has a part in, by one set of policies. */
interface Case {
  readonly index: ClusterIndex;
  readonly policy: CompiledPolicy;
  readonly direction: Direction;
  /** A class that has this row by these policies; all such classes are alike here. */
  readonly cls: EndpointClass;
  readonly row: Row;
  readonly selecting: readonly Selecting[];
  readonly effort: Effort;
}

function casesOf(
  index: ClusterIndex,
  policy: CompiledPolicy,
  direction: Direction,
  effort: Effort,
): readonly Case[] {
  const cases = new Map<string, Case>();
  for (const classes of [policy.subject.members, policy.subject.maybe]) {
    for (const cls of classes) {
      const row = index.rows.rowOf(cls, direction);
      const selecting = selectingPolicies(cls);
      effort.left -= selecting.length / RULES_PER_CLASS;
      if (effort.left < 0) return [];
      // Classes with the same row may have it from different policies, so a policy may be redundant for one
      // and not for another.
      const keys = selecting.map((each) => each.policy.key).toSorted();
      const key = `${row.id} ${keys.join(" ")}`;
      if (!cases.has(key)) {
        cases.set(key, { index, policy, direction, cls, row, selecting, effort });
      }
    }
  }
  return [...cases.values()];
}

/** Report whether a rule can go by itself, and together with all that are not `needed`. */
function canGo(each: Case, rule: CompiledRule, needed: ReadonlySet<CompiledRule>): boolean {
  if (!sameWith(each, needed)) return false;
  const { policy, direction } = each;
  // Where rules only allow, whatever lies between two sets of them that do the same does the same.
  if (policy.policy.tier === "NetworkPolicy") return true;
  return sameWith(each, new Set(policy[direction].rules.filter((other) => other !== rule)));
}

/** Report whether the row is the same value with only those rules of the policy, or (null) without the policy. */
function sameWith(
  { index, policy, direction, cls, row, selecting, effort }: Case,
  rules: ReadonlySet<CompiledRule> | null,
): boolean {
  return sameAs(
    { index, direction, cls, row, effort },
    selecting.flatMap((each) => {
      if (each.policy !== policy) return [each];
      return rules === null ? [] : [{ ...each, policy: restricted(policy, rules, direction) }];
    }),
  );
}

function sameAs(
  { index, direction, cls, row, effort }: Omit<Case, "policy" | "selecting">,
  selecting: readonly Selecting[],
): boolean {
  for (const { policy } of selecting)
    effort.left -= policy[direction].rules.length / RULES_PER_CLASS;
  if (effort.left < 0) return false;
  const rules = tiersOf(selecting, direction);
  const other = createRow({ id: -1, key: "", direction, sctp: row.sctp }, rules);
  const { known, strangers } = differingPeers(index, row, other);
  for (const peers of strangers ? [index.selectors.partition.classes] : known) {
    for (const peer of peers) {
      effort.left--;
      if (effort.left < 0 || !areAlike(row, other, peer, direction === "egress" ? peer : cls)) {
        return false;
      }
    }
  }
  return true;
}

/** Report whether two rows say the same of a peer. */
function areAlike(row: Row, other: Row, peer: EndpointClass, destination: EndpointClass): boolean {
  return FAMILIES.every((family) =>
    sameOutcome(
      outcomeFor(row, peer, destination, family),
      outcomeFor(other, peer, destination, family),
    ),
  );
}

const FAMILIES = [4, 6, 0] as const;

/** A policy with only those of its rules. */
function restricted(
  policy: CompiledPolicy,
  kept: ReadonlySet<CompiledRule>,
  direction: Direction,
): CompiledPolicy {
  const rules = policy[direction].rules.filter((rule) => kept.has(rule));
  return { ...policy, [direction]: { ...policy[direction], rules, content: contentOf(rules) } };
}

/** Redundant because a higher tier has decided before the rule is asked, or because others say the same. */
function redundantRule(
  cases: readonly Case[],
  rule: CompiledRule,
  others: ReadonlySet<CompiledRule>,
  policy: CompiledPolicy,
): Redundancy {
  const isHigher = (other: CompiledPolicy): boolean => rank(other) < rank(policy);
  const withRule = new Set([...others, rule]);
  const isSpareAmong = (isMeant: (other: CompiledPolicy) => boolean): boolean =>
    cases.every((each) => {
      const { direction } = each;
      const selecting = each.selecting.filter(({ policy: other }) => isMeant(other));
      const whole = selecting.map((one) =>
        one.policy === policy ? { ...one, policy: restricted(policy, withRule, direction) } : one,
      );
      const identity = { id: -1, key: "", direction, sctp: each.row.sctp };
      const row = createRow(identity, tiersOf(whole, direction));
      return sameWith({ ...each, row, selecting }, others);
    });
  const { key } = policy;
  const { path } = rule;
  if (isSpareAmong((other) => !isHigher(other))) {
    // Where rules only allow, what the rest of the policy has by itself no other policy takes away.
    const isCovered =
      policy.policy.tier === "NetworkPolicy" && isSpareAmong((other) => other === policy);
    const because = isCovered ? [] : othersOf(cases, policy);
    return { code: "redundant-rule", policy: key, path, because };
  }
  const higher = new Set(
    cases.flatMap(({ selecting }) =>
      selecting.filter((each) => isHigher(each.policy)).map((each) => each.policy.key),
    ),
  );
  return { code: "shadowed-rule", policy: key, path, because: [...higher].toSorted() };
}

/** Policies beside it in the directions that it has a part in. */
function othersOf(all: readonly Case[], policy: CompiledPolicy): readonly string[] {
  const cases = all.filter(({ direction }) => hasPart(policy[direction]));
  const keys = cases.flatMap(({ selecting, direction }) =>
    selecting
      .filter(({ policy: other }) => other !== policy && hasPart(other[direction]))
      .map(({ policy: other }) => other.key),
  );
  return [...new Set(keys)].toSorted();
}

/** Report whether one of the rule's peers matches nobody. */
function hasEmptyPeer({ peers }: CompiledRule): boolean {
  return peers?.some(({ members, maybe }) => members.size + maybe.size === 0) === true;
}

/** Report whether two policies for the same pods, each alone, would let the same through. */
export function haveSameEffect(
  index: ClusterIndex,
  a: CompiledPolicy,
  b: CompiledPolicy,
  effort: Effort,
): boolean {
  const subject = [...a.subject.members];
  const identity = { id: -1, key: "", sctp: index.dataplane.sctp };
  return (
    subject.length > 0 &&
    DIRECTIONS.every((direction) => {
      if (a[direction].isolates !== b[direction].isolates) return false;
      const [waiting, other] = [a, b].map((each) =>
        contentOf(each[direction].rules.filter(hasEmptyPeer)),
      );
      if (waiting !== other) return false;
      // Where a named port leads depends on the receiving pod; in all else one class stands for all.
      const isByName = direction === "ingress" && (a.ingress.usesNames || b.ingress.usesNames);
      const speakers = new Map(subject.map((cls) => [isByName ? cls.portsKey : "", cls]));
      return speakers.values().every((cls) => {
        const alone = (policy: CompiledPolicy) => [
          { policy, match: cls.selectors.get(policy.subject) ?? NO },
        ];
        const row = createRow({ ...identity, direction }, tiersOf(alone(a), direction));
        return sameAs({ index, direction, cls, row, effort }, alone(b));
      });
    })
  );
}
