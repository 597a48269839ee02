import { createHash } from "node:crypto";
import { familyOf, parseAddress } from "../engine/address.ts";
import type { Labels } from "../engine/model.ts";
import { failure, type Problem, type Result, success } from "../errors.ts";
import { parseNetworkPolicy } from "../wire/network-policy.ts";
import type { Baseline } from "./baseline.ts";
import type { DnsTarget } from "./dns-target.ts";
import { expandTemplate, type Variables } from "./expand-template.ts";

/** What the templates of a baseline are filled with. */
export interface BaselineFacts {
  readonly namespace: string;
  /** The namespace's labels. */
  readonly labels: Labels;
  readonly dns: DnsTarget;
  /** CIDRs that pods have their addresses of. */
  readonly podCidrs: readonly string[];
}

/** Namespaces that no webhook configuration selects and that never get a baseline. */
const SYSTEM_NAMESPACES: readonly string[] = ["kube-system", "kube-public", "kube-node-lease"];

/** Report whether a namespace is left alone whatever its labels say: the system's and our own. */
export function isLeftAlone(namespace: string, ownNamespace: string): boolean {
  // SECURITY: a default-deny on our own namespace or on DNS would lock everybody out of the cluster.
  return namespace === ownNamespace || SYSTEM_NAMESPACES.includes(namespace);
}

/**
 * The policies of a baseline for a namespace, as they are written to the API server. A template that
 * has no value there, or does not come out as a NetworkPolicy, is a problem with its path.
 */
export function renderBaseline(
  baseline: Baseline,
  facts: BaselineFacts,
): Result<readonly object[], readonly Problem[]> {
  return renderWith(baseline, facts.namespace, variablesOf(facts));
}

function renderWith(
  baseline: Baseline,
  namespace: string,
  variables: Variables,
): Result<readonly object[], readonly Problem[]> {
  const policies: object[] = [];
  const problems: Problem[] = [];
  for (const [index, { name, labels, spec }] of baseline.policies.entries()) {
    const at = `spec.policies[${index}]`;
    const filled = expandTemplate(spec, variables);
    if (!filled.ok) {
      problems.push(...filled.error.map((problem) => below(`${at}.spec`, problem)));
      continue;
    }
    const policy = {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: {
        name,
        namespace,
        labels: { ...Object.fromEntries(labels), ...baselineLabels(baseline.name) },
      },
      spec: filled.value,
    };
    const read = parseNetworkPolicy(policy);
    if (read.ok) policies.push(policy);
    else problems.push(...read.error.map((problem) => below(at, problem)));
  }
  return problems.length > 0 ? failure(problems) : success(policies);
}

/** What is wrong with a baseline wherever it is rendered: every label has a value here. */
export function checkBaseline(baseline: Baseline): readonly Problem[] {
  const rendered = renderWith(baseline, "default", (name) =>
    name.startsWith(LABEL) ? "value" : variablesOf(SAMPLE)(name),
  );
  return rendered.ok ? [] : rendered.error;
}

const LABEL = "namespace.labels.";

const SAMPLE: BaselineFacts = {
  namespace: "default",
  labels: new Map(),
  dns: { namespace: "kube-system", podLabels: {}, addresses: [], ports: [] },
  podCidrs: ["10.0.0.0/8"],
};

/** Keys of the namespace's labels that the templates are filled in with. */
export function labelsNeededBy({ policies }: Baseline): readonly string[] {
  const specs = JSON.stringify(policies.map(({ spec }) => spec));
  const used = specs.matchAll(/\$\(namespace\.labels\.(?<key>[^()]*)\)/g);
  return [...new Set(Array.from(used, ({ groups }) => groups?.["key"] ?? ""))];
}

/** A short hash of what a baseline says, the same for all namespaces: tells old from new. */
export function baselineRevision(baseline: Baseline, dns: DnsTarget): string {
  const { name, policies } = baseline;
  const templates = policies.map((policy) => ({ ...policy, labels: [...policy.labels] }));
  const text = JSON.stringify([name, templates, dnsPeers(dns), dnsPorts(dns)]);
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

function baselineLabels(name: string): Readonly<Record<string, string>> {
  return { "app.kubernetes.io/managed-by": "ringfence", "ringfence.dev/baseline": name };
}

function variablesOf({ namespace, labels, dns, podCidrs }: BaselineFacts): Variables {
  return (name) => {
    if (name.startsWith(LABEL)) return labels.get(name.slice(LABEL.length));
    switch (name) {
      case "namespace.name":
        return namespace;
      case "dns.peers":
        return dnsPeers(dns);
      case "dns.ports":
        return dnsPorts(dns);
      case "cluster.podPeers":
        return podCidrs.map((cidr) => ({ ipBlock: { cidr } }));
      default:
        return undefined;
    }
  };
}

function dnsPeers(dns: DnsTarget): readonly object[] {
  return [
    {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": dns.namespace } },
      podSelector: { matchLabels: dns.podLabels },
    },
    ...dns.addresses.map((address) => ({ ipBlock: { cidr: hostCidr(address) } })),
  ];
}

/** Over UDP and TCP: what does not fit into UDP comes over TCP. */
function dnsPorts(dns: DnsTarget): readonly object[] {
  const ports = [...new Set([53, ...dns.ports])].toSorted((a, b) => a - b);
  return ports.flatMap((port) => [
    { protocol: "UDP", port },
    { protocol: "TCP", port },
  ]);
}

function hostCidr(text: string): string {
  const address = parseAddress(text);
  return address !== null && familyOf(address) === 6 ? `${text}/128` : `${text}/32`;
}

function below(parent: string, { path, message }: Problem): Problem {
  const joined =
    path === "" ? parent : path.startsWith("[") ? `${parent}${path}` : `${parent}.${path}`;
  return { code: "NP_E_RESOURCE", path: joined, message };
}
