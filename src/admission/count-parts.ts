import type { DirectionRules, Peer, Policy, Selection, Selector } from "../engine/model.ts";
import { isObject } from "../wire/shape.ts";

/** No part is written with more fields and items: a peer that asks for the absence of a label takes seven for two. */
const VALUES_PER_PART = 4;

/**
 * Report whether there are so many fields and items below `raw` that a policy of them has more than `limit` parts,
 * without reading it: to say of each that it is wrong would take longer than to judge as many.
 */
export function hasMoreParts(raw: unknown, limit: number): boolean {
  const open = [raw];
  let left = limit * VALUES_PER_PART;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const values: readonly unknown[] = Array.isArray(next)
      ? next
      : isObject(next)
        ? Object.values(next)
        : [];
    left -= values.length;
    if (left < 0) return true;
    for (const value of values) if (typeof value === "object" && value !== null) open.push(value);
  }
  return false;
}

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
