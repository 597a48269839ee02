import { z } from "zod";
import { formatAddress } from "../engine/address.ts";
import { hasPoint, portPoint } from "../engine/port-set.ts";
import type { EngineView, FlowGroup, Verdict } from "../engine/query.ts";
import { counted, listed } from "../rules/phrases.ts";
import { type ClusterFacts, defineValidator, type Finding } from "../rules/rule.ts";
import { hasAddresses } from "./parts/has-addresses.ts";

/** Report changes that would keep the API server from reaching Ringfence's own pods. */
export const selfLockout = defineValidator({
  id: "self-lockout",
  title: "The change cuts the API server off from Ringfence",
  why: "A webhook that the API server cannot reach can refuse every later change, the one that would undo this included.",
  fix: "Let the API server's addresses reach Ringfence's pods on their webhook port.",
  kinds: ["policy", "namespace"],
  operations: ["CREATE", "UPDATE", "DELETE"],
  shipped: { baseline: "Deny", restricted: "Deny" },
  onFault: "deny",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ delta, after, facts }): readonly Finding[] {
    // The API server may be a process of a node.
    const byNodes = delta.nodesLose(facts.ownNamespace, "ingress");
    const lost = [...delta.closed, ...delta.unsure, ...byNodes];
    const touched = lost.filter((flows) => reachesUs(flows, facts));
    if (touched.length === 0) return [];
    if (facts.apiServer.length === 0 || facts.ownPods.length === 0)
      return unknownEnds(touched, facts);
    return judge(after, facts);
  },
});

const HELP =
  "allow ingress to Ringfence's pods from the API server's addresses on the webhook port";

function reachesUs({ to, ports }: FlowGroup, { ownNamespace, webhookPort }: ClusterFacts): boolean {
  return to.namespaces.includes(ownNamespace) && hasPoint(ports, portPoint("TCP", webhookPort));
}

/**
 * SECURITY: not knowing where the API server is must not let the change through. It calls from an
 * address, so a change that only closes ways from pods cannot be the one.
 */
function unknownEnds(
  touched: readonly FlowGroup[],
  { webhookPort }: ClusterFacts,
): readonly Finding[] {
  if (!touched.some(({ from }) => hasAddresses(from))) return [];
  return [
    {
      path: "",
      message: `closes TCP ${webhookPort} of Ringfence's own namespace to addresses, and which of them is the API server's is not known`,
      help: HELP,
    },
  ];
}

function judge(after: EngineView, facts: ClusterFacts): readonly Finding[] {
  const { apiServer, ownPods, webhookPort } = facts;
  const flows = ownPods.flatMap((key) =>
    apiServer.map((address) => {
      const verdict = after.verdict({
        from: { kind: "address", address },
        to: { kind: "pod", key },
        protocol: "TCP",
        port: webhookPort,
      });
      return { key, address, verdict };
    }),
  );
  const podsWith = (verdict: Verdict): readonly string[] => [
    ...new Set(flows.filter((flow) => flow.verdict === verdict).map(({ key }) => key)),
  ];
  const from = listed(apiServer.map(formatAddress));
  const denied = podsWith("denied");
  if (denied.length > 0) {
    const share = `${denied.length} of ${counted(ownPods.length, "pod")}`;
    return [
      {
        path: "",
        message: `cuts the API server (${from}) off from ${share} of Ringfence on TCP ${webhookPort}`,
        help: HELP,
      },
    ];
  }
  if (podsWith("unknown").length === 0) return [];
  return [
    {
      path: "",
      message: `may cut the API server (${from}) off from Ringfence: the network's implementation decides`,
      help: HELP,
      unsure: true,
    },
  ];
}
