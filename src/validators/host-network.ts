import { z } from "zod";
import { mergeRanges, rangesCover } from "../engine/address.ts";
import {
  type Address,
  type AddressRange,
  POLICY_KINDS,
  podKey,
  type Selection,
} from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { accepting } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";

/** How many are counted: a reader needs an example, not the number. */
const MAX_PODS = 100;

/** Report policies for pods on the host's network, and rules that rely on such pods as peers. */
export const hostNetwork = defineValidator({
  id: "host-network",
  title: "Pods on the host's network, to which policies do not apply",
  why: "Pods with `hostNetwork` have the address of their node. Most network plugins apply no policies to them and cannot tell their traffic from that of the node: neither a policy that selects them nor a rule that names them as peers does what it says.",
  fix: "Allow the addresses of their nodes by `ipBlock`, or take the pods off the host's network.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ object, placedRules, after }): readonly Finding[] {
    if (object?.kind !== "policy") return [];
    const { kind, subject } = object.policy;
    const path = kind === "NetworkPolicy" ? "spec.podSelector" : "spec.subject";
    // ClusterNetworkPolicy leaves such pods out by definition; only NetworkPolicy leaves it open.
    const doubt =
      kind === "NetworkPolicy" && after.dataplane.selectsHostNetwork === "unknown"
        ? ({ unsure: true } as const)
        : {};
    if (kind === "NetworkPolicy" && after.dataplane.selectsHostNetwork === "yes") return [];
    return [
      ...subjectsOf(subject, after).map((who) => ({
        path,
        message: `selects ${who} on the host's network, to which ${"unsure" in doubt ? "most network plugins apply no policies" : "policies do not apply"}`,
        help: "take them off the host's network, or guard them by the rules of their nodes",
        ...doubt,
      })),
      ...accepting(placedRules).flatMap((placed) => {
        const named = byAddress(after)
          ? mergeRanges(placed.blocks.flatMap(({ ranges }) => ranges))
          : [];
        return placed.peers.flatMap(({ peer, paths }) =>
          (peer.kind === "pods" ? reliesOn(peer.selection, named, after) : []).map((message) => ({
            path: paths.item,
            message,
            help: byAddress(after)
              ? "allow the addresses of their nodes by `ipBlock`"
              : "ask whoever runs the cluster how nodes are to be named",
            ...doubt,
          })),
        );
      }),
    ];
  },
});

function subjectsOf(subject: Selection, after: EngineView): readonly string[] {
  const hosts = after.hostPods(subject, MAX_PODS);
  const [first] = hosts;
  if (first === undefined) return [];
  const count = hosts.length === MAX_PODS ? `${MAX_PODS} or more pods` : `${hosts.length} pods`;
  return [
    hosts.length === 1 ? `pod \`${podKey(first)}\`` : `${count} such as \`${podKey(first)}\``,
  ];
}

/** Report whether nodes can be named by their addresses, as far as is known. */
function byAddress({ dataplane }: EngineView): boolean {
  return dataplane.ipBlockMatchesNodes !== "no";
}

/**
 * Only if all pods of a peer are on the host's network: whoever names a whole namespace mostly means the others. And
 * only those whose nodes the rule does not name by address as well, in `named`.
 */
function reliesOn(
  selection: Selection,
  named: readonly AddressRange[],
  after: EngineView,
): readonly string[] {
  const isNamed = (address: Address): boolean =>
    rangesCover(named, { first: address, last: address });
  const cutOff = after
    .hostPods(selection, MAX_PODS)
    .find(({ addresses }) => addresses.length === 0 || !addresses.every(isNamed));
  if (cutOff === undefined) return [];
  const { sample } = after.select(selection, 1);
  if (sample.some(({ hostNetwork: isHost }) => !isHost)) return [];
  return [
    `pods such as \`${podKey(cutOff)}\` are on the host's network, so their traffic is that of their node, which the rule does not let through`,
  ];
}
