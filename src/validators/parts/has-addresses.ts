import type { Group } from "../../engine/query.ts";

/** Report whether addresses outside the cluster, or of nodes, are in the group. */
export function hasAddresses({ endpoints, everyIpv4, everyIpv6 }: Group): boolean {
  return everyIpv4 || everyIpv6 || endpoints.some(({ kind }) => kind === "addresses");
}
