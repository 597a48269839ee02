import type { CompiledRule } from "./compile.ts";
import {
  type EndpointClass,
  type FlowFamily,
  least,
  type Match,
  most,
  NO,
  PERHAPS,
  YES,
} from "./endpoint-class.ts";
import { ALLOW, DENY, foldTiers, type Outcomes, type Tiers } from "./fold.ts";
import {
  ALL_PORTS,
  EVERY_PORT,
  fromPairs,
  isEmptyPorts,
  NO_PORTS,
  type PortSet,
  PROTOCOLS,
  pointPort,
  portPoint,
  portSet,
  subtractPorts,
  unitePorts,
} from "./port-set.ts";
import type { Row } from "./row.ts";
import { type Ends, namedPorts, portMatch, ruleMatch } from "./rule-match.ts";
import { entryMatch } from "./selector-index.ts";
import { narrow } from "./tiers.ts";

/** On which ports one end lets the other through, from this direction's side alone. */
export interface Outcome {
  readonly allowed: PortSet;
  /** What cannot be decided: neither allowed nor denied. */
  readonly unknown: PortSet;
}

/** PERF: the two commonest answers are told by identity. */
const CLOSED: Outcome = { allowed: NO_PORTS, unknown: NO_PORTS };
export const EVERYTHING: Outcome = { allowed: ALL_PORTS, unknown: NO_PORTS };

const SCTP: PortSet = portSet([{ protocol: "SCTP", ...EVERY_PORT }]);

/** Report whether nobody gets through on any port. */
export function isClosed(outcome: Outcome): boolean {
  return outcome === CLOSED;
}

/** On which ports a member of the row may talk with `peer`, worked out from its rules. */
export function computeOutcome(
  row: Row,
  peer: EndpointClass,
  destination: EndpointClass,
  family: FlowFamily,
): Outcome {
  const rules = matchingRules(row, peer, family);
  const outcome = isUnion(row.tiers)
    ? unite(row, rules, peer, destination)
    : foldPorts(row, rules, peer, destination);
  if (outcome.allowed.key === ALL_PORTS.key) return EVERYTHING;
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

type Matches = ReadonlyMap<CompiledRule, Match>;

/** Whether NetworkPolicies decide alone: what their rules allow together is let through. */
function isUnion({ admin, networkPolicy, isolated }: Tiers): boolean {
  return admin.length === 0 && networkPolicy !== null && isolated === YES;
}

/** PERF: the ports of all rules at once; to ask every rule about every stretch takes their square. */
function unite(row: Row, rules: Matches, peer: EndpointClass, destination: EndpointClass): Outcome {
  const sure: PortSet[] = [];
  const perhaps: PortSet[] = [];
  for (const [rule, match] of rules) {
    // A Baseline tier has nothing to say to them.
    if (rule.policy.tier !== "NetworkPolicy") continue;
    (match === YES ? sure : perhaps).push(rule.ports ?? ALL_PORTS);
    for (const name of rule.names) {
      const { ports, match: resolved } = namedPorts(name, destination);
      (least(match, resolved) === YES ? sure : perhaps).push(ports);
    }
  }
  const doubtful = row.sctp === "yes" ? NO_PORTS : SCTP;
  const allowed = subtractPorts(unitePorts(sure), doubtful);
  // A hostNetwork pod may or may not be on the subject's node; `verdict` knows, a class does not.
  const possible = peer.host ? ALL_PORTS : unitePorts([...perhaps, doubtful]);
  return { allowed, unknown: subtractPorts(possible, allowed) };
}

/** Asks the tiers about every stretch of ports on which they may differ. */
function foldPorts(
  row: Row,
  rules: Matches,
  peer: EndpointClass,
  destination: EndpointClass,
): Outcome {
  const tiers = narrow(row.tiers, rules);
  const starts = cutPoints([...rules.keys()], destination);
  const allowed: [number, number][] = [];
  const unknown: [number, number][] = [];
  const local = peer.host ? PERHAPS : NO;
  for (const [index, first] of starts.entries()) {
    const last = (starts[index + 1] ?? portPoint("SCTP", 65_536)) - 1;
    const matchAt = (rule: CompiledRule): Match =>
      least(rules.get(rule) ?? NO, portMatch(rule, destination, first));
    const outcomes = foldTiers(tiers, matchAt, local) | sctpDoubt(row, first);
    if (outcomes === ALLOW) allowed.push([first, last]);
    else if ((outcomes & ALLOW) !== 0) unknown.push([first, last]);
  }
  return { allowed: clip(allowed), unknown: clip(unknown) };
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

/** The points where an answer of these rules may change. */
function cutPoints(rules: readonly CompiledRule[], destination: EndpointClass): readonly number[] {
  const cuts = new Set<number>(PROTOCOLS.map((protocol) => portPoint(protocol, 1)));
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
  return fromPairs(
    pairs.flatMap(([first, last]) =>
      PROTOCOLS.map((protocol): [number, number] => [
        Math.max(first, portPoint(protocol, 1)),
        Math.min(last, portPoint(protocol, 65_535)),
      ]),
    ),
  );
}
