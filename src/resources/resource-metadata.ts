import { z } from "zod";

export const GROUP = "ringfence.dev";
export const VERSION = "v1alpha1";
export const API_VERSION = `${GROUP}/${VERSION}` as const;

/** What a label can have as its value: namespaces name profiles by label. */
const LABEL_VALUE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** The name of a resource, as others refer to it. */
export const resourceNameSchema = z
  .string()
  .max(63, { error: "is longer than 63 characters" })
  .regex(LABEL_VALUE, {
    error: "is not a name: it has to be the value of a label, in lower case",
  });

/** What we read of `metadata`; the API server adds fields of its own. */
export const clusterMetadataSchema = z.object({ name: resourceNameSchema });

/** A time of the Kubernetes API. */
export const timeSchema = z.iso.datetime({
  offset: true,
  error: "is not a time such as `2030-01-31T00:00:00Z`",
});

export const namespacedMetadataSchema = z.object({
  name: resourceNameSchema,
  namespace: z.string().min(1),
  creationTimestamp: timeSchema.nullish(),
  uid: z.string().nullish(),
});
