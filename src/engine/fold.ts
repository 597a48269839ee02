import type { CompiledRule } from "./compile.ts";
import { type Match, most, NO, YES } from "./endpoint-class.ts";

/** What may come of a walk: a set of outcomes as bits, since a rule may match only perhaps. */
export type Outcomes = number;
export const ALLOW = 1;
export const DENY = 2;
/** The tier has not decided; the next one goes on. */
const NEXT = 4;
/** No rule has matched yet; the next priority of the tier goes on. */
const CONTINUE = 8;

/** The rules of one policy of a tier; not `sure`: it may not select the class at all. */
export interface OrderedPolicy {
  readonly rules: readonly CompiledRule[];
  readonly sure: boolean;
}

/** Rules in the order they are asked: of one tier by priority, policy, rule. */
export type OrderedTier = readonly (readonly OrderedPolicy[])[];

/** All rules of a tier. */
export function rulesOfTier(tier: OrderedTier): readonly CompiledRule[] {
  return tier.flat().flatMap(({ rules }) => rules);
}

/** All rules that may decide on a class in one direction. */
export interface Tiers {
  readonly admin: OrderedTier;
  /** The union of the rules of the NetworkPolicies that isolate the class, by content; null: none does. */
  readonly networkPolicy: ReadonlyMap<string, CompiledRule> | null;
  /** How surely those policies select the class (hostNetwork pods: perhaps). */
  readonly isolated: Match;
  readonly baseline: OrderedTier;
}

/**
 * The one fold over the tiers: Admin, then NetworkPolicy, which decides finally for whom it selects,
 * then Baseline, then default allow (ClusterNetworkPolicy API, "Tiers").
 *
 * @param ruleMatch how surely a rule matches the peer and the port in question
 * @param local how surely peer and subject share a node: such traffic passes any NetworkPolicy
 *   (NetworkPolicySpec.ingress: "OR if the traffic source is the pod's local node")
 */
export function foldTiers(
  tiers: Tiers,
  ruleMatch: (rule: CompiledRule) => Match,
  local: Match,
): Outcomes {
  let outcomes = foldOrdered(tiers.admin, ruleMatch);
  if ((outcomes & NEXT) === 0) return outcomes;
  const networkPolicy = foldNetworkPolicies(tiers, ruleMatch, local);
  outcomes = (outcomes & ~NEXT) | networkPolicy;
  if ((networkPolicy & NEXT) === 0) return outcomes;
  const baseline = foldOrdered(tiers.baseline, ruleMatch);
  return (outcomes & ~NEXT) | (baseline & ~NEXT) | ((baseline & NEXT) === 0 ? 0 : ALLOW);
}

function foldNetworkPolicies(
  { networkPolicy, isolated }: Tiers,
  ruleMatch: (rule: CompiledRule) => Match,
  local: Match,
): Outcomes {
  if (networkPolicy === null) return NEXT;
  let allowed: Match = local;
  for (const rule of networkPolicy.values()) {
    if (allowed === YES) break;
    allowed = most(allowed, ruleMatch(rule));
  }
  const outcome = allowed === YES ? ALLOW : allowed === NO ? DENY : ALLOW | DENY;
  return isolated === YES ? outcome : outcome | NEXT;
}

function foldOrdered(tier: OrderedTier, ruleMatch: (rule: CompiledRule) => Match): Outcomes {
  let outcomes = 0;
  for (const policies of tier) {
    const priority = foldPriority(policies, ruleMatch);
    outcomes |= priority & ~CONTINUE;
    if ((priority & CONTINUE) === 0) return outcomes;
  }
  return outcomes | NEXT;
}

/** Of policies with equal priority any may win (ClusterNetworkPolicySpec.priority): all outcomes count. */
function foldPriority(
  policies: readonly OrderedPolicy[],
  ruleMatch: (rule: CompiledRule) => Match,
): Outcomes {
  let decided = 0;
  let undecided = CONTINUE;
  for (const { rules, sure } of policies) {
    const outcomes = foldRules(rules, ruleMatch) | (sure ? 0 : CONTINUE);
    decided |= outcomes & ~CONTINUE;
    undecided &= outcomes;
  }
  return decided | undecided;
}

/** The first rule that matches decides. */
function foldRules(
  rules: readonly CompiledRule[],
  ruleMatch: (rule: CompiledRule) => Match,
): Outcomes {
  let outcomes = 0;
  for (const rule of rules) {
    const match = ruleMatch(rule);
    if (match === NO) continue;
    outcomes |= outcomeOf(rule);
    if (match === YES) return outcomes;
  }
  return outcomes | CONTINUE;
}

function outcomeOf(rule: CompiledRule): Outcomes {
  switch (rule.action) {
    case "Accept":
      return ALLOW;
    case "Deny":
      return DENY;
    case "Pass":
      return NEXT;
  }
}
