import { z } from "zod";
import { labelSelectorSchema } from "../wire/label-selector.ts";
import type { DeepReadonly } from "../wire/shape.ts";
import {
  API_VERSION,
  namespacedMetadataSchema,
  resourceNameSchema,
  timeSchema,
} from "./resource-metadata.ts";

const NAMES_NOTHING = "needs at least one of `rules` and `invariants`";

const specSchema = z
  .strictObject({
    rules: z
      .array(z.string().min(1))
      .max(100)
      .default([])
      .describe("Ids of the rules, custom ones included, whose findings are excused."),
    invariants: z
      .array(resourceNameSchema)
      .max(100)
      .default([])
      .describe("Names of the Invariants that may be made worse."),
    policySelector: labelSelectorSchema
      .prefault({})
      .describe("Labels of the policies (or namespaces) it is for; all if left out."),
    namespaceSelector: labelSelectorSchema
      .optional()
      .transform((selector) => selector ?? null)
      .describe(
        "Namespaces it is for, if not its own: allowed only in Ringfence's own namespace. Left out there, it is for cluster-scoped policies.",
      ),
    reason: z.string().min(1).describe("Why it is granted."),
    owner: z.string().min(1).describe("Who answers for it."),
    expires: timeSchema.describe("When it ends; findings count again from then on."),
  })
  .meta({
    "x-kubernetes-validations": [
      {
        rule: "(has(self.rules) && size(self.rules) > 0) || (has(self.invariants) && size(self.invariants) > 0)",
        message: NAMES_NOTHING,
      },
    ],
  })
  .transform((spec, context) => {
    if (spec.rules.length + spec.invariants.length === 0) {
      context.addIssue({ code: "custom", message: NAMES_NOTHING, input: spec });
    }
    return { ...spec, expiresMs: Date.parse(spec.expires) };
  });

export const exemptionSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal("Exemption"),
    metadata: namespacedMetadataSchema,
    spec: specSchema,
    status: z.unknown().optional(),
  })
  .transform(({ metadata: { name, namespace, creationTimestamp, uid }, spec }) => ({
    kind: "Exemption" as const,
    name,
    namespace,
    ...spec,
    /** Milliseconds since 1970; null for one from a file, whose age nobody knows. */
    createdMs: creationTimestamp == null ? null : Date.parse(creationTimestamp),
    /** Null for one from a file. */
    uid: uid ?? null,
  }));

/** Findings that are excused for a time, with a reason and somebody who answers for it. */
export type Exemption = DeepReadonly<z.output<typeof exemptionSchema>>;

const DAY_MS = 86_400_000;

type Times = Pick<Exemption, "expiresMs" | "createdMs">;

/**
 * When an exemption ends, in milliseconds since 1970, if a profile lets none last longer than `maxDays` from
 * its creation (null: no limit). One without an age ends when it says.
 */
export function endOfExemption({ expiresMs, createdMs }: Times, maxDays: number | null): number {
  if (maxDays === null || createdMs === null) return expiresMs;
  return Math.min(expiresMs, createdMs + maxDays * DAY_MS);
}

/**
 * When an exemption begins to count under that limit. Since nobody knows how long one from a file has been
 * there, it counts only in the last `maxDays` before its end: it may never claim to last longer.
 */
export function beginningOfExemption(
  { expiresMs, createdMs }: Times,
  maxDays: number | null,
): number {
  if (maxDays === null || createdMs !== null) return Number.NEGATIVE_INFINITY;
  return expiresMs - maxDays * DAY_MS;
}
