import { z } from "zod";
import { formatAddress, rangeContains, rangeSize } from "../engine/address.ts";
import { type AddressRange, POLICY_KINDS, type Rule } from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { accepting, type PlacedRule } from "../rules/placed-rules.ts";
import { type ClusterFacts, defineValidator, type Finding } from "../rules/rule.ts";
import { portNumberSchema } from "../wire/policy-port.ts";
import { blockText } from "./parts/blocks.ts";
import { exceptHelp } from "./parts/except-help.ts";
import { hasPort } from "./parts/ports.ts";

const portsSchema = z.array(portNumberSchema);

const parameters = z.strictObject({
  nodePorts: portsSchema
    .default([22, 2379, 2380, 10_250])
    .describe("TCP ports of a node that are worth naming: ssh, etcd and the kubelet"),
  apiServerPorts: portsSchema
    .default([443, 6443])
    .describe("TCP ports on which the API server may listen"),
});

/** Report egress rules that reach nodes or the API server by a block that does not name them. */
export const nodeAccess = defineValidator({
  id: "node-access",
  title: "A rule lets pods out to nodes or to the API server",
  why: "Nodes and the API server have addresses like any other, so a wide block takes them in: the kubelet, etcd, ssh, and the API of the whole cluster. A block of exactly one address is taken to be meant.",
  fix: "Add the addresses of the nodes and of the API server to `except`, or list the networks that are meant. Pods that need the API server get a rule of their own for its address.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: null, restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({
    placedRules,
    after,
    facts,
    parameters: { nodePorts, apiServerPorts },
  }): readonly Finding[] {
    const { ipBlockMatchesNodes } = after.dataplane;
    if (ipBlockMatchesNodes === "no") return [];
    const unsure = ipBlockMatchesNodes === "unknown" ? ({ unsure: true } as const) : {};
    return accepting(placedRules)
      .filter(({ direction }) => direction === "egress")
      .flatMap((placed) =>
        wideBlocks(placed).flatMap(({ path, text, ranges }) => {
          const reached = [
            ...(hasAny(placed.rule, apiServerPorts) ? apiServerIn(ranges, facts) : []),
            ...(hasAny(placed.rule, nodePorts) ? nodeIn(ranges, after) : []),
          ];
          if (reached.length === 0) return [];
          const message = `${text} takes in ${reached.map(({ example }) => example).join(" and ")}`;
          const whose = `the addresses of ${reached.map(({ whom }) => whom).join(" and ")}`;
          return [{ path, message, help: exceptHelp(placed.policy, whose), ...unsure }];
        }),
      );
  },
});

interface WideBlock {
  readonly path: string;
  readonly text: string;
  readonly ranges: readonly AddressRange[];
}

function wideBlocks(placed: PlacedRule): readonly WideBlock[] {
  return placed.blocks.flatMap((block) => {
    const ranges = block.ranges.filter((range) => rangeSize(range) > 1n);
    return ranges.length === 0
      ? []
      : [{ path: block.path, text: `\`${blockText(block)}\``, ranges }];
  });
}

function hasAny(rule: Rule, ports: readonly number[]): boolean {
  return ports.some((port) => hasPort(rule.ports, "TCP", port));
}

/** Whom a block takes in. */
interface Reached {
  readonly whom: string;
  readonly example: string;
}

/** All its addresses: to except one of them alone would not do. */
function apiServerIn(
  ranges: readonly AddressRange[],
  { apiServer }: ClusterFacts,
): readonly Reached[] {
  const inside = apiServer.filter((one) => ranges.some((range) => rangeContains(range, one)));
  const whom = "the API server";
  return inside.length === 0
    ? []
    : [{ whom, example: `${whom} (${inside.map(formatAddress).join(", ")})` }];
}

/** A node with an address there, as an example. */
function nodeIn(ranges: readonly AddressRange[], after: EngineView): readonly Reached[] {
  for (const range of ranges) {
    for (const { name, addresses } of after.nodesWithin(range)) {
      const address = addresses.find((one) => rangeContains(range, one));
      const example = `nodes such as \`${name}\` (${formatAddress(address ?? range.first)})`;
      return [{ whom: "the nodes", example }];
    }
  }
  return [];
}
