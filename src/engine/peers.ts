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
  /** Classes to be looked at one by one; some may be in more than one of the lists. */
  readonly known: readonly Iterable<EndpointClass>[];
  /** How many there are in `known`, at most. */
  readonly size: number;
  /** Whether the rows may differ on all other classes too; those are then alike except for their own rows. */
  readonly strangers: boolean;
  /**
   * Whether pods on a node's network are among `known`: they may be on the subject's own node, whose
   * traffic passes policies. Nodes themselves are left out, as only some callers ask for them.
   */
  readonly hosts: boolean;
}

/** The peers on which two rows may differ; with one row and null, the peers that the row may let through. */
export function differingPeers(index: ClusterIndex, before: Row | null, after: Row | null): Peers {
  const { partition } = index.selectors;
  const selectors = differingSelectors(before, after);
  const oneMissing = before === null || after === null;
  if (selectors === null || (oneMissing && index.dataplane.sctp !== "yes")) {
    const all = new Set([...(before?.selectors ?? []), ...(after?.selectors ?? [])]);
    return knownPeers(all, partition.hosts, { strangers: true, hosts: true });
  }
  const hosts = oneMissing ? partition.hosts : NOBODY;
  return knownPeers(selectors, hosts, { strangers: false, hosts: oneMissing });
}

const NOBODY: ReadonlySet<EndpointClass> = new Set();

/** PERF: a selector of everybody holds tens of thousands; they are passed on, not copied. */
function knownPeers(
  selectors: Iterable<SelectorEntry>,
  hosts: ReadonlySet<EndpointClass>,
  { strangers, hosts: areHostsKnown }: Pick<Peers, "strangers" | "hosts">,
): Peers {
  const known: ReadonlySet<EndpointClass>[] = [];
  let size = 0;
  const add = (classes: ReadonlySet<EndpointClass>): void => {
    if (classes.size === 0) return;
    known.push(classes);
    size += classes.size;
  };
  for (const { members, maybe } of selectors) {
    add(members);
    add(maybe);
  }
  add(hosts);
  return { known, size, strangers, hosts: areHostsKnown };
}

/** The peers that are on this side; its own list instead, where that is shorter. */
export function peersWithin(index: ClusterIndex, peers: Peers, side: ClassSide | null): Peers {
  if (side === null) return peers;
  const { size } = side;
  if (size <= (peers.strangers ? FEW : peers.size)) {
    return { ...peers, known: [side.classes()], size, strangers: false };
  }
  const nodes = peers.hosts ? index.selectors.partition.nodes : [];
  return { ...peers, known: [...peers.known, nodes].map((classes) => filtered(classes, side)) };
}

/** Classes with the same row: alike for everybody whose selectors do not tell them apart. */
export interface ClassSet {
  readonly row: Row;
  readonly classes: ReadonlySet<EndpointClass>;
}

/** All classes at this end, in sets of those that are alike. */
export function classSets(index: ClusterIndex, lens: Lens, end: Direction): readonly ClassSet[] {
  const { rows, selectors } = index;
  const side = lens.sideOf(end);
  const byPorts = arePortsAsked(index, end);
  if (side === null && !byPorts) {
    return Array.from(rows.current(end), (row) => ({ row, classes: row.members }));
  }
  const sets = new Map<string, ClassSet & { readonly classes: Set<EndpointClass> }>();
  for (const cls of side?.classes() ?? selectors.partition.classes) {
    const row = rows.rowOf(cls, end);
    const key = `${row.id} ${lens.kindOf(cls, end)} ${byPorts ? cls.portsKey : ""}`;
    const known = sets.get(key);
    if (known === undefined) sets.set(key, { row, classes: new Set([cls]) });
    else known.classes.add(cls);
  }
  return [...sets.values()];
}

/** Report whether others may ask the pods at this end where their named ports lead. */
export function arePortsAsked(index: ClusterIndex, end: Direction): boolean {
  return end === "ingress" && index.rows.nameSome("egress");
}

/** PERF: up to this many classes are looked at one by one rather than row by row. */
const FEW = 16;

function* filtered(classes: Iterable<EndpointClass>, side: ClassSide): Iterable<EndpointClass> {
  for (const cls of classes) if (side.has(cls)) yield cls;
}

/** The selectors of the rules that only one row has. Null: strangers are concerned too. */
function differingSelectors(
  before: Row | null,
  after: Row | null,
): ReadonlySet<SelectorEntry> | null {
  const one = before?.tiers ?? SHUT;
  const other = after?.tiers ?? SHUT;
  if (one.isolated !== YES || other.isolated !== YES) return null;
  const [mine, others] = [one.networkPolicy ?? NO_RULES, other.networkPolicy ?? NO_RULES];
  const selectors = new Set<SelectorEntry>();
  let everybody = false;
  const add = ({ peers }: CompiledRule): void => {
    if (peers === null) everybody = true;
    for (const entry of peers ?? []) selectors.add(entry);
  };
  mine.forEach((rule, content) => others.has(content) || add(rule));
  others.forEach((rule, content) => mine.has(content) || add(rule));
  for (const rule of differingTier(one.admin, other.admin)) add(rule);
  return everybody ? null : selectors;
}

type Rules = ReadonlyMap<string, CompiledRule>;

const NO_RULES: Rules = new Map();

/** A row that does not exist lets nobody through, as an isolating one without rules does. */
const SHUT: Tiers = { admin: [], networkPolicy: NO_RULES, isolated: YES, baseline: [] };

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
