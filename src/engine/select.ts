import type { ClusterIndex } from "./cluster-index.ts";
import { type Match, NO, PERHAPS, YES } from "./endpoint-class.ts";
import type { Pod, Selection } from "./model.ts";
import type { PodMatches } from "./query.ts";
import type { PodsSpec } from "./selector-index.ts";

/** The pods that `selection` matches as a NetworkPolicy would, at most `limit` of them as a sample. */
export function selectPods(index: ClusterIndex, selection: Selection, limit: number): PodMatches {
  const spec: PodsSpec = { kind: "pods", selection, reading: "dataplane" };
  const { selectors, namespaces } = index;
  const found = new Matches(limit);
  const known = selectors.find(spec, "dataplane");
  if (known !== undefined) {
    for (const { pods } of known.members) found.add(pods, YES);
    for (const { pods } of known.maybe) found.add(pods, PERHAPS);
    return found;
  }
  // PERF: if a policy of an ordered tier mentions the selection, only pods on the host's network are left
  // to match.
  const defined = selectors.find(spec, "defined");
  if (defined !== undefined) {
    for (const { pods } of defined.members) found.add(pods, YES);
    for (const { pods } of defined.maybe) found.add(pods, PERHAPS);
    for (const cls of selectors.partition.hosts) found.add(cls.pods, selectors.evaluate(spec, cls));
    return found;
  }
  for (const namespace of namespaces.within(selection.namespaces)) {
    for (const record of namespace.pods) {
      found.add(new Set([record]), selectors.evaluatePod(spec, namespace, record.pod));
    }
  }
  return found;
}

class Matches implements PodMatches {
  count = 0;
  unsure = 0;
  readonly sample: Pod[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(pods: ReadonlySet<{ readonly pod: Pod }>, match: Match): void {
    if (match === NO) return;
    if (match === YES) this.count += pods.size;
    else this.unsure += pods.size;
    for (const { pod } of pods) {
      if (this.sample.length >= this.#limit) return;
      this.sample.push(pod);
    }
  }
}
