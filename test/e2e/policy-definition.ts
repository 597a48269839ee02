export const POLICY_GROUP = "policy.networking.k8s.io";

/** A kind of that group as far as Ringfence is concerned: the real schema is Ringfence's to check again. */
export function policyDefinition(kind: string, plural: string, version: string): object {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${plural}.${POLICY_GROUP}`,
      annotations: { "api-approved.kubernetes.io": "unapproved, a stand-in for tests" },
    },
    spec: {
      group: POLICY_GROUP,
      scope: "Cluster",
      names: { kind, plural },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
          },
        },
      ],
    },
  };
}
