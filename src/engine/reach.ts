import type { ClusterIndex } from "./cluster-index.ts";
import type { EndpointClass } from "./endpoint-class.ts";
import { type Pod, podKey } from "./model.ts";
import type { FlowEnd, PodsOf, ReachQuestion, Verdict } from "./query.ts";
import { verdictOf } from "./verdict.ts";

/** PERF: where it matters which node a pod is on, pairs are asked about one by one, up to this many. */
const MAX_PAIRS = 10_000;

/**
 * The verdict on the best flow between the two ends: allowed if one is, else unknown if one is. Pods that
 * no policy can tell apart are asked about once, except together with pods on a node's network; if those
 * are too many, the answer is unknown.
 */
export function reachOf(index: ClusterIndex, question: ReachQuestion): Verdict {
  const { protocol, port } = question;
  const sources = endsOf(index, question.from);
  const targets = endsOf(index, question.to);
  let best: Verdict = "denied";
  let left = MAX_PAIRS;
  for (const source of sources) {
    for (const target of targets) {
      for (const [from, to] of pairsOf(source, target)) {
        left -= 1;
        if (left < 0) return "unknown";
        const verdict = verdictOf(index, { from, to, protocol, port });
        if (verdict === "allowed") return verdict;
        if (verdict === "unknown") best = verdict;
      }
    }
  }
  return best;
}

/** Ends that no policy can tell apart. PERF: pods get their keys when they are asked about. */
interface Alike {
  readonly host: boolean;
  readonly ends: (FlowEnd | Pod)[];
}

function endsOf(index: ClusterIndex, end: FlowEnd | PodsOf): readonly Alike[] {
  // An address may be a node's: then it matters where the pods are.
  if (end.kind !== "pods-of") return [{ host: end.kind === "address", ends: [end] }];
  const alike = new Map<EndpointClass, Alike>();
  for (const { pod, cls } of index.namespaces.find(end.namespace)?.pods ?? []) {
    if (end.name !== null && pod.name !== end.name && pod.workload.name !== end.name) continue;
    const known = alike.get(cls);
    if (known === undefined) alike.set(cls, { host: cls.host, ends: [pod] });
    else known.ends.push(pod);
  }
  return [...alike.values()];
}

/** Pairs that stand for all: one, unless nodes matter. A pod's way to itself is never meant. */
function* pairsOf(source: Alike, target: Alike): Iterable<readonly [FlowEnd, FlowEnd]> {
  const isOneEnough = !source.host && !target.host;
  for (const from of source.ends.values().map(flowEnd)) {
    for (const to of target.ends.values().map(flowEnd)) {
      if (from.kind === "pod" && to.kind === "pod" && from.key === to.key) continue;
      yield [from, to];
      if (isOneEnough) return;
    }
  }
}

function flowEnd(end: FlowEnd | Pod): FlowEnd {
  return "kind" in end ? end : { kind: "pod", key: podKey(end) };
}
