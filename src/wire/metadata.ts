import { z } from "zod";
import type { Labels, Workload } from "../engine/model.ts";
import type { Problem } from "../errors.ts";
import { isObject, MAX_PROBLEMS, textAt } from "./shape.ts";

/** RFC 1123 subdomain: what the API server takes as the name of a policy, and before the `/` of a label's key. */
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/**
 * String to string, as labels and annotations are written. Read key by key into a Map: a plain
 * object would lose or misread keys such as `__proto__` and `constructor`. A value left out (`app:`)
 * is null, which the API server reads as the empty string.
 */
export const stringMapSchema = z
  .custom<Readonly<Record<string, string>>>(isObject, { error: "is not an object" })
  .meta({ type: "object", additionalProperties: { type: "string" } })
  .transform((entries, context): Labels => {
    const map = new Map<string, string>();
    for (const [key, value] of Object.entries<unknown>(entries)) {
      if (typeof value === "string" || value === null) {
        map.set(key, value ?? "");
        continue;
      }
      if (context.issues.length >= MAX_PROBLEMS) break;
      context.addIssue({
        code: "custom",
        path: [key],
        message: `value of \`${key}\` is not a string; put it in quotes`,
        input: value,
      });
    }
    return map;
  });

/**
 * The labels or annotations of an object that has not been read by its schema. A value left out is empty, as
 * there; what is no text is left out.
 */
export function readLabels(raw: unknown): Labels {
  if (!isObject(raw)) return NO_LABELS;
  return new Map(
    Object.entries(raw).flatMap(([key, value]) =>
      typeof value === "string" || value === null ? [[key, value ?? ""] as const] : [],
    ),
  );
}

/** `namespace/name` of an object that has not been read by its schema. */
export function namespacedName(raw: unknown): string {
  return `${textAt(raw, "metadata", "namespace")}/${textAt(raw, "metadata", "name")}`;
}

const ownerReferenceSchema = z.object({
  kind: z.string().nullish(),
  name: z.string(),
  controller: z.boolean().nullish(),
});

/** What no object can be called, since its name is a segment of a URL's path. */
const nameSchema = z.string().refine((name) => !/^\.{0,2}$|[/%]/.test(name), { error: notAName });

/** `metadata`: what we read of it; what else is there stays in the manifest untouched. */
export const metadataSchema = z
  .object({
    name: nameSchema.nullish(),
    generateName: z.string().nullish(),
    namespace: z.string().nullish(),
    labels: stringMapSchema.nullish(),
    annotations: stringMapSchema.nullish(),
    ownerReferences: z.array(ownerReferenceSchema).nullish(),
    resourceVersion: z.string().nullish(),
    deletionTimestamp: z.string().nullish(),
    spec: z.custom<undefined>(() => false, { error: "belongs beside `metadata`" }).exactOptional(),
  })
  .transform((metadata, context) => {
    // Mutating webhooks see an object before its name is made from `generateName`.
    const name = metadata.name ?? metadata.generateName ?? "";
    if (name === "") {
      context.addIssue({ code: "custom", path: ["name"], message: "is missing", input: undefined });
    }
    return {
      name,
      isGenerated: metadata.name == null,
      namespace: metadata.namespace ?? "",
      labels: metadata.labels ?? NO_LABELS,
      ownerReferences: metadata.ownerReferences ?? [],
    };
  });

/** What we read of `metadata`; an absent namespace is the empty string. */
export type Metadata = z.output<typeof metadataSchema>;

/**
 * The workload that controls the object, null where it has none. A Node is none: it owns the static
 * pods of its kubelet, which have nothing in common.
 */
export function controllerOf(metadata: Metadata): Workload | null {
  const owner = metadata.ownerReferences.find(({ controller }) => controller === true);
  if (owner === undefined || owner.kind === "Node") return null;
  return { kind: owner.kind ?? "Pod", name: owner.name };
}

/** Report whether it is an RFC 1123 subdomain. */
export function isSubdomain(name: string): boolean {
  return name.length <= 253 && SUBDOMAIN.test(name);
}

/** A name that the API server would refuse; it changes nothing about what the object means. */
export function nameNotices(metadata: Metadata): readonly Problem[] {
  const { name, isGenerated } = metadata;
  if (isGenerated || isSubdomain(name)) return [];
  return [{ code: "NP_E_VALUE", path: "metadata.name", message: notAName({ input: name }) }];
}

const NO_LABELS: Labels = new Map();

function notAName(issue: { readonly input?: unknown }): string {
  return `\`${String(issue.input)}\` is not a name of lower-case letters, digits, \`-\` and \`.\``;
}
