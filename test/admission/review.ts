import { field } from "../../src/wire/shape.ts";
import type { Json } from "./world.ts";

interface Asked {
  readonly operation?: "CREATE" | "UPDATE" | "DELETE";
  readonly object?: Json | null;
  readonly oldObject?: Json | null;
  readonly user?: string;
  /** How the request differs from the usual one. */
  readonly request?: Json;
}

const KINDS: ReadonlyMap<unknown, Json> = new Map([
  ["NetworkPolicy", { group: "networking.k8s.io", version: "v1", kind: "NetworkPolicy" }],
  ["Namespace", { group: "", version: "v1", kind: "Namespace" }],
  [
    "AdminNetworkPolicy",
    { group: "policy.networking.k8s.io", version: "v1alpha1", kind: "AdminNetworkPolicy" },
  ],
  [
    "ClusterNetworkPolicy",
    { group: "policy.networking.k8s.io", version: "v1alpha2", kind: "ClusterNetworkPolicy" },
  ],
]);

/** An AdmissionReview as the API server sends it: the operation follows from the objects. */
export function review({ object = null, oldObject = null, user = "dana", ...rest }: Asked): Json {
  const operation =
    rest.operation ?? (object === null ? "DELETE" : oldObject === null ? "CREATE" : "UPDATE");
  const subject = object ?? oldObject;
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "705ab4f5",
      kind: KINDS.get(subject?.["kind"]),
      operation,
      name: field(subject, "metadata", "name"),
      namespace: field(subject, "metadata", "namespace"),
      userInfo: { username: user, uid: "u", groups: ["system:authenticated"] },
      object,
      oldObject,
      dryRun: false,
      ...rest.request,
    },
  };
}
