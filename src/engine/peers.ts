import type { ClusterIndex } from "./cluster-index.ts";
import type { CompiledRule } from "./compile.ts";
import { type EndpointClass, YES } from "./endpoint-class.ts";
import { type OrderedTier, rulesOfTier, type Tiers } from "./fold.ts";
import type { ClassSide, Lens } from "./lens.ts";
import type { Direction } from "./model.ts";
import type { Row } from "./row.ts";
import type { SelectorEntry } from "./selector-index.ts";

/** The peers on which two rows may differ. */
export interface Peers {
  /** Classes to be looked at one by one; some may come more than once. */
  readonly known: Iterable<EndpointClass>;
  /** How many `known` yields, at most. */
  readonly size: number;
  /** Whether the rows may differ on all others too; those are then alike but for their own rows. */
  readonly strangers: boolean;
  /**
   * Whether whoever is on a node's network is known: it may be the subject's own node, which passes
   * policies. Nodes themselves are left out, as only some ask for them.
   */
  readonly hosts: boolean;
}

/** Where two rows may differ; one row and null: what it may let through. */
export function differingPeers(index: ClusterIndex, before: Row | null, after: Row | null): Peers {
  const { partition } = index.selectors;
  const selectors = differingSelectors(before, after);
  const oneMissing = before === null || after === null;
  if (selectors === null || (oneMissing && index.dataplane.sctp !== "yes")) {
    const all = new Set([...(before?.selectors ?? []), ...(after?.selectors ?? [])]);
    return { ...knownPeers(index, all, partition.hosts), strangers: true, hosts: true };
  }
  const hosts = oneMissing ? partition.hosts : new Set<EndpointClass>();
  return { ...knownPeers(index, selectors, hosts), strangers: false, hosts: oneMissing };
}

function knownPeers(
  index: ClusterIndex,
  selectors: ReadonlySet<SelectorEntry>,
  hosts: ReadonlySet<EndpointClass>,
): Pick<Peers, "known" | "size"> {
  let { size } = hosts;
  for (const { members, maybe } of selectors) size += members.size + maybe.size;
  return { known: joined(matched(index, selectors), hosts), size };
}

/** The peers that are on this side; its own list instead, where that is shorter. */
export function peersWithin(index: ClusterIndex, peers: Peers, side: ClassSide | null): Peers {
  if (side === null) return peers;
  const { size } = side;
  if (size <= (peers.strangers ? FEW : peers.size)) {
    return { ...peers, known: side.classes(), size, strangers: false };
  }
  const nodes = peers.hosts ? index.selectors.partition.nodes : [];
  return { ...peers, known: filtered(joined(peers.known, nodes), (cls) => side.has(cls)) };
}

/** All classes at this end, in sets of those that are alike to whom no selector tells them apart. */
export function classSets(
  index: ClusterIndex,
  lens: Lens,
  end: Direction,
): Iterable<ReadonlySet<EndpointClass>> {
  const side = lens.sideOf(end);
  if (side === null) return index.rows.memberSets(end);
  const sets = new Map<string, Set<EndpointClass>>();
  for (const cls of side.classes()) {
    const key = `${index.rows.rowOf(cls, end).id} ${lens.kindOf(cls, end)}`;
    const known = sets.get(key);
    if (known === undefined) sets.set(key, new Set([cls]));
    else known.add(cls);
  }
  return sets.values();
}

/** PERF: up to this many classes are looked at one by one rather than row by row. */
const FEW = 16;

function* filtered<T>(items: Iterable<T>, holds: (item: T) => boolean): Iterable<T> {
  for (const item of items) if (holds(item)) yield item;
}

/** PERF: a selector of everybody holds tens of thousands; they are passed on, not copied. */
export function* joined<T>(...parts: readonly Iterable<T>[]): Iterable<T> {
  for (const part of parts) yield* part;
}

function* matched(
  index: ClusterIndex,
  selectors: ReadonlySet<SelectorEntry>,
): Iterable<EndpointClass> {
  for (const { members, maybe } of selectors) {
    for (const id of members) yield index.selectors.classById(id);
    for (const id of maybe) yield index.selectors.classById(id);
  }
}

/** The selectors of the rules that only one row has. Null: strangers are concerned too. */
function differingSelectors(
  before: Row | null,
  after: Row | null,
): ReadonlySet<SelectorEntry> | null {
  const rules = differingRules(before, after);
  if (rules === null || rules.some(({ peers }) => peers === null)) return null;
  return new Set(rules.flatMap(({ peers }) => peers ?? []));
}

/** A row that does not exist lets nobody through, as an isolating one without rules does. */
const NOBODY: Tiers = { admin: [], networkPolicy: [], isolated: YES, baseline: [] };

function differingRules(before: Row | null, after: Row | null): readonly CompiledRule[] | null {
  const one = before?.tiers ?? NOBODY;
  const other = after?.tiers ?? NOBODY;
  if (one.isolated !== YES || other.isolated !== YES) return null;
  return [
    ...differing(one.networkPolicy ?? [], other.networkPolicy ?? []),
    ...differingTier(one.admin, other.admin),
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
  if (before.length === 0 && after.length === 0) return [];
  return orderOf(before) === orderOf(after) ? [] : [...rulesOfTier(before), ...rulesOfTier(after)];
}

function orderOf(tier: OrderedTier): string {
  return JSON.stringify(
    tier.map((policies) =>
      policies.map(({ rules, sure }) => [sure, ...rules.map(({ content }) => content)]),
    ),
  );
}
