import type { PolicyKind } from "../engine/model.ts";
import { POLICY_READERS } from "../wire/policy.ts";
import type { ReflectorSource } from "./reflector.ts";
import * as kinds from "./resource-type.ts";

/** The cluster-scoped kinds, none of which a cluster need have. */
export const TIERED_KINDS: readonly PolicyKind[] = [
  "ClusterNetworkPolicy",
  "AdminNetworkPolicy",
  "BaselineAdminNetworkPolicy",
];

/** The objects of a policy kind that a cluster may lack. */
export function policySource(kind: PolicyKind): ReflectorSource {
  const { apiVersion, otherVersions, resource } = POLICY_READERS[kind];
  const [group = "", version = ""] = apiVersion.split("/");
  return { type: { group, version, resource }, otherVersions, optional: true };
}

/** The endpoints of one Service. */
export function endpointsOf(service: {
  readonly namespace: string;
  readonly name: string;
}): ReflectorSource {
  const { namespace, name } = service;
  return { type: kinds.ENDPOINTS, namespace, fieldSelector: `metadata.name=${name}` };
}
