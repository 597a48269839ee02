import { z } from "zod";
import type { EngineView } from "../engine/query.ts";
import { removeAt } from "../rules/json-patch.ts";
import {
  type CompiledProfiles,
  defineValidator,
  type Finding,
  type GovernedObject,
} from "../rules/rule.ts";
import { BASELINE_LABEL, PROFILE_LABEL } from "../wire/ringfence-labels.ts";
import { jsonPath } from "../wire/shape.ts";
import { baselineOf } from "./parts/baseline-of.ts";

/** Report edits and deletes of the policies that Ringfence keeps in a namespace, and others that pass for one. */
export const protectedBaseline = defineValidator({
  id: "protected-baseline",
  title: "A baseline policy is edited or deleted, or another made to look like one",
  why: "Ringfence keeps the baseline policies of a namespace that has opted in. Without them its pods are open to everybody, or cut off from DNS. It knows them by their label `ringfence.dev/baseline`, and deletes what carries it and is none of them.",
  fix: "Add a policy of your own beside the baseline: policies add up, and a copy must not carry the label. Whoever may leave the baseline needs the verb `optout` on `profiles.ringfence.dev`.",
  kinds: ["NetworkPolicy"],
  operations: ["CREATE", "UPDATE", "DELETE"],
  shipped: { baseline: "Deny", restricted: "Deny" },
  onFault: "deny",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ operation, object, oldObject, after, profiles }): readonly Finding[] {
    // SECURITY: the old object decides; else taking the label off would make the edit legal.
    const baseline = baselineOf(oldObject);
    if (baseline === null) return impostor(object, after, profiles);
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

/**
 * SECURITY: nobody judges what Ringfence deletes, so giving a policy the label would be a way to delete it that no
 * rule and no Invariant sees.
 */
function impostor(
  object: GovernedObject | null,
  after: EngineView,
  profiles: CompiledProfiles,
): readonly Finding[] {
  if (object?.kind !== "policy" || baselineOf(object) === null) return [];
  const { namespace, name } = object.policy;
  const labels = after.namespace(namespace)?.labels;
  const profile = profiles.get(labels?.get(PROFILE_LABEL) ?? "");
  if (profile === undefined) return [];
  const baseline = labels?.get(BASELINE_LABEL) ?? profile.baseline;
  if (profiles.baselinePolicies(baseline).includes(name)) return [];
  const path = jsonPath(["metadata", "labels", BASELINE_LABEL]);
  return [
    {
      path,
      message: `the label makes it a policy of the baseline \`${baseline}\`, which has none of that name: Ringfence would delete it`,
      help: "take the label off",
      waivedBy: "optout",
      fix: { title: "take the label off", patch: [removeAt(path)] },
    },
  ];
}
