import { isObject } from "../../wire/shape.ts";

/** What the API server writes, and nobody applies. */
const SERVER_FIELDS: ReadonlySet<string> = new Set([
  "creationTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "selfLink",
  "uid",
]);
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** A NetworkPolicy as people write it: without what the API server and kubectl have added. */
export function applicableManifest({
  status: _,
  metadata,
  spec,
  ...head
}: Readonly<Record<string, unknown>>): object {
  const fields = Object.entries(isObject(metadata) ? metadata : {})
    .filter(([key]) => !SERVER_FIELDS.has(key))
    .map(([key, value]): [string, unknown] => {
      if (key !== "annotations" || !isObject(value)) return [key, value];
      return [
        key,
        Object.fromEntries(Object.entries(value).filter(([name]) => name !== LAST_APPLIED)),
      ];
    });
  const identity = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" };
  return { ...identity, ...head, metadata: Object.fromEntries<unknown>(fields), spec };
}
