import { expect, it } from "vitest";
import { ClusterIndex } from "../../src/engine/cluster-index.ts";
import { DATAPLANES } from "../../src/engine/dataplane.ts";
import type { Change } from "../../src/engine/model.ts";
import { networkPolicy, node, pod, without } from "../support/dsl.ts";

// What stays would be asked about again and again, and a cluster has new pods all day.
it.for<[string, readonly Change[]]>([
  ["pods", [pod("shop/web app=web"), pod("shop/db app=db")]],
  ["a pod without an address", [pod("shop/late pending")]],
  ["a node", [node("n1 172.18.0.2 zone=a")]],
  ["a pod on its node's network", [node("n1 172.18.0.2"), pod("ops/agent hostNetwork @n1")]],
])("keeps no class of what has gone: %s", ([, changes]) => {
  const index = new ClusterIndex(DATAPLANES.generic);
  const { partition } = index.selectors;
  const kept = (): readonly number[] =>
    [partition.classes, partition.unplaced, partition.hosts, partition.nodes].map(
      ({ size }) => size,
    );
  index.apply(networkPolicy("shop/p", "pods app=web", "ingress from 10.0.0.0/8"));
  const before = kept();
  for (const change of changes) index.apply(change);
  expect(kept()).not.toEqual(before);
  for (const change of changes) index.apply(without(change));
  expect(kept()).toEqual(before);
});
