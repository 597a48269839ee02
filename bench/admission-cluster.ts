import type { ClusterSize } from "./catalogue.ts";

/** The cluster behind the webhook. */
export const CLUSTER: ClusterSize = { namespaces: 1_000, pods: 10_000, policies: 2_000 };
