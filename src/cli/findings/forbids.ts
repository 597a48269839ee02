import { rangeContains, rangesOverlap } from "../../engine/address.ts";
import type { EndSet } from "../../engine/model.ts";
import { intersectPorts, isEmptyPorts, portSet } from "../../engine/port-set.ts";
import type { Connection, Endpoint } from "../../engine/query.ts";
import { selectorMatches } from "../../engine/selector.ts";
import type { Invariant } from "../../resources/invariant.ts";
import type { World } from "../sources/world.ts";

/** Report whether an Invariant is about the connection, and says that it must not be open. */
export function forbids({ claim }: Invariant, row: Connection, world: World): boolean {
  const { sense, from, to, ports } = claim;
  return (
    sense === "closed" &&
    from.some((end) => includes(end, row.from, world)) &&
    to.some((end) => includes(end, row.to, world)) &&
    (ports === "all" || !isEmptyPorts(intersectPorts(row.allowed, portSet(ports))))
  );
}

/** By a pod of the workload, as all of them are mostly alike. */
function includes(end: EndSet, of: Endpoint, { namespaces }: World): boolean {
  if (end.kind === "world") return of.kind === "addresses";
  if (end.kind === "addresses") {
    return end.ranges.some((range) =>
      of.kind === "addresses"
        ? rangesOverlap(range, of.range)
        : of.sample.addresses.some((address) => rangeContains(range, address)),
    );
  }
  if (of.kind === "addresses") return false;
  const { namespaces: scope, pods } = end.selection;
  const labels = namespaces.get(of.namespace)?.labels ?? new Map<string, string>();
  const isThere =
    scope.kind === "name" ? scope.name === of.namespace : selectorMatches(scope.selector, labels);
  return isThere && selectorMatches(pods, of.sample.labels);
}
