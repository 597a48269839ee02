import type { ClusterIndex } from "./cluster-index.ts";
import type { CompiledRule } from "./compile.ts";
import type { EndpointClass } from "./endpoint-class.ts";
import type { OrderedTier } from "./fold.ts";
import type { Row } from "./row.ts";
import type { SelectorEntry } from "./selector-index.ts";

/**
 * The classes on which two rows may differ (one row and null: which it may let through). A class that
 * no selector of a rule in question matches is on all others' side.
 */
export function* differingPeers(
  index: ClusterIndex,
  before: Row | null,
  after: Row | null,
): Iterable<EndpointClass> {
  const { partition } = index.selectors;
  const selectors = differingSelectors(before, after);
  const oneMissing = before === null || after === null;
  if (selectors === null || (oneMissing && index.dataplane.sctp !== "yes")) {
    yield* partition.classes;
    return;
  }
  const seen = new Set<number>();
  // A host may be the subject's own node, which passes policies: never a stranger like all others.
  if (oneMissing) {
    for (const cls of partition.hosts) {
      seen.add(cls.id);
      yield cls;
    }
  }
  for (const { members, maybe } of selectors) {
    for (const ids of [members, maybe]) {
      for (const id of ids) {
        if (seen.has(id)) continue;
        seen.add(id);
        yield index.selectors.classById(id);
      }
    }
  }
}

/** Null: strangers are concerned too. */
function differingSelectors(
  before: Row | null,
  after: Row | null,
): ReadonlySet<SelectorEntry> | null {
  const rules = differingRules(before, after);
  if (rules === null) return null;
  const selectors = new Set<SelectorEntry>();
  for (const { peers } of rules) {
    if (peers === null) return null;
    for (const peer of peers) selectors.add(peer);
  }
  return selectors;
}

function differingRules(before: Row | null, after: Row | null): readonly CompiledRule[] | null {
  const one = before?.tiers;
  const other = after?.tiers;
  // A row that does not exist lets nobody through, as an isolating one without rules does.
  const isolatedBefore = one === undefined ? 2 : one.isolated;
  const isolatedAfter = other === undefined ? 2 : other.isolated;
  if (isolatedBefore !== isolatedAfter || isolatedBefore !== 2) return null;
  return [
    ...differing(one?.networkPolicy ?? [], other?.networkPolicy ?? []),
    ...differingTier(one?.admin ?? [], other?.admin ?? []),
  ];
}

/** Rules in only one of the lists; both know each content once. */
function differing(
  before: readonly CompiledRule[],
  after: readonly CompiledRule[],
): readonly CompiledRule[] {
  const contentBefore = new Set(before.map(({ content }) => content));
  const contentAfter = new Set(after.map(({ content }) => content));
  return [
    ...before.filter(({ content }) => !contentAfter.has(content)),
    ...after.filter(({ content }) => !contentBefore.has(content)),
  ];
}

/** Order matters in a tier: unless it is the same, every rule of it is in question. */
function differingTier(before: OrderedTier, after: OrderedTier): readonly CompiledRule[] {
  const text = (tier: OrderedTier): string =>
    tier
      .map((policies) =>
        policies.map((rules) => rules.map(({ content }) => content).join("\n")).join("&"),
      )
      .join(">");
  return text(before) === text(after) ? [] : [...before.flat(2), ...after.flat(2)];
}
