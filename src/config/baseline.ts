import { createHash } from "node:crypto";
import { familyOf, parseAddress } from "../engine/address.ts";

/** Where the pods of a cluster resolve names. */
export interface DnsTarget {
  /** Namespace and labels of the resolver's pods. */
  readonly namespace: string;
  readonly podLabels: Readonly<Record<string, string>>;
  /** Resolvers that are no pods, above all NodeLocal DNSCache. */
  readonly addresses: readonly string[];
  /** Ports the resolver's pods listen on (after `targetPort`), beside 53: OpenShift's is 5353. */
  readonly ports: readonly number[];
}

/** Labels of every policy of the built-in baseline. */
const BASELINE_LABELS = {
  "app.kubernetes.io/managed-by": "ringfence",
  "ringfence.dev/baseline": "default",
} as const;

/** Namespaces that no webhook configuration selects and that never get a baseline. */
const SYSTEM_NAMESPACES: readonly string[] = ["kube-system", "kube-public", "kube-node-lease"];

/** Report whether a namespace is left alone whatever its labels say: the system's and our own. */
export function isLeftAlone(namespace: string, ownNamespace: string): boolean {
  // SECURITY: a default-deny on our own namespace or on DNS would lock everybody out of the cluster.
  return namespace === ownNamespace || SYSTEM_NAMESPACES.includes(namespace);
}

/**
 * The policies of the built-in baseline for a namespace, as they are written to the API server:
 * `default-deny` in both directions, and `allow-dns` over UDP and TCP.
 */
export function renderBaseline(options: {
  readonly namespace: string;
  readonly dns: DnsTarget;
}): readonly object[] {
  const { namespace, dns } = options;
  const ports = [...new Set([53, ...dns.ports])].toSorted((a, b) => a - b);
  return [
    policy(namespace, "default-deny", { podSelector: {}, policyTypes: ["Ingress", "Egress"] }),
    policy(namespace, "allow-dns", {
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [
        {
          to: [
            {
              namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": dns.namespace } },
              podSelector: { matchLabels: dns.podLabels },
            },
            ...dns.addresses.map((address) => ({ ipBlock: { cidr: hostCidr(address) } })),
          ],
          ports: ports.flatMap((port) => [
            { protocol: "UDP", port },
            { protocol: "TCP", port },
          ]),
        },
      ],
    }),
  ];
}

/** A short hash of what the baseline says, the same for all namespaces: tells old from new. */
export function baselineRevision(dns: DnsTarget): string {
  const text = JSON.stringify(renderBaseline({ namespace: "", dns }));
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

function policy(namespace: string, name: string, spec: object): object {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace, labels: { ...BASELINE_LABELS } },
    spec,
  };
}

function hostCidr(text: string): string {
  const address = parseAddress(text);
  return address !== null && familyOf(address) === 6 ? `${text}/128` : `${text}/32`;
}
