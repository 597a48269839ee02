import { z } from "zod";
import type { Labels, Workload } from "../engine/model.ts";
import { isObject } from "./shape.ts";

/** Names of most objects: RFC 1123 subdomain. */
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** Names of namespaces: RFC 1123 label. */
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/**
 * String to string, as labels and annotations are written. Read key by key into a Map: a plain
 * object would lose or misread keys such as `__proto__` and `constructor`.
 */
export const stringMapSchema = z
  .custom<Readonly<Record<string, string>>>(isObject, { error: "is not an object" })
  .transform((entries, context): Labels => {
    for (const [key, value] of Object.entries<unknown>(entries)) {
      if (typeof value === "string") continue;
      context.addIssue({
        code: "custom",
        path: [key],
        message: `value of \`${key}\` is not a string; put it in quotes`,
        input: value,
      });
    }
    return new Map(Object.entries(entries));
  });

const ownerReferenceSchema = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  controller: z.boolean().nullish(),
});

const nameSchema = z
  .string()
  .refine((name) => name.length <= 253 && SUBDOMAIN.test(name), { error: notAName });

const namespaceNameSchema = z
  .string()
  .refine((name) => name === "" || (name.length <= 63 && DNS_LABEL.test(name)), {
    error: notAName,
  });

/** `metadata`: what we read of it; what else is there stays in the manifest untouched. */
export const metadataSchema = z
  .object({
    name: nameSchema.nullish(),
    generateName: z.string().nullish(),
    namespace: namespaceNameSchema.nullish(),
    labels: stringMapSchema.nullish(),
    annotations: stringMapSchema.nullish(),
    ownerReferences: z.array(ownerReferenceSchema).nullish(),
    resourceVersion: z.string().nullish(),
    deletionTimestamp: z.string().nullish(),
  })
  .transform((metadata, context) => {
    // Mutating webhooks see an object before its name is made from `generateName`.
    const name = metadata.name ?? metadata.generateName ?? "";
    if (name === "") {
      context.addIssue({ code: "custom", path: ["name"], message: "is missing", input: undefined });
    }
    return {
      name,
      namespace: metadata.namespace ?? "",
      labels: metadata.labels ?? NO_LABELS,
      ownerReferences: metadata.ownerReferences ?? [],
    };
  });

/** What we read of `metadata`; an absent namespace is the empty string. */
export type Metadata = z.output<typeof metadataSchema>;

/** The owner that controls the object, null where it has none. */
export function controllerOf(metadata: Metadata): Workload | null {
  const owner = metadata.ownerReferences.find(({ controller }) => controller === true);
  return owner === undefined ? null : { kind: owner.kind, name: owner.name };
}

const NO_LABELS: Labels = new Map();

function notAName(issue: { readonly input?: unknown }): string {
  return `\`${String(issue.input)}\` is not a name of lower-case letters, digits, \`-\` and \`.\``;
}
