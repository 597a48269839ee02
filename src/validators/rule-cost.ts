import { z } from "zod";
import { DIRECTIONS, POLICY_KINDS, type Rule } from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";

const parameters = z.strictObject({
  maxEntries: z
    .int()
    .min(1)
    .default(16_384)
    .describe(
      "the most entries for one pod and direction: the default is what Cilium has room for",
    ),
});

/** Report policies whose rules come to very many entries in the tables of a node. */
export const ruleCost = defineValidator({
  id: "rule-cost",
  title: "The rules come to very many entries",
  why: "What a rule costs is its peers times its ports: implementations keep an entry for each pair, for every pod that is selected. Tables are finite, and what does not fit is dropped, or not let through.",
  fix: "Name ports as ranges and peers by fewer selectors, or split the policy by the pods that need each part.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: null, restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ object, after, parameters: { maxEntries } }): readonly Finding[] {
    if (object?.kind !== "policy") return [];
    const { policy } = object;
    return DIRECTIONS.flatMap((direction) => {
      const entries = policy[direction].rules.reduce(
        (sum, rule) => sum + entriesOf(rule, after),
        0,
      );
      if (entries <= maxEntries) return [];
      return [
        {
          path: `spec.${direction}`,
          message: `comes to about ${entries} entries for each selected pod, peers times ports; at most ${maxEntries} are allowed`,
          help: "use fewer selectors, and ranges of ports",
        },
      ];
    });
  },
});

/** An upper bound: implementations merge peers that are alike. */
function entriesOf({ peers, ports }: Rule, after: EngineView): number {
  const columns = ports === "all" ? 1 : ports.length;
  if (peers === "all") return columns;
  const rows = peers.reduce((sum, peer) => {
    if (peer.kind === "pods") return sum + after.select(peer.selection, 0).count;
    return sum + (peer.kind === "addresses" ? peer.ranges.length : 1);
  }, 0);
  return rows * columns;
}
