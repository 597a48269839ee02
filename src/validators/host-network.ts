import { z } from "zod";
import { podKey, type Selection } from "../engine/model.ts";
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
  kinds: ["policy"],
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
    const peers = accepting(placedRules).flatMap((placed) => placed.peers);
    return [
      ...subjectsOf(subject, after).map((message) => ({
        path,
        message,
        help: "take them off the host's network, or guard them by the rules of their nodes",
        ...doubt,
      })),
      ...peers.flatMap(({ peer, paths }) =>
        (peer.kind === "pods" ? reliesOn(peer.selection, after) : []).map((message) => ({
          path: paths.item,
          message,
          help: "allow the addresses of their nodes by `ipBlock`",
          ...doubt,
        })),
      ),
    ];
  },
});

function subjectsOf(subject: Selection, after: EngineView): readonly string[] {
  const hosts = after.hostPods(subject, MAX_PODS);
  const [first] = hosts;
  if (first === undefined) return [];
  const count = hosts.length === MAX_PODS ? `${MAX_PODS} or more pods` : `${hosts.length} pods`;
  const who =
    hosts.length === 1 ? `pod \`${podKey(first)}\`` : `${count} such as \`${podKey(first)}\``;
  return [`selects ${who} on the host's network, to which policies do not apply`];
}

/** Only if all pods of a peer are on the host's network: whoever names a whole namespace mostly means the others. */
function reliesOn(selection: Selection, after: EngineView): readonly string[] {
  const [first] = after.hostPods(selection, 1);
  if (first === undefined) return [];
  const { sample } = after.select(selection, 1);
  if (sample.some(({ hostNetwork: isHost }) => !isHost)) return [];
  return [
    `pods such as \`${podKey(first)}\` are on the host's network, so their traffic is that of their node, which the rule does not let through`,
  ];
}
