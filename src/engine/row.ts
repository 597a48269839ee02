import type { CompiledRule } from "./compile.ts";
import type { Certainty } from "./dataplane.ts";
import { type EndpointClass, type FlowFamily, type NamespaceRecord, NO } from "./endpoint-class.ts";
import type { Tiers } from "./fold.ts";
import type { Direction } from "./model.ts";
import { computeOutcome, EVERYTHING, type Outcome } from "./outcome.ts";
import { entryMatch, type SelectorEntry } from "./selector-index.ts";
import { type OrderedRules, type Rules, rulesByPeer, rulesOf } from "./tiers.ts";

/**
 * What a class may do in one direction, as a function of the peer. It depends on the class only
 * through its kind and the content of the rules that select it, so all classes alike in that share it.
 */
export interface Row extends Rules {
  readonly id: number;
  readonly key: string;
  readonly direction: Direction;
  readonly tiers: Tiers;
  /** No policy has a part in it: everything is allowed. */
  readonly free: boolean;
  /** The distinct selectors of the rules: how a peer matches them is all that the answer depends on. */
  readonly selectors: readonly SelectorEntry[];
  /** PERF: for each selector the one namespace that it is for, by which most peers are ruled out fast. */
  readonly soles: readonly (NamespaceRecord | null)[];
  readonly usesNames: boolean;
  readonly sctp: Certainty;
  readonly members: Set<EndpointClass>;
  /** The answer to a peer that no selector matches, where ports have no names in it. */
  stranger: Outcome | null;
  /** Answers so far, by how the peer matches `selectors`. */
  readonly outcomes: Outcomes;
  /** The same where ports have names, by where the destination's lead. */
  readonly outcomesByPorts: Map<string, Outcomes> | null;
}

type Outcomes = Map<number | string, Outcome>;

/** A row for these rules; it has no members yet. */
export function createRow(
  { id, key, direction, sctp }: Pick<Row, "id" | "key" | "direction" | "sctp">,
  { tiers, content, usesNames }: OrderedRules,
): Row {
  const rules = rulesOf(tiers);
  const selectors = selectorsOf(rules);
  // PERF: what a verdict reads comes first, so that it lies together in memory.
  return {
    free: content === FREE,
    usesNames,
    soles: selectors.map(({ scope }) => scope?.sole ?? null),
    selectors,
    stranger: null,
    outcomes: new Map(),
    outcomesByPorts: usesNames ? new Map() : null,
    rules,
    byPeer: null,
    tiers,
    members: new Set(),
    id,
    key,
    direction,
    sctp,
  };
}

/** The distinct selectors among the peers of `rules`. */
function selectorsOf(rules: readonly CompiledRule[]): readonly SelectorEntry[] {
  const [only, second] = rules;
  if (second === undefined && (only?.peers?.length ?? 0) < 2) return only?.peers ?? [];
  return [...new Set(rules.flatMap(({ peers }) => peers ?? []))];
}

/** The content of a row that no policy has a part in. */
const FREE = "|-|";

/**
 * On which ports a member of the row may talk with `peer`. `destination` is whichever of the two is
 * the flow's destination: it resolves named ports.
 */
export function outcomeFor(
  row: Row,
  peer: EndpointClass,
  destination: EndpointClass,
  family: FlowFamily,
): Outcome {
  if (row.free) return EVERYTHING;
  const signature = signatureOf(row, peer, family);
  if (signature === 0 && !row.usesNames) {
    row.stranger ??= computeOutcome(row, peer, destination, family);
    return row.stranger;
  }
  const outcomes = outcomesAt(row, destination);
  let outcome = outcomes.get(signature);
  if (outcome === undefined) {
    outcome = computeOutcome(row, peer, destination, family);
    outcomes.set(signature, outcome);
  }
  return outcome;
}

function outcomesAt({ outcomes, outcomesByPorts }: Row, { portsKey }: EndpointClass): Outcomes {
  if (outcomesByPorts === null) return outcomes;
  let known = outcomesByPorts.get(portsKey);
  if (known === undefined) {
    known = new Map();
    outcomesByPorts.set(portsKey, known);
  }
  return known;
}

/** PERF: 3 values a selector; as many as a small integer holds, which a Map finds fastest. */
const NUMERIC = 18;

function signatureOf(row: Row, peer: EndpointClass, family: FlowFamily): number | string {
  const { selectors, soles } = row;
  if (soles.length > NUMERIC) return longSignature(row, peer, family);
  let signature = peer.host ? 1 : 0;
  for (let index = 0; index < soles.length; index++) {
    const sole = soles[index];
    const elsewhere = sole !== null && sole !== peer.namespace;
    signature *= 3;
    if (!elsewhere) signature += entryMatch(selectors[index] as SelectorEntry, peer, family);
  }
  return signature;
}

/** By the selectors that match the peer, which are few even if a rule has thousands. */
function longSignature(row: Row, peer: EndpointClass, family: FlowFamily): string {
  const matches: string[] = [];
  const known = rulesByPeer(row);
  for (const entry of peer.selectors.keys()) {
    const match = known.has(entry) ? entryMatch(entry, peer, family) : NO;
    if (match !== NO) matches.push(`${entry.id}:${match}`);
  }
  return `${peer.host ? "h" : ""}${matches.toSorted().join()}`;
}
