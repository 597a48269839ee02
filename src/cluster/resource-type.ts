/** What the API server calls a kind in its paths. The core group is `""`. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  /** The plural: `networkpolicies`. */
  readonly resource: string;
}

/** RBAC verbs that Ringfence needs; docs and manifests grant these and no others. */
export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete";

export const NAMESPACES: ResourceType = { group: "", version: "v1", resource: "namespaces" };
export const PODS: ResourceType = { group: "", version: "v1", resource: "pods" };
export const NODES: ResourceType = { group: "", version: "v1", resource: "nodes" };
export const ENDPOINT_SLICES: ResourceType = {
  group: "discovery.k8s.io",
  version: "v1",
  resource: "endpointslices",
};
export const SERVICES: ResourceType = { group: "", version: "v1", resource: "services" };
export const CONFIG_MAPS: ResourceType = { group: "", version: "v1", resource: "configmaps" };
export const DEPLOYMENTS: ResourceType = { group: "apps", version: "v1", resource: "deployments" };
export const STATEFUL_SETS: ResourceType = {
  group: "apps",
  version: "v1",
  resource: "statefulsets",
};
export const DAEMON_SETS: ResourceType = { group: "apps", version: "v1", resource: "daemonsets" };
export const CRON_JOBS: ResourceType = { group: "batch", version: "v1", resource: "cronjobs" };
export const NETWORK_POLICIES: ResourceType = {
  group: "networking.k8s.io",
  version: "v1",
  resource: "networkpolicies",
};
export const EVENTS: ResourceType = { group: "", version: "v1", resource: "events" };
export const LEASES: ResourceType = {
  group: "coordination.k8s.io",
  version: "v1",
  resource: "leases",
};
export const SUBJECT_ACCESS_REVIEWS: ResourceType = {
  group: "authorization.k8s.io",
  version: "v1",
  resource: "subjectaccessreviews",
};

/** The path and query of a collection, or of one object where `name` is given. */
export function pathOf(target: {
  readonly type: ResourceType;
  readonly namespace?: string;
  readonly name?: string;
  /** `status`, for instance. */
  readonly subresource?: string;
  readonly query?: Readonly<Record<string, string>>;
}): string {
  const { type, namespace = "", name = "", subresource = "", query = {} } = target;
  const parts = [
    type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`,
    ...(namespace === "" ? [] : ["namespaces", encodeURIComponent(namespace)]),
    type.resource,
    ...(name === "" ? [] : [encodeURIComponent(name)]),
    ...(subresource === "" ? [] : [subresource]),
  ];
  const search = new URLSearchParams(query).toString();
  return `${parts.join("/")}${search === "" ? "" : `?${search}`}`;
}
