import type {
  AdminNetworkPolicyManifest,
  BaselineAdminNetworkPolicyManifest,
} from "./admin-network-policy.ts";
import type { ClusterNetworkPolicyManifest } from "./cluster-network-policy.ts";
import type { NetworkPolicyManifest } from "./network-policy.ts";

/** Any of the kinds that become a `Policy`; `policy.kind` of the engine's model says which. */
export type PolicyManifest =
  | NetworkPolicyManifest
  | ClusterNetworkPolicyManifest
  | AdminNetworkPolicyManifest
  | BaselineAdminNetworkPolicyManifest;
