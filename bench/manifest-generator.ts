import { Random } from "./random.ts";

/** Manifests as a repository holds them: documents by file, and a flow that they allow. */
export interface Manifests {
  readonly files: readonly (readonly object[])[];
  readonly flow: { readonly from: string; readonly to: string; readonly port: string };
}

const NAMESPACES = ["shop", "payments", "search", "mail", "reports"] as const;
const CALLERS = 3;

/** Half of the files are a Deployment with its Service, the other half a policy for one of these. */
export function generateManifests(count: number, seed: number): Manifests {
  const random = new Random(seed);
  const apps = Array.from({ length: count / 2 }, (_, index) => ({
    name: `app-${index}`,
    namespace: random.pick(NAMESPACES),
    replicas: 1 + random.below(4),
    callers: Array.from({ length: CALLERS }, () => random.below(count / 2)),
  }));
  const peerOf = (index: number): object => {
    const { name, namespace } = apps[index] ?? { name: "", namespace: "" };
    return {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
      podSelector: { matchLabels: labelsOf(name) },
    };
  };
  const workloads = apps.map(({ name, namespace, replicas }) => [
    deployment({ name, namespace, labels: labelsOf(name) }, replicas),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace, labels: labelsOf(name) },
      spec: { selector: labelsOf(name), ports: [{ name: "http", port: 80, targetPort: "http" }] },
    },
  ]);
  const policies = apps.map(({ name, namespace, callers }) => [
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name, namespace, labels: labelsOf(name) },
      spec: {
        podSelector: { matchLabels: labelsOf(name) },
        policyTypes: ["Ingress"],
        ingress: [{ from: callers.map(peerOf), ports: [{ protocol: "TCP", port: "http" }] }],
      },
    },
  ]);
  const [first] = apps;
  const caller = apps[first?.callers[0] ?? 0];
  return {
    files: [...workloads, ...policies],
    flow: {
      from: `${caller?.namespace ?? ""}/${caller?.name ?? ""}`,
      to: `${first?.namespace ?? ""}/${first?.name ?? ""}`,
      port: "8080",
    },
  };
}

function labelsOf(name: string): object {
  return { "app.kubernetes.io/name": name };
}

interface Identity {
  readonly name: string;
  readonly namespace: string;
  readonly labels: object;
}

function deployment({ name, namespace, labels }: Identity, replicas: number): object {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: "main",
              image: `registry.example.com/${name}:1.0.0`,
              ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
              env: [{ name: "LOG_LEVEL", value: "info" }],
              resources: {
                requests: { cpu: "100m", memory: "128Mi" },
                limits: { memory: "256Mi" },
              },
              readinessProbe: { httpGet: { path: "/ready", port: "http" } },
            },
          ],
        },
      },
    },
  };
}
