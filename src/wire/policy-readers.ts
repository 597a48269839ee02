import type { Policy, PolicyKind } from "../engine/model.ts";
import type { Problem, Result } from "../errors.ts";
import {
  parseAdminNetworkPolicy,
  parseBaselineAdminNetworkPolicy,
  unreadableAdminNetworkPolicy,
  unreadableBaselineAdminNetworkPolicy,
} from "./admin-network-policy.ts";
import {
  parseClusterNetworkPolicy,
  unreadableClusterNetworkPolicy,
} from "./cluster-network-policy.ts";
import { parseNetworkPolicy, unreadableNetworkPolicy } from "./network-policy.ts";
import type { ParsedPolicy } from "./parsed-policy.ts";
import type { PolicyManifest } from "./policy-manifest.ts";

/** How one kind of policy is served by the API and read by us. */
export interface PolicyReader {
  readonly group: string;
  readonly version: string;
  /** Others that serve the same objects. */
  readonly otherVersions: readonly string[];
  /** The plural in URLs and in webhook rules. */
  readonly resource: string;
  readonly namespaced: boolean;
  /** `namespace` is that of an object that names none; cluster-scoped kinds ignore it. */
  parse(raw: unknown, namespace?: string): Result<ParsedPolicy<PolicyManifest>, readonly Problem[]>;
  /** What stands in the engine for a stored object that `parse` refuses. */
  readonly unreadable: (raw: unknown, namespace?: string) => Policy;
}

export const POLICY_READERS: Readonly<Record<PolicyKind, PolicyReader>> = {
  NetworkPolicy: {
    group: "networking.k8s.io",
    version: "v1",
    otherVersions: [],
    resource: "networkpolicies",
    namespaced: true,
    parse: parseNetworkPolicy,
    unreadable: unreadableNetworkPolicy,
  },
  ClusterNetworkPolicy: {
    group: "policy.networking.k8s.io",
    version: "v1alpha2",
    otherVersions: ["v1beta1"],
    resource: "clusternetworkpolicies",
    namespaced: false,
    parse: parseClusterNetworkPolicy,
    unreadable: unreadableClusterNetworkPolicy,
  },
  AdminNetworkPolicy: {
    group: "policy.networking.k8s.io",
    version: "v1alpha1",
    otherVersions: [],
    resource: "adminnetworkpolicies",
    namespaced: false,
    parse: parseAdminNetworkPolicy,
    unreadable: unreadableAdminNetworkPolicy,
  },
  BaselineAdminNetworkPolicy: {
    group: "policy.networking.k8s.io",
    version: "v1alpha1",
    otherVersions: [],
    resource: "baselineadminnetworkpolicies",
    namespaced: false,
    parse: parseBaselineAdminNetworkPolicy,
    unreadable: unreadableBaselineAdminNetworkPolicy,
  },
};
