import { type CompiledRule, namedPortKey } from "./compile.ts";
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
import type { PortRange } from "./model.ts";
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
  if (rule.names.size === 0) return NO;
  const { ports, match } = namedPorts(rule, destination);
  return hasPoint(ports, point) ? match : NO;
}

/** Where ports lead that a rule names, and how surely. */
interface NamedPorts {
  readonly ports: PortSet;
  readonly match: Match;
}

/**
 * A named port is looked up on the destination pod, by name and protocol; a pod without it is not
 * matched (NetworkPolicyPort.port). An address has no names, so there it may be any of the protocol.
 * PERF: a rule may name thousands, so those of the pod are looked for among them.
 */
export function namedPorts({ names }: CompiledRule, destination: EndpointClass): NamedPorts {
  const pod = destination.namespace === null ? undefined : destination.sample?.pod;
  if (pod === undefined) return { ports: portSet(protocolsAmong(names)), match: PERHAPS };
  const found = pod.ports.filter(
    ({ protocol, name }) =>
      names.has(namedPortKey({ protocol, name })) ||
      names.has(namedPortKey({ protocol: null, name })),
  );
  return {
    ports: portSet(found.map(({ protocol, port }) => ({ protocol, first: port, last: port }))),
    match: YES,
  };
}

/** Every port of each protocol for which there is a name. */
function protocolsAmong(names: ReadonlySet<string>): readonly PortRange[] {
  const wanted = new Set(Array.from(names, (key) => key.slice(0, key.indexOf("/"))));
  return PROTOCOLS.filter((of) => wanted.has("*") || wanted.has(of)).map((protocol) => ({
    protocol,
    ...EVERY_PORT,
  }));
}
