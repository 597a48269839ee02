import { z } from "zod";
import { type Namespace, POLICY_KINDS } from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { selectorMatches } from "../engine/selector.ts";
import { accepting, type PlacedRule } from "../rules/placed-rules.ts";
import { type ClusterFacts, defineValidator, type Finding } from "../rules/rule.ts";
import { portsField } from "./parts/ports.ts";

/** Report egress rules for the ports of the DNS whose peers are pods, but not those of the DNS. */
export const dnsElsewhere = defineValidator({
  id: "dns-elsewhere",
  title: "A rule for DNS ports that leads to other pods",
  why: "A rule is for its peers on its ports. One dash too few puts `ports: [53]` under the peers of another rule, and then neither is allowed: those peers on their own ports, nor the DNS.",
  fix: "Start a new rule with `- ports:` or `- to:` for the DNS, and give the peers the ports that they are meant to have.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ placedRules, after, facts }): readonly Finding[] {
    const homes = homesOf(facts, after);
    if (homes.length === 0) return [];
    return accepting(placedRules)
      .filter((placed) => isForDns(placed, facts) && !isNearDns(placed, homes))
      .map(({ peersPath, policy }) => ({
        path: peersPath,
        message: "these are not the pods of the cluster's DNS, but the rule is for its port alone",
        help: `is a \`-\` missing before \`${portsField(policy)}\`? the DNS needs a rule of its own`,
      }));
  },
});

/** Report whether it is an egress rule for pods, and only for ports of the DNS or 53. */
function isForDns({ direction, rule }: PlacedRule, { dns }: ClusterFacts): boolean {
  const { peers, ports } = rule;
  if (direction !== "egress" || peers === "all" || ports === "all" || ports.length === 0)
    return false;
  const known = new Set([53, ...dns.flatMap(({ udpPort, tcpPort }) => [udpPort, tcpPort])]);
  return (
    peers.length > 0 &&
    peers.every(({ kind }) => kind === "pods") &&
    ports.every(
      (port) => port.kind === "range" && port.first === port.last && known.has(port.first),
    )
  );
}

/** Report whether one of the peers is in a namespace of the DNS, which may have other resolvers as well. */
function isNearDns({ rule }: PlacedRule, homes: readonly Namespace[]): boolean {
  const peers = rule.peers === "all" ? [] : rule.peers;
  return peers.some((peer) => {
    if (peer.kind !== "pods") return false;
    const { namespaces } = peer.selection;
    return homes.some(({ name, labels }) =>
      namespaces.kind === "name"
        ? namespaces.name === name
        : selectorMatches(namespaces.selector, labels) ||
          // Meant, but by a label that it does not have.
          namespaces.selector.some(
            ({ operator, values }) => operator === "In" && values.includes(name),
          ),
    );
  });
}

/** The namespaces of the DNS pods that are known. */
function homesOf({ dns }: ClusterFacts, after: EngineView): readonly Namespace[] {
  return dns.flatMap(({ end }) => {
    const pod = end.kind === "pod" ? after.pod(end.key) : undefined;
    return (pod === undefined ? undefined : after.namespace(pod.namespace)) ?? [];
  });
}
