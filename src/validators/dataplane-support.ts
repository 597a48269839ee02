import { z } from "zod";
import { type AddressRange, POLICY_KINDS, podKey } from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import type { Block, PlacedPeer, PlacedRule } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { blockText, isNetwork } from "./parts/blocks.ts";

/** Report what the dataplane of the cluster does not support, or perhaps not. */
export const dataplaneSupport = defineValidator({
  id: "dataplane-support",
  title: "The dataplane does not do what the policy says",
  why: "NetworkPolicy is declared here and enforced elsewhere, and nothing reports back. Cilium matches neither pods nor nodes by their addresses, and SCTP only where it is enabled; domain names in a ClusterNetworkPolicy are experimental everywhere.",
  fix: "Select pods by labels; ask whoever runs the cluster for the rest.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ placedRules, after }): readonly Finding[] {
    return placedRules.flatMap((placed) => [
      ...placed.peers.flatMap(domainNames),
      ...placed.blocks.flatMap((block) => unmatched(block, after)),
      ...sctp(placed, after),
    ]);
  },
});

function domainNames({ peer, paths }: PlacedPeer): readonly Finding[] {
  if (peer.kind !== "domainNames") return [];
  return [
    {
      path: paths.item,
      message: "`domainNames` is experimental: whether the dataplane does it is not known",
      help: "ask whoever runs the cluster, or list networks",
      unsure: true,
    },
  ];
}

/** Blocks with somebody's address in it, where addresses are not what they are matched by. */
function unmatched(block: Block, after: EngineView): readonly Finding[] {
  const { name, ipBlockMatchesPods, ipBlockMatchesNodes } = after.dataplane;
  const networks = block.ranges.filter(isNetwork);
  const pod = ipBlockMatchesPods ? null : firstOf(networks, (range) => after.podsWithin(range));
  const node =
    ipBlockMatchesNodes === "no" ? firstOf(networks, (range) => after.nodesWithin(range)) : null;
  const who =
    pod !== null ? `pod \`${podKey(pod)}\`` : node !== null ? `node \`${node.name}\`` : null;
  if (who === null) return [];
  return [
    {
      path: block.path,
      message: `\`${blockText(block)}\` holds the address of ${who}, but ${name} does not match ${pod !== null ? "pods" : "nodes"} by their addresses`,
      help:
        pod !== null
          ? "select the pods by labels"
          : "ask whoever runs the cluster how nodes are to be named",
    },
  ];
}

function firstOf<T>(
  ranges: readonly AddressRange[],
  within: (range: AddressRange) => Iterable<T>,
): T | null {
  for (const range of ranges) for (const one of within(range)) return one;
  return null;
}

function sctp({ ports }: PlacedRule, { dataplane }: EngineView): readonly Finding[] {
  if (dataplane.sctp === "yes") return [];
  return ports
    .filter(({ port }) => port.protocol === "SCTP")
    .map(({ item }) => ({
      path: item,
      message: `whether ${dataplane.name} enforces rules for SCTP depends on how it is set up`,
      help: "ask whoever runs the cluster whether SCTP is enabled",
      unsure: true,
    }));
}
