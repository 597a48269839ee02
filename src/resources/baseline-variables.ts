import { formatRange, parseAddress } from "../engine/address.ts";
import { type Labels, NAME_LABEL } from "../engine/model.ts";
import { didYouMean } from "../nearest.ts";
import type { Baseline } from "./baseline.ts";
import type { DnsTarget } from "./dns-target.ts";
import type { Variables, VariableValue } from "./expand-template.ts";

/** What fills templates the same in every namespace. */
export interface ClusterValues {
  readonly dns: DnsTarget;
  /** CIDRs that pods get their addresses from. */
  readonly podCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
  /** Of the API server, behind its Service. */
  readonly apiServerAddresses: readonly string[];
}

/** What fills templates in one namespace. */
export interface NamespaceFacts {
  readonly namespace: string;
  readonly labels: Labels;
  readonly annotations: Labels;
}

/** What the templates of a baseline are filled with. */
export type BaselineFacts = ClusterValues & NamespaceFacts;

const LABEL = "namespace.labels.";
const ANNOTATION = "namespace.annotations.";
const VALUE = "values.";

/** Keys of the labels and annotations that a namespace has to have. */
export interface NeededKeys {
  readonly labels: readonly string[];
  readonly annotations: readonly string[];
}

/** Of the labels and annotations that a baseline may use, those that it does use. */
export function keysNeededBy(baseline: Baseline): NeededKeys {
  const specs = JSON.stringify(baseline.policies.map(({ spec }) => spec));
  const used = (prefix: string, keys: readonly string[]): readonly string[] =>
    keys.filter((key) => specs.includes(`$(${prefix}${key})`));
  return {
    labels: used(LABEL, baseline.namespaceLabels),
    annotations: used(ANNOTATION, baseline.namespaceAnnotations),
  };
}

/** Variables that stand for a list, alike in every namespace. */
const CLUSTER_LISTS: Readonly<Record<string, (cluster: ClusterValues) => readonly unknown[]>> = {
  "dns.peers": ({ dns }) => dnsPeers(dns),
  "dns.ports": ({ dns }) => dnsPorts(dns),
  "dns.cidrs": ({ dns }) => dns.addresses.map(hostCidr),
  "cluster.podPeers": ({ podCidrs }) => podCidrs.map(blockPeer),
  "cluster.podCidrs": ({ podCidrs }) => podCidrs,
  "cluster.servicePeers": ({ serviceCidrs }) => serviceCidrs.map(blockPeer),
  "cluster.serviceCidrs": ({ serviceCidrs }) => serviceCidrs,
  "cluster.apiServerPeers": (cluster) => apiServerCidrs(cluster).map(blockPeer),
  "cluster.apiServerCidrs": (cluster) => apiServerCidrs(cluster),
};

/** What the variables of a baseline's templates stand for in a namespace. */
export function variablesOf(
  { namespaceLabels, namespaceAnnotations, values }: Baseline,
  facts: BaselineFacts,
): Variables {
  return (name) => {
    if (name === "namespace.name") return facts.namespace;
    if (name.startsWith(LABEL)) {
      const key = name.slice(LABEL.length);
      return namespaceLabels.includes(key) ? facts.labels.get(key) : unlisted(key, "Labels");
    }
    if (name.startsWith(ANNOTATION)) {
      const key = name.slice(ANNOTATION.length);
      return namespaceAnnotations.includes(key)
        ? facts.annotations.get(key)
        : unlisted(key, "Annotations");
    }
    if (name.startsWith(VALUE)) {
      const key = name.slice(VALUE.length);
      const value = Object.hasOwn(values, key) ? values[key] : undefined;
      if (value !== undefined) return typeof value === "number" ? String(value) : value;
    }
    if (Object.hasOwn(CLUSTER_LISTS, name)) return CLUSTER_LISTS[name]?.(facts);
    const names = ["namespace.name", ...Object.keys(CLUSTER_LISTS)];
    const own = Object.keys(values).map((key) => VALUE + key);
    return unknownVariable(name, [...names, ...own]);
  };
}

/**
 * SECURITY: whoever may label a namespace decides by these what its baseline allows, so only those that the
 * Baseline lists count.
 */
function unlisted(key: string, of: "Labels" | "Annotations"): VariableValue {
  return { problem: `\`${key}\` is not among \`spec.namespace${of}\`` };
}

function unknownVariable(name: string, known: readonly string[]): VariableValue {
  const references = known.map((one) => `$(${one})`);
  const near = didYouMean(`$(${name})`, references);
  return { problem: `there is no value for \`$(${name})\`${near}` };
}

function blockPeer(cidr: string): object {
  return { ipBlock: { cidr } };
}

function apiServerCidrs({ apiServerAddresses }: ClusterValues): readonly string[] {
  return apiServerAddresses.map(hostCidr);
}

function dnsPeers(dns: DnsTarget): readonly object[] {
  return [
    {
      namespaceSelector: { matchLabels: { [NAME_LABEL]: dns.namespace } },
      podSelector: { matchLabels: dns.podLabels },
    },
    ...dns.addresses.map((address) => blockPeer(hostCidr(address))),
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
  return address === null ? text : formatRange({ first: address, last: address });
}

/** What the variables that are the same everywhere stand for, in a fixed order. */
export function listsOf(cluster: ClusterValues): readonly unknown[] {
  return Object.values(CLUSTER_LISTS).map((list) => list(cluster));
}
