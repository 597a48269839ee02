import type { CompiledRule } from "./compile.ts";
import type { Certainty } from "./dataplane.ts";
import {
  type EndpointClass,
  type FlowFamily,
  least,
  type Match,
  most,
  type NamespaceRecord,
  NO,
  PERHAPS,
  YES,
} from "./endpoint-class.ts";
import { ALLOW, DENY, foldTiers, type Outcomes, type Tiers } from "./fold.ts";
import type { Direction } from "./model.ts";
import {
  ALL_PORTS,
  fromPairs,
  hasPoint,
  isEmptyPorts,
  NO_PORTS,
  type PortSet,
  PROTOCOLS,
  pointPort,
  portPoint,
} from "./port-set.ts";
import { entryMatch, type SelectorEntry } from "./selector-index.ts";
import { narrow, type OrderedRules, rulesByPeer, rulesOf } from "./tiers.ts";

/** On which ports one end lets the other through, from this direction's side alone. */
export interface Outcome {
  readonly allowed: PortSet;
  /** What cannot be decided: neither allowed nor denied. */
  readonly unknown: PortSet;
}

/** PERF: the two commonest answers are told by identity. */
const CLOSED: Outcome = { allowed: NO_PORTS, unknown: NO_PORTS };
const EVERYTHING: Outcome = { allowed: ALL_PORTS, unknown: NO_PORTS };

/**
 * What a class may do in one direction, as a function of the peer. It depends on the class only
 * through its kind and the content of the rules that select it, so all classes alike in that share it.
 */
export interface Row {
  readonly id: number;
  readonly key: string;
  readonly direction: Direction;
  readonly tiers: Tiers;
  /** No policy has a part in it: everything is allowed. */
  readonly free: boolean;
  /** The distinct selectors of the rules: how a peer matches them is all that the answer depends on. */
  readonly selectors: readonly SelectorEntry[];
  readonly rulesByPeer: ReadonlyMap<SelectorEntry | null, readonly CompiledRule[]>;
  /** PERF: beside each selector the one namespace it is for, to turn most peers down at a glance. */
  readonly soles: readonly (NamespaceRecord | null)[];
  readonly usesNames: boolean;
  readonly sctp: Certainty;
  readonly members: Set<EndpointClass>;
  /** The answer to a peer that no selector matches, where ports have no names in it. */
  stranger: Outcome | null;
  /** Answers so far, by the destination's named ports and by how the peer matches `selectors`. */
  readonly outcomes: Map<string, Map<number | string, Outcome>>;
}

/** A row for these rules; it has no members yet. */
export function createRow(
  identity: Pick<Row, "id" | "key" | "direction" | "sctp">,
  { tiers, content }: OrderedRules,
): Row {
  const all = rulesOf(tiers);
  const selectors = [...new Set(all.flatMap(({ peers }) => peers ?? []))];
  // PERF: what a verdict reads comes first, so that it lies together in memory.
  return {
    free: content === FREE,
    usesNames: all.some(({ names }) => names.length > 0),
    soles: selectors.map(({ scope }) => scope?.sole ?? null),
    selectors,
    rulesByPeer: rulesByPeer(all),
    stranger: null,
    outcomes: new Map(),
    tiers,
    members: new Set(),
    ...identity,
  };
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
  const ports = row.usesNames ? destination.portsKey : "";
  let outcomes = row.outcomes.get(ports);
  if (outcomes === undefined) {
    outcomes = new Map();
    row.outcomes.set(ports, outcomes);
  }
  let outcome = outcomes.get(signature);
  if (outcome === undefined) {
    outcome = computeOutcome(row, peer, destination, family);
    outcomes.set(signature, outcome);
  }
  return outcome;
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

/** The selectors that know the peer: of a rule with thousands of them they are few. */
function longSignature(row: Row, peer: EndpointClass, family: FlowFamily): string {
  const matches: string[] = [];
  for (const entry of peer.selectors.keys()) {
    const match = row.rulesByPeer.has(entry) ? entryMatch(entry, peer, family) : NO;
    if (match !== NO) matches.push(`${entry.id}:${match}`);
  }
  return `${peer.host ? "h" : ""}${matches.toSorted().join()}`;
}

function computeOutcome(
  row: Row,
  peer: EndpointClass,
  destination: EndpointClass,
  family: FlowFamily,
): Outcome {
  const peers = matchingRules(row, peer, family);
  const tiers = narrow(row.tiers, peers);
  const starts = cutPoints([...peers.keys()], destination);
  const allowed: [number, number][] = [];
  const unknown: [number, number][] = [];
  // A hostNetwork pod may or may not be on the subject's node; `verdict` knows, a class does not.
  const local = peer.host ? PERHAPS : NO;
  for (const [index, first] of starts.entries()) {
    const last = (starts[index + 1] ?? portPoint("SCTP", 65_536)) - 1;
    const matchAt = (rule: CompiledRule): Match =>
      least(peers.get(rule) ?? NO, portMatch(rule, destination, first));
    const outcomes = foldTiers(tiers, matchAt, local) | sctpDoubt(row, first);
    if (outcomes === ALLOW) allowed.push([first, last]);
    else if ((outcomes & ALLOW) !== 0) unknown.push([first, last]);
  }
  const outcome = { allowed: clip(allowed), unknown: clip(unknown) };
  if (outcome.allowed === ALL_PORTS) return EVERYTHING;
  return isEmptyPorts(outcome.allowed) && isEmptyPorts(outcome.unknown) ? CLOSED : outcome;
}

/**
 * The rules that one of the peer's selectors is a peer of, with how surely. PERF: found from the peer's
 * side, since of a policy with thousands of rules few concern one peer.
 */
function matchingRules(
  row: Row,
  peer: EndpointClass,
  family: FlowFamily,
): ReadonlyMap<CompiledRule, Match> {
  const found = new Map<CompiledRule, Match>();
  for (const rule of row.rulesByPeer.get(null) ?? []) found.set(rule, YES);
  for (const entry of peer.selectors.keys()) {
    const match = entryMatch(entry, peer, family);
    for (const rule of match === NO ? [] : (row.rulesByPeer.get(entry) ?? [])) {
      found.set(rule, most(match, found.get(rule) ?? NO));
    }
  }
  return found;
}

/** Who talks to whom, and how surely they share a node. */
export interface Ends {
  readonly peer: EndpointClass;
  readonly destination: EndpointClass;
  readonly family: FlowFamily;
  readonly local: Match;
}

/** The outcomes possible at one point of the port line. */
export function outcomesAt(row: Row, ends: Ends, point: number): Outcomes {
  const outcomes = foldTiers(row.tiers, (rule) => ruleMatch(rule, ends, point), ends.local);
  return outcomes | sctpDoubt(row, point);
}

/** Where a dataplane may not enforce SCTP, nothing is known of it wherever there are policies. */
function sctpDoubt(row: Row, point: number): Outcomes {
  const isDoubtful = row.sctp !== "yes" && !row.free && pointPort(point).protocol === "SCTP";
  return isDoubtful ? ALLOW | DENY : 0;
}

/** How surely a rule matches the peer at a point of the port line. */
export function ruleMatch(rule: CompiledRule, ends: Ends, point: number): Match {
  const peer = peerMatch(rule, ends.peer, ends.family);
  return peer === NO ? NO : least(peer, portMatch(rule, ends.destination, point));
}

export function peerMatch(rule: CompiledRule, peer: EndpointClass, family: FlowFamily): Match {
  const { peers, peerSet } = rule;
  if (peers === null) return YES;
  let match: Match = NO;
  // PERF: whichever is shorter, the peers of the rule or the selectors that know the class.
  if (peers.length <= peer.selectors.size) {
    for (const entry of peers) match = most(match, entryMatch(entry, peer, family));
  } else {
    for (const entry of peer.selectors.keys()) {
      if (peerSet.has(entry)) match = most(match, entryMatch(entry, peer, family));
    }
  }
  return match;
}

function portMatch(rule: CompiledRule, destination: EndpointClass, point: number): Match {
  if (rule.ports === null || hasPoint(rule.ports, point)) return YES;
  return rule.names.reduce<Match>(
    (match, { protocol, name }) =>
      most(match, namedPortMatch(destination, { protocol, name }, point)),
    NO,
  );
}

/**
 * A named port is looked up on the destination pod, by name and protocol; a pod without it is not
 * matched (NetworkPolicyPort.port). An address has no names, so there it cannot be decided.
 */
function namedPortMatch(
  destination: EndpointClass,
  named: { readonly protocol: string | null; readonly name: string },
  point: number,
): Match {
  const pod = destination.namespace === null ? undefined : destination.sample?.pod;
  const { protocol, port } = pointPort(point);
  if (pod === undefined)
    return named.protocol === null || named.protocol === protocol ? PERHAPS : NO;
  const found = pod.ports.some(
    (candidate) =>
      candidate.name === named.name &&
      candidate.port === port &&
      candidate.protocol === protocol &&
      (named.protocol === null || named.protocol === protocol),
  );
  return found ? YES : NO;
}

/** The points where an answer of these rules may change. */
function cutPoints(rules: readonly CompiledRule[], destination: EndpointClass): readonly number[] {
  const cuts = new Set<number>(PROTOCOLS.map((protocol) => portPoint(protocol, 0)));
  for (const { ports } of rules) {
    for (const [index, bound] of (ports?.bounds ?? []).entries()) {
      cuts.add(index % 2 === 0 ? bound : bound + 1);
    }
  }
  if (rules.some(({ names }) => names.length > 0)) {
    for (const { protocol, port } of destination.sample?.pod.ports ?? []) {
      cuts.add(portPoint(protocol, port)).add(portPoint(protocol, port + 1));
    }
  }
  return [...cuts].toSorted((a, b) => a - b);
}

function clip(pairs: readonly (readonly [number, number])[]): PortSet {
  if (pairs.length === 0) return NO_PORTS;
  const inside = fromPairs(
    pairs.flatMap(([first, last]) =>
      PROTOCOLS.map((protocol): [number, number] => [
        Math.max(first, portPoint(protocol, 1)),
        Math.min(last, portPoint(protocol, 65_535)),
      ]),
    ),
  );
  return inside.key === ALL_PORTS.key ? ALL_PORTS : inside;
}

/** Report whether nobody gets through on any port. */
export function isClosed(outcome: Outcome): boolean {
  return outcome === CLOSED;
}
