import { z } from "zod";
import { isLabelKey } from "../wire/label-selector.ts";
import { stringMapSchema } from "../wire/metadata.ts";
import { type DeepReadonly, isObject } from "../wire/shape.ts";
import { API_VERSION, clusterMetadataSchema, resourceNameSchema } from "./resource-metadata.ts";

const MAX_KEYS = 50;

/** Characters as JSON, of all templates together, or of the values: a hundred times what baselines have. */
const MAX_LENGTH = 64 * 1024;

const TOO_LONG = `has over ${MAX_LENGTH} characters`;

/** Report whether it takes no longer to fill in and to read than others have the patience to wait for. */
function isShort(value: unknown): boolean {
  return JSON.stringify(value).length <= MAX_LENGTH;
}

/** Keys of labels or annotations that templates may be filled in with. */
const keysSchema = z
  .array(
    z.string().refine(isLabelKey, { error: (issue) => `\`${String(issue.input)}\` is no key` }),
  )
  .max(MAX_KEYS)
  .default([]);

const valuesSchema = z
  .custom<Readonly<Record<string, string | number | readonly unknown[]>>>(isObject, {
    error: "is not an object",
  })
  .superRefine((values, context) => {
    for (const [name, value] of Object.entries<unknown>(values)) {
      if (typeof value === "string" || Number.isInteger(value) || Array.isArray(value)) continue;
      const message = "is neither a text, nor a whole number, nor a list";
      context.addIssue({ code: "custom", path: [name], message, input: value });
    }
  })
  .refine(isShort, { error: TOO_LONG })
  .default({})
  .meta({ type: "object", "x-kubernetes-preserve-unknown-fields": true });

const policySchema = z.strictObject({
  name: resourceNameSchema.describe("Name of the NetworkPolicy."),
  labels: stringMapSchema.default(new Map()).describe("Labels beside those that Ringfence sets."),
  spec: z
    .custom<Readonly<Record<string, unknown>>>(isObject, { error: "is not an object" })
    .meta({ type: "object", "x-kubernetes-preserve-unknown-fields": true })
    .describe(
      "Spec of the NetworkPolicy; texts may hold variables such as `$(namespace.name)`, and a variable such as `$(dns.peers)` may stand where a list is expected.",
    ),
});

export const baselineSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal("Baseline"),
    metadata: clusterMetadataSchema,
    spec: z.strictObject({
      description: z.string().default("").describe("What the baseline is for."),
      namespaceLabels: keysSchema.describe(
        "Keys of the namespace's labels that templates may use, as `$(namespace.labels.KEY)`; no others.",
      ),
      namespaceAnnotations: keysSchema.describe(
        "Keys of the namespace's annotations that templates may use, as `$(namespace.annotations.KEY)`; no others.",
      ),
      values: valuesSchema.describe(
        "Texts, numbers and lists that templates use, as `$(values.NAME)`.",
      ),
      policies: z
        .array(policySchema)
        .max(20)
        .refine(isShort, { error: TOO_LONG })
        .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
        .describe("The NetworkPolicies of every namespace whose profile names the baseline."),
    }),
    status: z.unknown().optional(),
  })
  .transform(({ metadata, spec }, context) => {
    for (const [index, { name }] of spec.policies.entries()) {
      if (spec.policies.findIndex((other) => other.name === name) === index) continue;
      const message = `a second policy \`${name}\``;
      const path = ["spec", "policies", index, "name"];
      context.addIssue({ code: "custom", path, message, input: name });
    }
    return { kind: "Baseline" as const, ...metadata, ...spec };
  });

/** NetworkPolicy templates that are kept in namespaces that opt in. */
export type Baseline = DeepReadonly<z.output<typeof baselineSchema>>;

/** The baseline of profiles that name none: nothing but DNS, in both directions. */
export const DEFAULT_BASELINE: Baseline = {
  kind: "Baseline",
  name: "default",
  description: "denies both directions and allows DNS",
  namespaceLabels: [],
  namespaceAnnotations: [],
  values: {},
  policies: [
    {
      name: "default-deny",
      labels: new Map(),
      spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
    },
    {
      name: "allow-dns",
      labels: new Map(),
      spec: {
        podSelector: {},
        policyTypes: ["Egress"],
        egress: [{ to: "$(dns.peers)", ports: "$(dns.ports)" }],
      },
    },
  ],
};
