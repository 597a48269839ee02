import { APPS, type App, type ClusterSize, type Manifest, TEAMS } from "./catalogue.ts";
import type { Random } from "./random.ts";

/**
 * A baseline for every namespace; the other policies are such as teams write. Every other baseline leaves
 * egress free, as most teams begin; there an ingress rule alone opens a connection.
 */
export function policyManifests(
  size: ClusterSize,
  names: readonly string[],
  apps: readonly App[],
  random: Random,
): readonly Manifest[] {
  const baselines = names
    .slice(0, size.policies)
    .map((name, index) => (index % 2 === 0 ? baseline(name) : ingressBaseline(name)));
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

function ingressBaseline(namespace: string): Manifest {
  return policyManifest(namespace, "baseline", { podSelector: {}, policyTypes: ["Ingress"] });
}

const EXTERNAL = [
  "203.0.113.0/24",
  "198.51.100.0/24",
  "192.0.2.0/25",
  "100.64.0.0/10",
  "52.0.0.0/11",
];

/** A policy as teams write them, for one application. */
function applicationPolicy(name: string, app: App, apps: readonly App[], random: Random): Manifest {
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
