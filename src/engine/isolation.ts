import type { ClusterIndex } from "./cluster-index.ts";
import type { Certainty } from "./dataplane.ts";
import { NO, YES } from "./endpoint-class.ts";
import type { Direction, Pod, Selection } from "./model.ts";
import { scopeMatch } from "./namespace-index.ts";
import { selectorMatches } from "./selector.ts";

/** Whether a NetworkPolicy isolates the pod in that direction; also unknown if there is no such pod. */
export function isolationOf(index: ClusterIndex, key: string, direction: Direction): Certainty {
  const record = index.inventory.pod(key);
  if (record === undefined) return "unknown";
  const { isolated } = index.rows.rowOf(record.cls, direction).tiers;
  return isolated === YES ? "yes" : isolated === NO ? "no" : "unknown";
}

/**
 * The hostNetwork pods that `selection` matches by their labels, at most `limit`, whether or not the
 * dataplane applies policies to them. A policy has to mention the selection, so that pods of one class are
 * alike to it. PERF: only one pod of each class is looked at.
 */
export function hostPodsOf(
  { selectors }: ClusterIndex,
  { namespaces, pods }: Selection,
  limit: number,
): readonly Pod[] {
  const found: Pod[] = [];
  for (const cls of selectors.partition.hosts) {
    if (cls.namespace === null || scopeMatch(namespaces, cls.namespace) === NO) continue;
    if (cls.sample === null || !selectorMatches(pods, cls.sample.pod.labels)) continue;
    for (const { pod } of cls.pods) {
      found.push(pod);
      if (found.length === limit) return found;
    }
  }
  return found;
}
