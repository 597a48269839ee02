import { rangesCover } from "../../engine/address.ts";
import {
  DIRECTIONS,
  NAME_LABEL,
  type NamespaceScope,
  type Peer,
  type Policy,
  type PortMatch,
  policyKey,
  type Requirement,
  type Rule,
  type Selector,
} from "../../engine/model.ts";
import { isEmptyPorts, type PortSet, portSet, subtractPorts } from "../../engine/port-set.ts";
import type { Redundancy } from "../../engine/query.ts";
import { selectorKey } from "../../engine/selector.ts";

/** PERF: how many pairs of peers are compared; so many take some 20 ms. */
const MAX_PAIRS = 40_000;

/**
 * What of a NetworkPolicy says again what it or one of `others` says, whoever runs: told by how it is written
 * alone, for where nobody knows the pods. An empty answer proves nothing.
 */
export function repeatedIn(policy: Policy, others: Iterable<Policy>): readonly Redundancy[] {
  const key = policyKey(policy);
  const twins = [...others].filter(
    (other) => policyKey(other) !== key && other.readable && saySame(policy, other),
  );
  if (twins.length > 0) {
    return [{ code: "duplicate-policies", policies: [key, ...twins.map(policyKey)] }];
  }
  return DIRECTIONS.flatMap((direction) =>
    repeatedRules(policy[direction].rules).map(({ path }): Redundancy => {
      return { code: "redundant-rule", policy: key, path, because: [] };
    }),
  );
}

/** The rules that others cover; of two that say the same the second. */
function repeatedRules(rules: readonly Rule[]): readonly Rule[] {
  if (sizeOf(rules) ** 2 > MAX_PAIRS) return [];
  const kept = new Set(rules);
  for (const rule of rules.toReversed()) {
    kept.delete(rule);
    if (!kept.values().some((other) => covers(other, rule))) kept.add(rule);
  }
  return rules.filter((rule) => !kept.has(rule));
}

function saySame(a: Policy, b: Policy): boolean {
  if (selectorKey(a.subject.pods) !== selectorKey(b.subject.pods)) return false;
  return DIRECTIONS.every((direction) => {
    const [mine, theirs] = [a[direction], b[direction]];
    if (mine.isolates !== theirs.isolates) return false;
    if (sizeOf(mine.rules) * sizeOf(theirs.rules) > MAX_PAIRS) return false;
    return coverAll(mine.rules, theirs.rules) && coverAll(theirs.rules, mine.rules);
  });
}

function coverAll(outer: readonly Rule[], inner: readonly Rule[]): boolean {
  return inner.every((rule) => outer.some((other) => covers(other, rule)));
}

function sizeOf(rules: readonly Rule[]): number {
  return rules.reduce((size, { peers }) => size + (peers === "all" ? 1 : peers.length), 0);
}

function covers(outer: Rule, inner: Rule): boolean {
  return coverPorts(outer.ports, inner.ports) && coverPeers(outer.peers, inner.peers);
}

function coverPorts(outer: Rule["ports"], inner: Rule["ports"]): boolean {
  if (outer === "all" || inner === "all") return outer === "all";
  const isThere = (one: PortMatch): boolean =>
    one.kind === "range" ||
    outer.some(
      (other) =>
        other.kind === "named" && other.name === one.name && other.protocol === one.protocol,
    );
  return inner.every(isThere) && isEmptyPorts(subtractPorts(numbersOf(inner), numbersOf(outer)));
}

function numbersOf(ports: readonly PortMatch[]): PortSet {
  return portSet(ports.filter((port) => port.kind === "range"));
}

function coverPeers(outer: Rule["peers"], inner: Rule["peers"]): boolean {
  if (outer === "all" || inner === "all") return outer === "all";
  const blocks = outer.flatMap((peer) => (peer.kind === "addresses" ? peer.ranges : []));
  return inner.every((peer) =>
    peer.kind === "addresses"
      ? peer.ranges.every((range) => rangesCover(blocks, range))
      : outer.some((other) => takesIn(other, peer)),
  );
}

function takesIn(outer: Peer, inner: Peer): boolean {
  if (outer.kind !== "pods" || inner.kind !== "pods") return false;
  return (
    isLooser(outer.selection.pods, inner.selection.pods) &&
    isLooser(requirementsOf(outer.selection.namespaces), requirementsOf(inner.selection.namespaces))
  );
}

/** A namespace by its name is one with that automatic label. */
function requirementsOf(scope: NamespaceScope): Selector {
  return scope.kind === "selector"
    ? scope.selector
    : [{ key: NAME_LABEL, operator: "In", values: [scope.name] }];
}

/** Report whether all that matches `strict` matches `loose`, as far as the requirements show one by one. */
function isLooser(loose: Selector, strict: Selector): boolean {
  return loose.every((wanted) => strict.some((given) => implies(given, wanted)));
}

function implies(given: Requirement, wanted: Requirement): boolean {
  if (given.key !== wanted.key) return false;
  if (wanted.operator === "Exists") return ["In", "Exists"].includes(given.operator);
  if (given.operator !== wanted.operator) return false;
  const [few, many] = wanted.operator === "In" ? [given, wanted] : [wanted, given];
  return few.values.every((value) => many.values.includes(value));
}
