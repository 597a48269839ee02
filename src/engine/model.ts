/**
 * What the engine knows of a cluster. Every field is total: what an absent or empty field of the
 * Kubernetes API means is decided once, in `src/wire`, and cannot be written here.
 */

export type Protocol = "TCP" | "UDP" | "SCTP";

/** An IP address as one point on a single line; see `address.ts`. */
export type Address = bigint;

/** An inclusive stretch of the address line, inside one family. */
export interface AddressRange {
  readonly first: Address;
  readonly last: Address;
}

/** A Map, because label keys such as `constructor` are legal in Kubernetes. */
export type Labels = ReadonlyMap<string, string>;

/** Set by the API server on every namespace, to its name. */
export const NAME_LABEL = "kubernetes.io/metadata.name";

/** One selector requirement; `matchLabels` entries become `In` with one value. */
export interface Requirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values: readonly string[];
}

/** Requirements are ANDed; the empty selector matches everything. */
export type Selector = readonly Requirement[];

/** A named container port (unnamed ones are of no interest to a policy). */
export interface ContainerPort {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
}

/** The controller that owns a pod, or the pod itself (`kind: "Pod"`) where nobody does. */
export interface Workload {
  readonly kind: string;
  readonly name: string;
}

export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** `status.podIPs`; empty while the pod has none. At most one of each family counts. */
  readonly addresses: readonly Address[];
  readonly ports: readonly ContainerPort[];
  readonly hostNetwork: boolean;
  /** `spec.nodeName`, null while unscheduled. */
  readonly node: string | null;
  /** Phase Succeeded or Failed: keeps its address in the API, but has given it up. */
  readonly ended: boolean;
  readonly workload: Workload;
}

export interface Namespace {
  readonly name: string;
  /** Always holds `kubernetes.io/metadata.name`, as the API server sets it. */
  readonly labels: Labels;
}

export interface Node {
  readonly name: string;
  readonly labels: Labels;
  readonly addresses: readonly Address[];
}

export const POLICY_KINDS = [
  "NetworkPolicy",
  "ClusterNetworkPolicy",
  "AdminNetworkPolicy",
  "BaselineAdminNetworkPolicy",
] as const;

export type PolicyKind = (typeof POLICY_KINDS)[number];

/** `NetworkPolicy` decides for whom it selects. */
export type Tier = "Admin" | "NetworkPolicy" | "Baseline";

/** In the order they are evaluated. */
export const TIERS: readonly Tier[] = ["Admin", "NetworkPolicy", "Baseline"];

export type Action = "Accept" | "Deny" | "Pass";

/** Which namespaces a selection looks in: one by name, or all that a selector matches. */
export type NamespaceScope =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "selector"; readonly selector: Selector };

/** A set of pods: those matching `pods` in the namespaces of `namespaces`. */
export interface Selection {
  readonly namespaces: NamespaceScope;
  readonly pods: Selector;
}

export type Peer =
  | { readonly kind: "pods"; readonly selection: Selection }
  /** `ranges` are the CIDR less its `except`s: disjoint, ascending, of one family. */
  | { readonly kind: "addresses"; readonly ranges: readonly AddressRange[] }
  | { readonly kind: "nodes"; readonly selector: Selector }
  | { readonly kind: "domainNames"; readonly names: readonly string[] };

/** An inclusive stretch of the ports of one protocol. */
export interface PortRange {
  readonly protocol: Protocol;
  readonly first: number;
  readonly last: number;
}

export type PortMatch =
  | ({ readonly kind: "range" } & PortRange)
  /** `protocol: null` is ClusterNetworkPolicy's `destinationNamedPort`: whatever protocol has it. */
  | { readonly kind: "named"; readonly protocol: Protocol | null; readonly name: string };

export interface Rule {
  readonly action: Action;
  /** `"all"`: every pod and every address, in and outside the cluster. */
  readonly peers: "all" | readonly Peer[];
  readonly ports: "all" | readonly PortMatch[];
  /** Where the rule stands in its object, as a JSON path: `spec.ingress[0]`. */
  readonly path: string;
}

export type Direction = "ingress" | "egress";

export const DIRECTIONS: readonly Direction[] = ["ingress", "egress"];

/** The other end's direction. */
export function opposite(direction: Direction): Direction {
  return direction === "egress" ? "ingress" : "egress";
}

export interface DirectionRules {
  /** networking.k8s.io/v1: a selected pod accepts only what some rule allows. False in other tiers. */
  readonly isolates: boolean;
  readonly rules: readonly Rule[];
}

export interface Policy {
  readonly kind: PolicyKind;
  /** Empty for the cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  readonly tier: Tier;
  /** Ascending, within Admin and Baseline; 0 in the NetworkPolicy tier. */
  readonly priority: number;
  readonly subject: Selection;
  readonly ingress: DirectionRules;
  readonly egress: DirectionRules;
  /** False: the stored object could not be read; it isolates its subjects and allows nothing. */
  readonly readable: boolean;
}

/** Ends that a claim speaks of. */
export type EndSet =
  /** Every pod that matches, hostNetwork pods too, whatever the dataplane makes of them. */
  | { readonly kind: "pods"; readonly selection: Selection }
  /** These addresses, of either family, whoever has them: nobody, a pod or a node. */
  | { readonly kind: "addresses"; readonly ranges: readonly AddressRange[] }
  /** Every address that neither a pod nor a node has. */
  | { readonly kind: "world" };

/**
 * That flows from any of `from` to any of `to` on `ports` are never open (`closed`), or always
 * (`open`): then each of `from` reaches each of `to` on every one of the ports. A pod's way to itself
 * is never meant, nor are ways that have no pod at either end, nor pods that have no family in common.
 */
export interface FlowClaim {
  readonly sense: "closed" | "open";
  readonly from: readonly EndSet[];
  readonly to: readonly EndSet[];
  readonly ports: "all" | readonly PortRange[];
}

/** One event of the cluster. An upsert replaces what had the same key. */
export type Change =
  | { readonly kind: "pod"; readonly op: "upsert"; readonly object: Pod }
  | { readonly kind: "namespace"; readonly op: "upsert"; readonly object: Namespace }
  | { readonly kind: "node"; readonly op: "upsert"; readonly object: Node }
  | { readonly kind: "policy"; readonly op: "upsert"; readonly object: Policy }
  | {
      readonly kind: "pod" | "namespace" | "node" | "policy";
      readonly op: "delete";
      readonly key: string;
    };

/** `namespace/name`. */
export function podKey(pod: { readonly namespace: string; readonly name: string }): string {
  return `${pod.namespace}/${pod.name}`;
}

/** `namespace/Kind/name` of the workload that a pod is part of. */
export function workloadKey({ namespace, workload }: Pick<Pod, "namespace" | "workload">): string {
  return `${namespace}/${workload.kind}/${workload.name}`;
}

/** `Kind/namespace/name`; the namespace is empty for cluster-scoped kinds. */
export function policyKey(policy: {
  readonly kind: PolicyKind;
  readonly namespace: string;
  readonly name: string;
}): string {
  return `${policy.kind}/${policy.namespace}/${policy.name}`;
}

/** What names the object of a change, among those of its kind. */
export function changeKey(change: Change): string {
  if (change.op === "delete") return change.key;
  switch (change.kind) {
    case "pod":
      return podKey(change.object);
    case "policy":
      return policyKey(change.object);
    case "namespace":
    case "node":
      return change.object.name;
  }
}
