import { z } from "zod";
import type { Effort } from "../engine/effort.ts";
import { accepting, type Block, type PlacedRule } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { type Service, targetIn } from "../wire/service.ts";
import { MAX_READ_IN_ALL, type Surroundings } from "./parts/bearers.ts";
import { blockText } from "./parts/blocks.ts";
import { hasPort } from "./parts/ports.ts";
import { servedBy, servicesIn } from "./parts/service-ports.ts";

/** Report address blocks for clients that come through a Service which hides them. */
export const clientSource = defineValidator({
  id: "client-source",
  title: "An address block for clients whose address the pods never see",
  why: "What comes from outside by way of a NodePort, a load balancer or an external IP reaches the pods of most networks under the address of a node, unless the Service has `externalTrafficPolicy: Local`. A block for clients then keeps them all out, and one that holds the nodes lets everybody in.",
  fix: "Set `externalTrafficPolicy: Local` on the Service, which keeps the clients' addresses, or filter by `loadBalancerSourceRanges`.",
  kinds: ["NetworkPolicy"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: null, restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ placedRules, after, facts, effortUpTo }): readonly Finding[] {
    const effort = effortUpTo(MAX_READ_IN_ALL);
    return accepting(placedRules)
      .filter(({ direction, peers }) => direction === "ingress" && peers.length > 0)
      .flatMap((placed) => {
        const blocks = placed.blocks;
        const service =
          blocks.length === 0 ? null : hidingService(placed, { after, facts }, effort);
        return service === null
          ? []
          : blocks.map((block) => finding(block, service, hasNode(block, { after, facts })));
      });
  },
});

/** A Service that hides its clients from pods of the policy, on a port of the rule. */
function hidingService(
  { policy, rule }: PlacedRule,
  surroundings: Surroundings,
  effort: Effort,
): Service | null {
  for (const service of servicesIn(policy.subject.namespaces, surroundings, effort)) {
    if (!service.hidesClients) continue;
    const bearer = servedBy(service, policy.subject.pods, surroundings, effort);
    if (bearer === undefined) continue;
    const isOpen = service.ports.some((port) => {
      const target = targetIn(port, bearer);
      return target !== null && hasPort(rule.ports, port.protocol, target);
    });
    if (isOpen) return service;
  }
  return null;
}

function hasNode({ ranges }: Block, { after }: Surroundings): boolean {
  return ranges.some((range) => {
    for (const _ of after.nodesWithin(range)) return true;
    return false;
  });
}

function finding(block: Block, { namespace, name, type }: Service, takesNodes: boolean): Finding {
  const entrance = type === "ClusterIP" ? "externalIPs" : type;
  const service = `Service \`${namespace}/${name}\` (${entrance})`;
  return {
    path: block.path,
    message: takesNodes
      ? `\`${blockText(block)}\` holds addresses of nodes, and under those comes everybody who uses ${service}`
      : `clients of ${service} come under the address of a node, which is not in \`${blockText(block)}\``,
    help: "set `externalTrafficPolicy: Local` on the Service",
    // What a pod sees depends on the network: some keep the client's address all the same.
    unsure: true,
  };
}
