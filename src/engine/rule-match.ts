import type { CompiledRule, NamedPort } from "./compile.ts";
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
import type { Protocol } from "./model.ts";
import { EVERY_PORT, hasPoint, type PortSet, PROTOCOLS, portSet } from "./port-set.ts";
import { entryMatch } from "./selector-index.ts";

/** Who talks to whom, and how surely they share a node. */
export interface Ends {
  readonly peer: EndpointClass;
  readonly destination: EndpointClass;
  readonly family: FlowFamily;
  readonly local: Match;
}

/** How surely a rule matches the peer at a point of the port line. */
export function ruleMatch(rule: CompiledRule, ends: Ends, point: number): Match {
  const peer = peerMatch(rule, ends.peer, ends.family);
  return peer === NO ? NO : least(peer, portMatch(rule, ends.destination, point));
}

/** How surely the rule matches the peer; a rule without peers matches everybody. */
export function peerMatch(rule: CompiledRule, peer: EndpointClass, family: FlowFamily): Match {
  const { peers, peerSet } = rule;
  if (peers === null) return YES;
  let match: Match = NO;
  // PERF: go through whichever is shorter, the peers of the rule or the selectors that match the class.
  if (peerSet === null || peers.length <= peer.selectors.size) {
    for (const entry of peers) match = most(match, entryMatch(entry, peer, family));
  } else {
    for (const entry of peer.selectors.keys()) {
      if (peerSet.has(entry)) match = most(match, entryMatch(entry, peer, family));
    }
  }
  return match;
}

/** How surely the rule matches the port (a point of the port line), named ports resolved at the destination. */
export function portMatch(rule: CompiledRule, destination: EndpointClass, point: number): Match {
  if (rule.ports === null || hasPoint(rule.ports, point)) return YES;
  return rule.names.reduce<Match>((match, name) => {
    const named = namedPorts(name, destination);
    return hasPoint(named.ports, point) ? most(match, named.match) : match;
  }, NO);
}

/** Where a port of that name leads, and how surely. */
interface NamedPorts {
  readonly ports: PortSet;
  readonly match: Match;
}

/**
 * A named port is looked up on the destination pod, by name and protocol; a pod without it is not
 * matched (NetworkPolicyPort.port). An address has no names, so there it may be any of the protocol.
 */
export function namedPorts({ protocol, name }: NamedPort, destination: EndpointClass): NamedPorts {
  const pod = destination.namespace === null ? undefined : destination.sample?.pod;
  const isWanted = (of: Protocol): boolean => protocol === null || protocol === of;
  if (pod === undefined) {
    const any = PROTOCOLS.filter(isWanted).map((of) => ({ protocol: of, ...EVERY_PORT }));
    return { ports: portSet(any), match: PERHAPS };
  }
  const found = pod.ports.filter((port) => port.name === name && isWanted(port.protocol));
  const intervals = found.map(({ protocol: of, port }) => ({
    protocol: of,
    first: port,
    last: port,
  }));
  return { ports: portSet(intervals), match: YES };
}
