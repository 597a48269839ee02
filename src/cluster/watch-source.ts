import { POLICY_KINDS, type PolicyKind } from "../engine/model.ts";
import { SERVICE_NAME_LABEL } from "../wire/endpoint-slice.ts";
import { POLICY_READERS } from "../wire/policy-readers.ts";
import * as kinds from "./resource-type.ts";

/** Which objects to follow. */
export interface ReflectorSource {
  readonly type: kinds.ResourceType;
  /** Versions that serve the same objects, asked for in turn where one is not served (any more). */
  readonly otherVersions?: readonly string[];
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** The cluster may lack the kind: then there are no objects, and it is looked for again. */
  readonly optional?: boolean;
}

/** The cluster-scoped kinds, none of which a cluster need have. */
export const TIERED_KINDS = POLICY_KINDS.filter((kind) => !POLICY_READERS[kind].namespaced);

/** The objects of a policy kind that a cluster may lack. */
export function policySource(kind: PolicyKind): ReflectorSource {
  const { group, version, otherVersions, resource } = POLICY_READERS[kind];
  return { type: { group, version, resource }, otherVersions, optional: true };
}

/** What is behind one Service. Endpoints, which told of one family only, Kubernetes 1.33 has deprecated. */
export function endpointsOf(service: {
  readonly namespace: string;
  readonly name: string;
}): ReflectorSource {
  const { namespace, name } = service;
  const labelSelector = `${SERVICE_NAME_LABEL}=${name}`;
  return { type: kinds.ENDPOINT_SLICES, otherVersions: ["v1beta1"], namespace, labelSelector };
}
