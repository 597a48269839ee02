import type { ClusterSize } from "./catalogue.ts";

/** Whether benchmarks only show that they still run: what they measure then means nothing. */
const isToy = process.env["BENCH_TOY"] === "1";

/** How many times something is done. */
export function scaled(count: number): number {
  return isToy ? Math.ceil(count / 100) : count;
}

/** How large a cluster is; a small one still has all kinds of policies. */
export function scaledCluster(size: ClusterSize): ClusterSize {
  return isToy ? { ...size, namespaces: 20, pods: 100, policies: 60 } : size;
}
