import type { ControlPlane } from "../support/control-plane.ts";
import { createEndpointSlice } from "../support/endpoint-slice.ts";

const policies = "/apis/networking.k8s.io/v1";

/** A pod as the kubelet would report it: running, ready, with an address. */
export interface PodOfTest {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly address: string;
  readonly ports: readonly {
    readonly name: string;
    readonly containerPort: number;
    readonly protocol: "TCP" | "UDP";
  }[];
}

const shopPods: readonly PodOfTest[] = [
  pod("shop", "web", "10.244.1.1", { http: 8080 }),
  pod("shop", "mysql", "10.244.1.2", { mysql: 3306 }),
  pod("plain", "client", "10.244.2.1", {}),
];

const dnsPod: PodOfTest = {
  name: "coredns",
  namespace: "kube-system",
  labels: { "k8s-app": "kube-dns" },
  address: "10.244.0.2",
  ports: [
    { name: "dns", containerPort: 53, protocol: "UDP" },
    { name: "dns-tcp", containerPort: 53, protocol: "TCP" },
  ],
};

/**
 * A cluster with its DNS, a namespace `plain` that has not opted in and a namespace `shop` that will, each with
 * a pod or two. Two users may change NetworkPolicies and Namespaces: `dana`, and `olga`, who also has the verb
 * `optout`.
 */
export async function createShop(plane: ControlPlane): Promise<void> {
  for (const name of ["shop", "plain"]) await createNamespace(plane, name);
  for (const one of [dnsPod, ...shopPods]) await createPod(plane, one);
  await createEndpointSlice(plane, "kube-system", {
    service: "kube-dns",
    endpoints: [
      {
        addresses: [dnsPod.address],
        targetRef: { kind: "Pod", name: "coredns", namespace: "kube-system" },
      },
    ],
    ports: [
      { name: "dns", port: 53, protocol: "UDP" },
      { name: "dns-tcp", port: 53, protocol: "TCP" },
    ],
  });
  await grant(
    plane,
    "network-admin",
    ["dana", "olga"],
    [
      { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: ["*"] },
      { apiGroups: [""], resources: ["namespaces"], verbs: ["*"] },
    ],
  );
  await bind(plane, "ringfence-optout", ["olga"]);
}

export async function createNamespace(
  plane: ControlPlane,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  const metadata = { name, labels: { "kubernetes.io/metadata.name": name, ...labels } };
  await plane.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
}

export async function createPod(plane: ControlPlane, one: PodOfTest): Promise<void> {
  const collection = `/api/v1/namespaces/${one.namespace}/pods`;
  await plane.create(collection, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: one.name, labels: one.labels },
    spec: { containers: [{ name: "main", image: "example/image:1", ports: one.ports }] },
  });
  const status = { phase: "Running", podIP: one.address, podIPs: [{ ip: one.address }] };
  await plane.request("PATCH", `${collection}/${one.name}/status`, {
    contentType: "application/merge-patch+json",
    body: { status },
  });
}

/** A pod that serves TCP and is labelled `app: <name>`. */
export function pod(
  namespace: string,
  name: string,
  address: string,
  tcpPorts: Readonly<Record<string, number>>,
): PodOfTest {
  const ports = Object.entries(tcpPorts).map(([port, containerPort]) => ({
    name: port,
    containerPort,
    protocol: "TCP" as const,
  }));
  return { name, namespace, labels: { app: name }, address, ports };
}

/** A NetworkPolicy manifest. */
export function policy(namespace: string, name: string, spec: object): object {
  const metadata = { namespace, name };
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata, spec };
}

/** The stored policy, or null. */
export async function storedPolicy(
  plane: ControlPlane,
  namespace: string,
  name: string,
): Promise<unknown> {
  const { status, body } = await plane.request(
    "GET",
    `${policies}/namespaces/${namespace}/networkpolicies/${name}`,
  );
  return status === 200 ? body : null;
}

async function grant(
  plane: ControlPlane,
  role: string,
  users: readonly string[],
  rules: readonly object[],
): Promise<void> {
  await plane.create("/apis/rbac.authorization.k8s.io/v1/clusterroles", {
    metadata: { name: role },
    rules,
  });
  await bind(plane, role, users);
}

/** Give users a ClusterRole. */
export async function bind(
  plane: ControlPlane,
  role: string,
  users: readonly string[],
): Promise<void> {
  await plane.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    metadata: { name: `${role}-of-the-test` },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects: users.map((name) => ({ apiGroup: "rbac.authorization.k8s.io", kind: "User", name })),
  });
}
