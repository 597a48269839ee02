import { z } from "zod";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { prioritySchema } from "../wire/tiered-policy.ts";

const parameters = z.strictObject({
  first: prioritySchema
    .default(0)
    .describe("the first priority of the Admin tier that is reserved"),
  last: prioritySchema.default(99).describe("the last one"),
});

/** Report policies of the Admin tier with a priority that is kept for those who run the cluster. */
export const reservedPriority = defineValidator({
  id: "reserved-priority",
  title: "A priority that is reserved",
  why: "In the Admin tier the lowest number decides. A band of numbers that is kept for those who run the cluster lets them go before everybody else, in an emergency above all.",
  fix: "Use a higher number, or have somebody do it who holds the verb `optout` on `profiles.ringfence.dev`.",
  kinds: ["ClusterNetworkPolicy", "AdminNetworkPolicy"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: null, restricted: null },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ object, parameters: { first, last } }): readonly Finding[] {
    if (object?.kind !== "policy" || object.policy.tier !== "Admin") return [];
    const { priority } = object.policy;
    if (priority < first || priority > last) return [];
    return [
      {
        path: "spec.priority",
        message: `\`${priority}\` is reserved: ${first} to ${last} are for those who run the cluster`,
        help: "use another number, or ask for the right to `optout`",
        waivedBy: "optout",
      },
    ];
  },
});
