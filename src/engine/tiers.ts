import type { CompiledPolicy, CompiledRule } from "./compile.ts";
import { type EndpointClass, type Match, most, NO, YES } from "./endpoint-class.ts";
import { type OrderedPolicy, type OrderedTier, rulesOfTier, type Tiers } from "./fold.ts";
import type { Direction, Tier } from "./model.ts";
import type { SelectorEntry } from "./selector-index.ts";

/** A policy that selects a class, and how surely it does. */
export interface Selecting {
  readonly policy: CompiledPolicy;
  readonly match: Match;
}

/** Rules in the order of the tiers. Where the content is the same text, they decide alike. */
export interface OrderedRules {
  readonly tiers: Tiers;
  readonly content: string;
  /** Whether a rule names ports. */
  readonly usesNames: boolean;
}

/** The policies that select a class in a direction, with how surely. */
export function selectingPolicies(cls: EndpointClass): readonly Selecting[] {
  const found: Selecting[] = [];
  for (const [entry, match] of cls.selectors) {
    for (const policy of entry.subjectOf) found.push({ policy, match });
  }
  return found;
}

/** The rules of these policies, ordered as they decide, and their content as text. */
export function tiersOf(selecting: readonly Selecting[], direction: Direction): OrderedRules {
  if (selecting.length === 0) return UNSELECTED;
  const admin = orderTier(selecting, "Admin", direction);
  const baseline = orderTier(selecting, "Baseline", direction);
  const rules = new Map<string, CompiledRule>();
  let isolated: Match = NO;
  for (const { policy, match } of selecting) {
    const part = policy[direction];
    if (policy.policy.tier !== "NetworkPolicy" || !part.isolates) continue;
    isolated = most(isolated, match);
    for (const rule of part.rules) rules.set(rule.content, rule);
  }
  const networkPolicy = isolated === NO ? null : rules;
  const inside = networkPolicy === null ? "-" : `${isolated}{${textOf(networkPolicy)}}`;
  return {
    tiers: { admin: admin.tier, networkPolicy, isolated, baseline: baseline.tier },
    content: `${admin.content}|${inside}|${baseline.content}`,
    usesNames: selecting.some(({ policy }) => policy[direction].usesNames),
  };
}

/** PERF: so are most addresses, of which a policy may tell tens of thousands apart. */
const UNSELECTED: OrderedRules = {
  tiers: { admin: [], networkPolicy: null, isolated: NO, baseline: [] },
  content: "|-|",
  usesNames: false,
};

function textOf(rules: ReadonlyMap<string, CompiledRule>): string {
  const contents = Array.from(rules.keys());
  return (contents.length < 2 ? contents : contents.toSorted()).join("\n");
}

interface TierRules {
  readonly tier: OrderedTier;
  readonly content: string;
}

const NO_RULES: TierRules = { tier: [], content: "" };

function orderTier(selecting: readonly Selecting[], tier: Tier, direction: Direction): TierRules {
  const isOf = ({ policy }: Selecting): boolean =>
    policy.policy.tier === tier && policy[direction].rules.length > 0;
  if (!selecting.some(isOf)) return NO_RULES;
  const byPriority = new Map<number, (OrderedPolicy & { readonly content: string })[]>();
  for (const { policy, match } of selecting.filter(isOf)) {
    const { rules, content } = policy[direction];
    const sure = match === YES;
    const entry = { rules, sure, content: `(${content})${sure ? "" : "?"}` };
    const same = byPriority.get(policy.policy.priority);
    if (same === undefined) byPriority.set(policy.policy.priority, [entry]);
    else same.push(entry);
  }
  const ordered = [...byPriority]
    .toSorted(([a], [b]) => a - b)
    .map(([, policies]) => policies.toSorted((a, b) => (a.content < b.content ? -1 : 1)));
  return {
    tier: ordered,
    content: ordered.map((policies) => policies.map(({ content }) => content).join("&")).join(">"),
  };
}

/** All rules, in order. */
export function rulesOf({ admin, networkPolicy, baseline }: Tiers): readonly CompiledRule[] {
  const united = Array.from(networkPolicy?.values() ?? []);
  if (admin.length === 0 && baseline.length === 0) return united;
  return [...rulesOfTier(admin), ...united, ...rulesOfTier(baseline)];
}

/** The same tiers with only these of their rules; whether the class is isolated stays as it is. */
export function narrow(tiers: Tiers, rules: ReadonlyMap<CompiledRule, unknown>): Tiers {
  const ordered = (tier: OrderedTier): OrderedTier =>
    tier.map((policies) =>
      policies.map((each) => ({ ...each, rules: each.rules.filter((rule) => rules.has(rule)) })),
    );
  const { admin, networkPolicy, isolated, baseline } = tiers;
  const united = new Map<string, CompiledRule>();
  // Their order does not matter, so the list need not be gone through.
  for (const rule of rules.keys()) {
    if (rule.policy.tier === "NetworkPolicy") united.set(rule.content, rule);
  }
  return {
    admin: ordered(admin),
    networkPolicy: networkPolicy === null ? null : united,
    isolated,
    baseline: ordered(baseline),
  };
}

/** Rules, and by which peers to find them. */
export interface Rules {
  readonly rules: readonly CompiledRule[];
  /** PERF: what `rulesByPeer` found, once it has been asked. */
  byPeer: ReadonlyMap<SelectorEntry | null, readonly CompiledRule[]> | null;
}

/** Rules by the selectors among their peers; under null those that take everybody. */
export function rulesByPeer(of: Rules): ReadonlyMap<SelectorEntry | null, readonly CompiledRule[]> {
  if (of.byPeer !== null) return of.byPeer;
  const found = new Map<SelectorEntry | null, CompiledRule[]>();
  for (const rule of of.rules) {
    for (const peer of rule.peers === null ? [null] : new Set(rule.peers)) {
      const known = found.get(peer);
      if (known === undefined) found.set(peer, [rule]);
      else known.push(rule);
    }
  }
  of.byPeer = found;
  return found;
}
