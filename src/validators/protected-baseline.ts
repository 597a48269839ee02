import { z } from "zod";
import { defineValidator, type Finding, type GovernedObject } from "../rules/rule.ts";
import { BASELINE_LABEL } from "../wire/ringfence-labels.ts";
import { field } from "../wire/shape.ts";

/** Report edits and deletes of the policies that Ringfence keeps in a namespace. */
export const protectedBaseline = defineValidator({
  id: "protected-baseline",
  title: "A baseline policy is edited or deleted",
  why: "Ringfence keeps the baseline policies of a namespace that has opted in. Without them its pods are open to everybody, or cut off from DNS.",
  fix: "Add a policy of your own beside the baseline: policies add up. Whoever may leave the baseline needs the verb `optout` on `profiles.ringfence.dev`.",
  kinds: ["NetworkPolicy"],
  operations: ["UPDATE", "DELETE"],
  shipped: { baseline: "Deny", restricted: "Deny" },
  onFault: "deny",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ operation, oldObject }): readonly Finding[] {
    // SECURITY: the old object decides; else taking the label off would make the edit legal.
    const baseline = baselineOf(oldObject);
    if (baseline === null) return [];
    return [
      {
        path: "",
        message: `belongs to the baseline \`${baseline}\` and may not be ${operation === "DELETE" ? "deleted" : "edited"}`,
        help: "add a policy of your own beside it, or ask for the right to `optout`",
        waivedBy: "optout",
      },
    ];
  },
});

function baselineOf(object: GovernedObject | null): string | null {
  const label = field(object?.manifest, "metadata", "labels", BASELINE_LABEL);
  return typeof label === "string" ? label : null;
}
