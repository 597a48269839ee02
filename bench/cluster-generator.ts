/**
 * A realistic cluster as the API server would list it: Deployments with template hashes,
 * StatefulSets with a label per pod, Jobs with unique ids, a baseline policy in every namespace and
 * a few policies for its applications; some ipBlocks, named ports, port ranges, matchExpressions.
 */
import { Random } from "./random.ts";

export type Manifest = Readonly<Record<string, unknown>>;

export interface ClusterSize {
  readonly namespaces: number;
  readonly pods: number;
  /** Policies in all, the baselines included. */
  readonly policies: number;
}

export interface GeneratedCluster {
  readonly namespaces: readonly Manifest[];
  readonly nodes: readonly Manifest[];
  readonly pods: readonly Manifest[];
  readonly policies: readonly Manifest[];
}

interface App {
  readonly name: string;
  readonly namespace: string;
  readonly tier: string;
  readonly port: number;
  readonly kind: "Deployment" | "StatefulSet" | "Job";
}

const TIERS = ["frontend", "backend", "data", "batch"];
const PORTS = [80, 443, 3000, 3306, 5432, 6379, 8080, 8443, 9090];
const TEAMS = ["shop", "payments", "search", "ml", "core", "growth", "infra", "data"];
const APPS = ["web", "api", "worker", "db", "cache", "queue", "auth", "cron", "mail", "report"];
const POD_NODES = 500;

/** The same cluster for the same size and seed, byte for byte. */
export function generateCluster(size: ClusterSize, seed = 1): GeneratedCluster {
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
          "ringfence.dev/profile": "baseline",
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

function policyManifests(
  size: ClusterSize,
  names: readonly string[],
  apps: readonly App[],
  random: Random,
): readonly Manifest[] {
  const baselines = names.slice(0, size.policies).map(baseline);
  const governed = apps.filter(({ namespace }) => namespace.startsWith("team-"));
  const own = Array.from({ length: Math.max(0, size.policies - baselines.length) }, (_, index) =>
    applicationPolicy(`app-${index}`, random.pick(governed), governed, random),
  );
  return [...baselines, ...own];
}

function baseline(namespace: string): Manifest {
  return policyManifest(namespace, "baseline", {
    podSelector: {},
    policyTypes: ["Ingress", "Egress"],
    egress: [
      {
        to: [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
            podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
          },
        ],
        ports: [
          { protocol: "UDP", port: 53 },
          { protocol: "TCP", port: 53 },
        ],
      },
    ],
  });
}

const EXTERNAL = [
  "203.0.113.0/24",
  "198.51.100.0/24",
  "192.0.2.0/25",
  "100.64.0.0/10",
  "52.0.0.0/11",
];

/** A policy as teams write them, for one application. */
export function applicationPolicy(
  name: string,
  app: App,
  apps: readonly App[],
  random: Random,
): Manifest {
  const podSelector = { matchLabels: { app: app.name } };
  const other = random.pick(apps);
  const ingress = (from: unknown, ports: unknown): Manifest =>
    policyManifest(app.namespace, name, {
      podSelector,
      policyTypes: ["Ingress"],
      ingress: [{ from, ports }],
    });
  const tcp = [{ protocol: "TCP", port: app.port }];
  switch (random.below(10)) {
    case 0:
      return policyManifest(app.namespace, name, {
        podSelector: {},
        policyTypes: ["Ingress", "Egress"],
        ingress: [{ from: [{ podSelector: {} }] }],
        egress: [{ to: [{ podSelector: {} }] }],
      });
    case 1:
      return ingress(
        [{ namespaceSelector: { matchLabels: { team: random.pick(TEAMS) } } }],
        [{ protocol: "TCP", port: 9100, endPort: 9110 }],
      );
    case 2:
      return ingress(
        [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "ingress-nginx" } },
          },
        ],
        [{ protocol: "TCP", port: "http" }],
      );
    case 3:
      return policyManifest(app.namespace, name, {
        podSelector,
        policyTypes: ["Egress"],
        egress: [
          {
            to: [
              { ipBlock: { cidr: random.pick(EXTERNAL) } },
              { ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8", "172.16.0.0/12"] } },
            ],
            ports: [{ protocol: "TCP", port: 443 }],
          },
        ],
      });
    case 4:
      return ingress(
        [
          {
            podSelector: {
              matchExpressions: [{ key: "tier", operator: "In", values: ["frontend", "backend"] }],
            },
          },
        ],
        tcp,
      );
    case 5:
      return ingress(
        [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": other.namespace } },
            podSelector: { matchLabels: { app: other.name } },
          },
        ],
        tcp,
      );
    case 6:
      return policyManifest(app.namespace, name, {
        podSelector,
        policyTypes: ["Egress"],
        egress: [
          {
            to: [
              {
                namespaceSelector: {
                  matchLabels: { "kubernetes.io/metadata.name": other.namespace },
                },
                podSelector: { matchLabels: { app: other.name } },
              },
            ],
            ports: [{ protocol: "TCP", port: other.port }],
          },
        ],
      });
    case 7:
      return ingress(
        [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } },
            podSelector: { matchLabels: { app: "prometheus" } },
          },
        ],
        [{ protocol: "TCP", port: "metrics" }],
      );
    default:
      return ingress([{ podSelector: { matchLabels: { app: random.pick(APPS) } } }], tcp);
  }
}

function policyManifest(namespace: string, name: string, spec: Manifest): Manifest {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace },
    spec,
  };
}
