import { type CompiledRule, cutPoints } from "./compile.ts";
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
  fromPoints,
  isEmptyPorts,
  LAST_PORT,
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
import { type Ends, namedPorts, peerMatch, portMatch, ruleMatch } from "./rule-match.ts";
import { entryMatch } from "./selector-index.ts";
import { narrow, rulesByPeer } from "./tiers.ts";

/** On which ports one end lets the other through, from this direction's side alone. */
export interface Outcome {
  readonly allowed: PortSet;
  /** What cannot be decided: neither allowed nor denied. */
  readonly unknown: PortSet;
}

/** Report whether two outcomes say the same. */
export function sameOutcome(a: Outcome, b: Outcome): boolean {
  return a === b || (a.allowed.key === b.allowed.key && a.unknown.key === b.unknown.key);
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
  const outcome = isUnion(row.tiers)
    ? unite(row, { peer, destination, family })
    : foldPorts(row, { peer, destination, family });
  if (outcome.allowed.key === ALL_PORTS.key) return EVERYTHING;
  return isEmptyPorts(outcome.allowed) && isEmptyPorts(outcome.unknown) ? CLOSED : outcome;
}

/**
 * Visit the rules that match the peer, with how surely, some more than once. PERF: if there are many rules,
 * they are found from the peer's side, since few of thousands concern one peer.
 */
function eachMatch(
  row: Row,
  { peer, family }: Flow,
  visit: (rule: CompiledRule, match: Match) => void,
): void {
  if (row.rules.length <= FEW) {
    for (const rule of row.rules) {
      const match = peerMatch(rule, peer, family);
      if (match !== NO) visit(rule, match);
    }
    return;
  }
  const known = rulesByPeer(row);
  for (const rule of known.get(null) ?? []) visit(rule, YES);
  for (const entry of peer.selectors.keys()) {
    const match = entryMatch(entry, peer, family);
    for (const rule of match === NO ? [] : (known.get(entry) ?? [])) visit(rule, match);
  }
}

const FEW = 16;

type Flow = Omit<Ends, "local">;

/** Report whether NetworkPolicies decide alone: then whatever one of their rules allows is let through. */
function isUnion({ admin, networkPolicy, isolated }: Tiers): boolean {
  return admin.length === 0 && networkPolicy !== null && isolated === YES;
}

/** PERF: takes the ports of all rules at once; asking every rule about every stretch would be quadratic. */
function unite(row: Row, flow: Flow): Outcome {
  const sure: PortSet[] = [];
  const perhaps: PortSet[] = [];
  eachMatch(row, flow, (rule, match) => {
    // A Baseline tier has nothing to say to them.
    if (rule.policy.tier !== "NetworkPolicy") return;
    (match === YES ? sure : perhaps).push(rule.ports ?? ALL_PORTS);
    if (rule.names.size === 0) return;
    const { ports, match: resolved } = namedPorts(rule, flow.destination);
    (least(match, resolved) === YES ? sure : perhaps).push(ports);
  });
  const doubtful = row.sctp === "yes" ? NO_PORTS : SCTP;
  const allowed = subtractPorts(unitePorts(sure), doubtful);
  // A hostNetwork pod may or may not be on the subject's node; `verdict` knows, a class does not.
  const possible = flow.peer.host ? ALL_PORTS : unitePorts([...perhaps, doubtful]);
  return { allowed, unknown: subtractPorts(possible, allowed) };
}

/** Asks the tiers about every stretch of ports on which they may differ. */
function foldPorts(row: Row, flow: Flow): Outcome {
  const { peer, destination } = flow;
  const rules = new Map<CompiledRule, Match>();
  eachMatch(row, flow, (rule, match) => rules.set(rule, most(match, rules.get(rule) ?? NO)));
  const tiers = narrow(row.tiers, rules);
  const starts = startsOf([...rules.keys()], destination);
  const allowed: number[] = [];
  const unknown: number[] = [];
  const local = peer.host ? PERHAPS : NO;
  for (const [index, first] of starts.entries()) {
    const last = (starts[index + 1] ?? portPoint("SCTP", 65_536)) - 1;
    const matchAt = (rule: CompiledRule): Match =>
      least(rules.get(rule) ?? NO, portMatch(rule, destination, first));
    const outcomes = foldTiers(tiers, matchAt, local) | sctpDoubt(row, first);
    if (outcomes === ALLOW) allowed.push(first, last);
    else if ((outcomes & ALLOW) !== 0) unknown.push(first, last);
  }
  return { allowed: clip(allowed), unknown: clip(unknown) };
}

/** The outcomes possible at one point of the port line. */
export function outcomesAt(row: Row, ends: Ends, point: number): Outcomes {
  const outcomes = foldTiers(row.tiers, (rule) => ruleMatch(rule, ends, point), ends.local);
  return outcomes | sctpDoubt(row, point);
}

/** Where the dataplane may not enforce SCTP, its outcome is unknown wherever there are policies. */
function sctpDoubt(row: Row, point: number): Outcomes {
  const isDoubtful = row.sctp !== "yes" && !row.free && pointPort(point).protocol === "SCTP";
  return isDoubtful ? ALLOW | DENY : 0;
}

/** The points where an answer of these rules may change. */
function startsOf(rules: readonly CompiledRule[], destination: EndpointClass): readonly number[] {
  const cuts = cutPoints(rules);
  if (rules.some(({ names }) => names.size > 0)) {
    for (const { protocol, port } of destination.sample?.pod.ports ?? []) {
      cuts.add(portPoint(protocol, port)).add(portPoint(protocol, port + 1));
    }
  }
  return [...cuts].toSorted((a, b) => a - b);
}

function clip(points: readonly number[]): PortSet {
  const clipped: number[] = [];
  for (let index = 0; index < points.length; index += 2) {
    for (const protocol of PROTOCOLS) {
      clipped.push(Math.max(points[index] as number, portPoint(protocol, 1)));
      clipped.push(Math.min(points[index + 1] as number, portPoint(protocol, LAST_PORT)));
    }
  }
  return fromPoints(clipped);
}
