import { z } from "zod";
import { type AddressRange, POLICY_KINDS, type Pod, podKey } from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { accepting, type Block, type PlacedRule } from "../rules/placed-rules.ts";
import { type ClusterFacts, defineValidator, type Finding } from "../rules/rule.ts";
import { blockText, isNetwork } from "./parts/blocks.ts";
import { exceptHelp } from "./parts/except-help.ts";

/** Report address blocks with pods or Services of the cluster in them. */
export const clusterRange = defineValidator({
  id: "cluster-range",
  title: "An address block takes in the cluster's own pods or Services",
  why: "Blocks are for addresses outside the cluster. Those of pods change with every restart, so a block lets in whoever has the address next; and the address of a Service has become that of a pod before a policy is asked, so a block for it matches nothing.",
  fix: "Select pods by labels, and the pods behind a Service by theirs; in a wide block except the ranges of both.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: null, restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ placedRules, after, facts }): readonly Finding[] {
    return accepting(placedRules).flatMap((rule) =>
      rule.blocks.flatMap((block) => judge(block, rule, { after, facts })),
    );
  },
});

function judge(
  block: Block,
  { policy, direction }: PlacedRule,
  { after, facts }: { readonly after: EngineView; readonly facts: ClusterFacts },
): readonly Finding[] {
  const ranges = block.ranges.filter(isNetwork);
  const found: { readonly message: string; readonly who: string; readonly whose: string }[] = [];
  // That blocks do not match pods at all is another rule's finding.
  const pod = after.dataplane.ipBlockMatchesPods ? podIn(ranges, after) : null;
  if (pod !== null) {
    found.push({
      message: `takes in pods such as \`${podKey(pod)}\`, whose addresses change with every restart`,
      who: "the pods",
      whose: "their range",
    });
  }
  const service = ranges
    .map((range) => facts.services.withAddressIn(range))
    .find((one) => one !== undefined);
  if (service !== undefined) {
    const unseen =
      direction === "egress"
        ? "which policies never see: traffic to it goes to its pods"
        : "which nothing comes from: its pods have addresses of their own";
    found.push({
      message: `holds the address of Service \`${service.namespace}/${service.name}\`, ${unseen}`,
      who: "the pods behind the Service",
      whose: "the Services' range",
    });
  }
  return found.map(({ message, who, whose }) => ({
    path: block.path,
    message: `\`${blockText(block)}\` ${message}`,
    help: `select ${who} by labels, or ${exceptHelp(policy, whose)}`,
  }));
}

/** A pod with an address of its own there, as an example. */
function podIn(ranges: readonly AddressRange[], after: EngineView): Pod | null {
  for (const range of ranges) {
    for (const pod of after.podsWithin(range)) if (!pod.hostNetwork) return pod;
  }
  return null;
}
