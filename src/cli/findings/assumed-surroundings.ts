import { type Change, podKey } from "../../engine/model.ts";
import type { ClusterFacts } from "../../rules/rule.ts";
import type { ResolverEndpoint } from "../../wire/endpoints.ts";
import { bareNamespace } from "../../wire/namespace.ts";
import { resolversOf } from "../sources/resolvers.ts";
import type { SourcePolicy, World } from "../sources/world.ts";
import type { JudgedObject } from "./judged-object.ts";
import { imaginedPod, witnessOf } from "./witness.ts";

const DNS_NAMESPACE = "kube-system";
const DNS_PORT = 53;

/** The pod that resolves names in most clusters, with its ports' names there. */
const DNS_POD = imaginedPod({
  namespace: DNS_NAMESPACE,
  name: "[k8s-app=kube-dns]",
  labels: new Map([["k8s-app", "kube-dns"]]),
  ports: [
    { name: "dns", port: DNS_PORT, protocol: "UDP" },
    { name: "dns-tcp", port: DNS_PORT, protocol: "TCP" },
  ],
});

/** Where names are resolved as far as files say, else as in most clusters. */
export interface Resolvers {
  readonly endpoints: readonly ResolverEndpoint[];
  readonly areAssumed: boolean;
}

/** The resolvers of a world; those of a cluster are never assumed. */
export function knownOrAssumedResolvers(world: World): Resolvers {
  const endpoints = resolversOf(world);
  if (world.isWhole || endpoints.length > 0) return { endpoints, areAssumed: false };
  const end = { kind: "pod", key: podKey(DNS_POD) } as const;
  return {
    endpoints: [{ end, family: null, udpPort: DNS_PORT, tcpPort: DNS_PORT }],
    areAssumed: true,
  };
}

/**
 * What an object of files is judged with although the files do not say it: a pod that the policy selects,
 * if nobody is known to run there, and the DNS. Otherwise files with policies alone would pass every rule
 * about what happens to pods. Applied before the object is judged and taken back after, since all other
 * questions are about what is written.
 */
export function assumedSurroundings(
  { governed }: JudgedObject,
  world: World,
  resolvers: Resolvers,
  { knowsPodsOf }: Pick<ClusterFacts, "knowsPodsOf">,
): { readonly add: readonly Change[]; readonly remove: readonly Change[] } {
  const policy = governed.kind === "policy" ? governed.policy : null;
  const witness = policy === null || knowsPodsOf(policy.namespace) ? null : witnessOf(policy);
  const pods = [...(witness === null ? [] : [witness]), ...(resolvers.areAssumed ? [DNS_POD] : [])];
  const namespaces =
    resolvers.areAssumed && !world.namespaces.has(DNS_NAMESPACE)
      ? [bareNamespace(DNS_NAMESPACE)]
      : [];
  return {
    add: [
      ...namespaces.map((object): Change => ({ kind: "namespace", op: "upsert", object })),
      ...pods.map((object): Change => ({ kind: "pod", op: "upsert", object })),
    ],
    remove: [
      ...pods.map((pod): Change => ({ kind: "pod", op: "delete", key: podKey(pod) })),
      ...namespaces.map(({ name }): Change => ({ kind: "namespace", op: "delete", key: name })),
    ],
  };
}

/** What is taken for granted of the DNS, as sentences, where a policy could cut somebody off from it. */
export function resolverAssumptions(
  policies: readonly SourcePolicy[],
  world: World,
): readonly string[] {
  const matters = policies.some(
    ({ policy: { egress } }) => egress.isolates || egress.rules.length > 0,
  );
  if (!matters || !knownOrAssumedResolvers(world).areAssumed) return [];
  return [
    `the cluster's DNS is pods k8s-app: kube-dns of ${DNS_NAMESPACE} on port ${DNS_PORT}: the files do not say where it is`,
  ];
}
