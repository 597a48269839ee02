import { rangeEncloses } from "../../engine/address.ts";
import { type Pod, workloadKey } from "../../engine/model.ts";
import type { EngineView, FlowEnd, Group } from "../../engine/query.ts";

/** Report whether the pod is in the group, as far as it tells: by workload, and it lists but so many. */
export function mayHold({ endpoints, omitted, whole, namespaces }: Group, pod: Pod): boolean {
  return (
    whole.includes(pod.namespace) ||
    (omitted > 0 && namespaces.includes(pod.namespace)) ||
    endpoints.some((one) => one.kind === "workload" && workloadKey(one.sample) === workloadKey(pod))
  );
}

/** The same of an end; the address of an API server may be that of a pod. */
export function mayHoldEnd(group: Group, end: FlowEnd, after: EngineView): boolean {
  if (end.kind === "pod") {
    const pod = after.pod(end.key);
    return pod !== undefined && mayHold(group, pod);
  }
  const range = { first: end.address, last: end.address };
  return (
    group.endpoints.some((one) => one.kind === "addresses" && rangeEncloses(one.range, range)) ||
    [...after.podsWithin(range)].some((pod) => mayHold(group, pod))
  );
}
