/**
 * A realistic cluster as the API server would list it: Deployments with template hashes,
 * StatefulSets with a label per pod, Jobs with unique ids, a baseline policy in every namespace and
 * a few policies for its applications; some ipBlocks, named ports, port ranges, matchExpressions.
 */
import { APPS, type App, type ClusterSize, type Manifest, TEAMS } from "./catalogue.ts";
import { policyManifests } from "./policy-generator.ts";
import { Random } from "./random.ts";
import { scaledCluster } from "./scale.ts";

export interface GeneratedCluster {
  readonly namespaces: readonly Manifest[];
  readonly nodes: readonly Manifest[];
  readonly pods: readonly Manifest[];
  readonly policies: readonly Manifest[];
}

const TIERS = ["frontend", "backend", "data", "batch"];
const PORTS = [80, 443, 3000, 3306, 5432, 6379, 8080, 8443, 9090];
const POD_NODES = 500;

/** The same cluster for the same size and seed, byte for byte. */
export function generateCluster(wanted: ClusterSize, seed = 1): GeneratedCluster {
  const size = scaledCluster(wanted);
  const random = new Random(seed);
  const names = Array.from({ length: size.namespaces }, (_, index) => namespaceName(index));
  const apps = names.flatMap((namespace) => appsOf(namespace, random));
  return {
    namespaces: names.map((name, index) => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name,
        labels: {
          "kubernetes.io/metadata.name": name,
          team: TEAMS[index % TEAMS.length],
          "ringfence.dev/profile": size.profile ?? "baseline",
        },
      },
    })),
    nodes: Array.from({ length: POD_NODES }, (_, index) => nodeManifest(index)),
    pods: podManifests(size, names, apps, random),
    policies: policyManifests(size, names, apps, random),
  };
}

/** The first namespaces are the ones everybody talks to. */
function namespaceName(index: number): string {
  return ["kube-system", "monitoring", "ingress-nginx"][index] ?? `team-${index}`;
}

function appsOf(namespace: string, random: Random): readonly App[] {
  if (namespace === "kube-system") return [system(namespace, "kube-dns", 53)];
  if (namespace === "monitoring") return [system(namespace, "prometheus", 9090)];
  if (namespace === "ingress-nginx") return [system(namespace, "ingress-nginx", 8443)];
  const count = 2 + random.below(4);
  return APPS.slice(0, count).map((name): App => {
    const kind = random.pick([
      "Deployment",
      "Deployment",
      "Deployment",
      "StatefulSet",
      "Job",
    ] as const);
    return { name, namespace, tier: random.pick(TIERS), port: random.pick(PORTS), kind };
  });
}

function system(namespace: string, name: string, port: number): App {
  return { name, namespace, tier: "backend", port, kind: "Deployment" };
}

/** Namespaces differ in size: the largest holds about a hundredth of all pods. */
function podManifests(
  size: ClusterSize,
  names: readonly string[],
  apps: readonly App[],
  random: Random,
): readonly Manifest[] {
  const largest = apps.filter(({ namespace }) => namespace === names[3]);
  const hashes = new Map(apps.map((app) => [app, random.hex(10)]));
  return Array.from({ length: size.pods }, (_, index) => {
    const fixed = apps[index];
    const app = fixed ?? (random.below(100) === 0 ? random.pick(largest) : random.pick(apps));
    return podManifest(app, index, hashes.get(app) ?? "", random);
  });
}

function podManifest(app: App, index: number, hash: string, random: Random): Manifest {
  const { name, namespace, tier, port, kind } = app;
  const own = ownLabels(app, index, hash, random);
  const node = random.below(POD_NODES);
  const address = podAddress(index);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${name}-${hash}-${index}`,
      namespace,
      uid: `${random.hex(8)}-${index}`,
      labels: {
        app: name,
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/instance": `${namespace}-${name}`,
        tier,
        ...(name === "kube-dns" ? { "k8s-app": "kube-dns" } : {}),
        ...own,
      },
      ownerReferences: [
        {
          apiVersion: "apps/v1",
          controller: true,
          kind: kind === "Deployment" ? "ReplicaSet" : kind,
          name: kind === "Deployment" ? `${name}-${hash}` : name,
        },
      ],
    },
    spec: {
      nodeName: `node-${node}`,
      containers: [
        {
          name: "main",
          ports: [
            { name: "http", containerPort: port, protocol: "TCP" },
            { name: "metrics", containerPort: 9102, protocol: "TCP" },
          ],
        },
      ],
    },
    status: { phase: "Running", podIP: address, podIPs: [{ ip: address }] },
  };
}

function ownLabels(app: App, index: number, hash: string, random: Random): Manifest {
  switch (app.kind) {
    case "Deployment":
      return { "pod-template-hash": hash };
    case "StatefulSet":
      return {
        "statefulset.kubernetes.io/pod-name": `${app.name}-${index}`,
        "controller-revision-hash": `${app.name}-${hash}`,
      };
    case "Job":
      return { "controller-uid": random.hex(32), "job-name": `${app.name}-${index}` };
  }
}

function podAddress(index: number): string {
  return `10.${128 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
}

function nodeManifest(index: number): Manifest {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: `node-${index}`,
      labels: { "kubernetes.io/os": "linux", zone: `z${index % 3}` },
    },
    status: { addresses: [{ type: "InternalIP", address: `172.16.${index >> 8}.${index & 255}` }] },
  };
}
