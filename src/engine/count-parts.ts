import type { DirectionRules, Peer, Policy, Selection, Selector } from "./model.ts";

/**
 * How much there is to judge in a policy, which decides how long it takes: every rule, peer, port, range of
 * addresses, and value that a selector asks for counts as one.
 */
export function countParts({ subject, ingress, egress }: Policy): number {
  return inSelection(subject) + inDirection(ingress) + inDirection(egress);
}

function inDirection({ rules }: DirectionRules): number {
  return sum(rules, ({ peers, ports }) => {
    const inPeers = peers === "all" ? 0 : sum(peers, inPeer);
    return 1 + inPeers + (ports === "all" ? 0 : ports.length);
  });
}

function inPeer(peer: Peer): number {
  switch (peer.kind) {
    case "pods":
      return 1 + inSelection(peer.selection);
    case "addresses":
      return peer.ranges.length;
    case "nodes":
      return 1 + inSelector(peer.selector);
    case "domainNames":
      return peer.names.length;
  }
}

function inSelection({ namespaces, pods }: Selection): number {
  return inSelector(pods) + (namespaces.kind === "name" ? 0 : inSelector(namespaces.selector));
}

function inSelector(selector: Selector): number {
  return sum(selector, ({ values }) => 1 + values.length);
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0);
}
