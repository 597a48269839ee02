import { z } from "zod";
import { defineValidator, type Finding } from "../rules/rule.ts";

/** Report policies of the ordered tiers that have no rules. */
export const noRules = defineValidator({
  id: "no-rules",
  title: "A policy of a tier that has no rules",
  why: "A NetworkPolicy denies by selecting pods; the other kinds deny only what a rule of theirs denies. Without rules, or with empty lists, they do nothing at all.",
  fix: "Add a rule with the action `Deny`, or use a NetworkPolicy.",
  kinds: ["ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ object }): readonly Finding[] {
    if (object?.kind !== "policy" || object.policy.tier === "NetworkPolicy") return [];
    const { ingress, egress } = object.policy;
    if (ingress.rules.length + egress.rules.length > 0) return [];
    const message =
      "has no rules, and so does nothing: this kind does not isolate by selecting pods";
    return [{ path: "spec", message, help: "add a rule with the action `Deny`" }];
  },
});
