import { MatchingEngine } from "../src/engine/matching-engine.ts";
import { parseNetworkPolicy } from "../src/wire/network-policy.ts";
import { field, listAt } from "../src/wire/shape.ts";
import { succeed } from "../test/wire/describe-policy.ts";
import type { Manifest } from "./catalogue.ts";
import type { GeneratedCluster } from "./cluster-generator.ts";
import { changesOf, readCluster } from "./engine-cluster.ts";
import { Random } from "./random.ts";

/** Reviews of one cluster's policies, made from a seed. */
export interface Reviews {
  /** Policies that let one application in get one more port. */
  readonly small: readonly Manifest[];
  /** What teams do every day: a policy is created, gets another port, is deleted. */
  readonly everyday: readonly Manifest[];
}

/** AdmissionReviews as the API server sends them, of policies whose peers exist. */
export function createReviews(generated: GeneratedCluster, count: number): Reviews {
  const random = new Random(11);
  const engine = new MatchingEngine();
  for (const change of changesOf(readCluster(generated))) engine.apply(change);
  const own = generated.policies.filter((manifest) => {
    const { namespace, name, ingress, egress } = succeed(parseNetworkPolicy(manifest)).policy;
    const peers = [...ingress.rules, ...egress.rules].flatMap((rule) =>
      rule.peers === "all" ? [] : rule.peers,
    );
    const exist = peers.every(
      (peer) => peer.kind !== "pods" || engine.select(peer.selection, 0).count > 0,
    );
    return exist && name !== "baseline" && namespace !== "";
  });
  const narrow = own.filter((manifest) => {
    const [rule] = listAt(manifest, "spec", "ingress");
    const [peer] = listAt(rule, "from");
    return field(peer, "podSelector", "matchLabels", "app") !== undefined;
  });
  const withNewPort = (index: number, policy: Manifest): Manifest =>
    policyReview(index, "UPDATE", withPort(policy, 1024 + random.below(4096)), policy);
  return {
    small: Array.from({ length: count }, (_, index) =>
      withNewPort(index, asStored(random.pick(narrow))),
    ),
    everyday: Array.from({ length: count }, (_, index) => {
      const policy = asStored(random.pick(own));
      if (index % 4 === 0)
        return policyReview(index, "CREATE", withName(policy, `new-${index}`), null);
      if (index % 4 === 1) return policyReview(index, "DELETE", null, policy);
      return withNewPort(index, policy);
    }),
  };
}

/** The same as a dry run, for benchmarks without a watch that would show what was admitted. */
export function asDryRun(asked: Manifest): Manifest {
  return { ...asked, request: { ...(field(asked, "request") as object), dryRun: true } };
}

/** The API server's question about a NetworkPolicy. */
export function policyReview(
  index: number,
  operation: string,
  object: Manifest | null,
  oldObject: Manifest | null,
): Manifest {
  const resource = { group: "networking.k8s.io", version: "v1", resource: "networkpolicies" };
  const kind = { group: "networking.k8s.io", version: "v1", kind: "NetworkPolicy" };
  const metadata = field(object ?? oldObject, "metadata");
  return {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid: `0df28fbd-5f5f-11e8-bc74-${String(index).padStart(12, "0")}`,
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      name: field(metadata, "name"),
      namespace: field(metadata, "namespace"),
      operation,
      userInfo: {
        username: "dana@example.com",
        uid: "014fbff9a07c",
        groups: ["system:authenticated", "team-shop"],
        extra: { "scopes.authorization.openshift.io": ["user:full"] },
      },
      object,
      oldObject,
      dryRun: false,
      options: {
        kind: "UpdateOptions",
        apiVersion: "meta.k8s.io/v1",
        fieldManager: "kubectl-client-side-apply",
      },
    },
  };
}

/** With all that the API server and kubectl add to an object, which is most of its bytes. */
function asStored(policy: Manifest): Manifest {
  const metadata = field(policy, "metadata") as object;
  return {
    ...policy,
    metadata: {
      ...metadata,
      uid: "fbf5e1d5-6a5e-4a53-9d2e-7d2b5a1f7f0c",
      resourceVersion: "1047",
      generation: 1,
      creationTimestamp: "2026-11-23T06:00:00Z",
      annotations: {
        "kubectl.kubernetes.io/last-applied-configuration": `${JSON.stringify(policy)}\n`,
      },
      managedFields: [
        {
          manager: "kubectl-client-side-apply",
          operation: "Update",
          apiVersion: "networking.k8s.io/v1",
          time: "2026-11-23T06:00:00Z",
          fieldsType: "FieldsV1",
          fieldsV1: {
            "f:metadata": {
              "f:annotations": {
                ".": {},
                "f:kubectl.kubernetes.io/last-applied-configuration": {},
              },
            },
            "f:spec": { "f:ingress": {}, "f:podSelector": {}, "f:policyTypes": {} },
          },
        },
      ],
    },
  };
}

function withName(policy: Manifest, name: string): Manifest {
  return { ...policy, metadata: { ...(field(policy, "metadata") as object), name } };
}

/** The policy with one more port in its first rule. */
function withPort(policy: Manifest, port: number): Manifest {
  const spec = field(policy, "spec") as Manifest;
  const [direction, rules] =
    Object.entries(spec).find(([key]) => key === "ingress" || key === "egress") ?? [];
  if (direction === undefined || !Array.isArray(rules)) return policy;
  const [first, ...others] = rules as readonly Manifest[];
  const ports = [
    ...((first?.["ports"] as readonly unknown[] | undefined) ?? []),
    { protocol: "TCP", port },
  ];
  return { ...policy, spec: { ...spec, [direction]: [{ ...first, ports }, ...others] } };
}
