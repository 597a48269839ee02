import { type Change, NAME_LABEL, type Pod, podKey } from "../../engine/model.ts";
import type { ClusterFacts } from "../../rules/rule.ts";
import type { ResolverEndpoint } from "../../wire/endpoints.ts";
import { bareNamespace } from "../../wire/namespace.ts";
import { resolversOf } from "../sources/resolvers.ts";
import type { SourcePolicy, World } from "../sources/world.ts";
import type { JudgedObject } from "./judged-object.ts";
import { imaginedPod, witnessOf } from "./witness.ts";

/** Pods that resolve names, with the names that their ports have. */
interface Dns {
  readonly namespace: string;
  readonly label: readonly [key: string, value: string];
  readonly port: number;
}

const IN_MOST_CLUSTERS: Dns = {
  namespace: "kube-system",
  label: ["k8s-app", "kube-dns"],
  port: 53,
};
/** OpenShift documentation, "DNS Operator": the daemon set `dns-default`, whose Service has port 53. */
const IN_OPENSHIFT: Dns = {
  namespace: "openshift-dns",
  label: ["dns.operator.openshift.io/daemonset-dns", "default"],
  port: 5353,
};

/** Where names are resolved as far as files say, else as in most clusters. */
export interface Resolvers {
  readonly endpoints: readonly ResolverEndpoint[];
  /** Null where they are known. */
  readonly assumed: Pod | null;
}

/** The resolvers of a world; those of a cluster are never assumed. */
export function knownOrAssumedResolvers(world: World): Resolvers {
  const endpoints = resolversOf(world);
  if (world.isWhole || endpoints.length > 0) return { endpoints, assumed: null };
  const dns = assumedDns(world);
  const assumed = podOf(dns);
  const end = { kind: "pod", key: podKey(assumed) } as const;
  const endpoint = { end, family: null, udpPort: dns.port, tcpPort: dns.port };
  return { endpoints: [endpoint], assumed };
}

/** Whoever names the namespace that OpenShift has for it runs there. */
function assumedDns({ policies }: World): Dns {
  const isNamed = policies
    .values()
    .flatMap(({ policy }) => policy.egress.rules)
    .flatMap(({ peers }) => (peers === "all" ? [] : peers))
    .some(
      (peer) =>
        peer.kind === "pods" &&
        peer.selection.namespaces.kind === "selector" &&
        peer.selection.namespaces.selector.some(
          ({ key, values }) => key === NAME_LABEL && values.includes(IN_OPENSHIFT.namespace),
        ),
    );
  return isNamed ? IN_OPENSHIFT : IN_MOST_CLUSTERS;
}

function podOf({ namespace, label, port }: Dns): Pod {
  return imaginedPod({
    namespace,
    name: `[${label.join("=")}]`,
    labels: new Map([label]),
    ports: [
      { name: "dns", port, protocol: "UDP" },
      { name: "dns-tcp", port, protocol: "TCP" },
    ],
  });
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
  const pods = [witness, resolvers.assumed].filter((pod) => pod !== null);
  const namespaces = [resolvers.assumed].flatMap((pod) =>
    pod === null || world.namespaces.has(pod.namespace) ? [] : [bareNamespace(pod.namespace)],
  );
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
  if (!matters || knownOrAssumedResolvers(world).assumed === null) return [];
  const { namespace, label, port } = assumedDns(world);
  return [
    `the cluster's DNS is pods ${label.join(": ")} of ${namespace} on port ${port}: the files do not say where it is`,
  ];
}
