import { z } from "zod";
import { counted } from "../rules/phrases.ts";
import { accepting, type PlacedRule } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { renderPorts } from "./parts/render-ports.ts";

const parameters = z.strictObject({
  portsNarrow: z.boolean().default(false).describe("do not find rules that name ports"),
});

/** Report rules that do not look at who is at the other end. */
export const allowAll = defineValidator({
  id: "allow-all",
  title: "A rule lets everybody through",
  why: "A rule without `from` or `to`, or with an empty one, matches every pod of every namespace and every address outside; the rule `{}` does so on every port. Policies only add up, so no other NetworkPolicy can take that back.",
  fix: "Say in `from` or `to` who is meant. To deny everything, leave the list of rules itself empty: `ingress: []`, not `ingress: [{}]`.",
  kinds: ["NetworkPolicy"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Deny", restricted: "Deny" },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ placedRules, after, parameters: { portsNarrow } }): readonly Finding[] {
    return accepting(placedRules)
      .filter(({ rule }) => rule.peers === "all" && (rule.ports === "all" || !portsNarrow))
      .map((placed) => finding(placed, after.namespaceCount()));
  },
});

function finding({ direction, rule }: PlacedRule, namespaces: number): Finding {
  const side = direction === "ingress" ? "from" : "to";
  const everybody = `every pod of all ${counted(namespaces, "namespace")} and every address outside`;
  return {
    path: rule.path,
    message: `accepts ${renderPorts(rule.ports)} ${side} ${everybody}`,
    help:
      rule.ports === "all"
        ? `to deny everything write \`${direction}: []\`; else name the peers in \`${side}\``
        : `name the peers in \`${side}\``,
  };
}
