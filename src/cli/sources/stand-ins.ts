import { type Pod, podKey, workloadKey } from "../../engine/model.ts";
import { field } from "../../wire/shape.ts";
import { type PodTemplate, representativePod } from "../../wire/workload.ts";

/** More replicas than that are no different from these. */
const MAX_NAMED_PODS = 100;

/** A workload of files, with the document that it is read from. */
export interface Workload {
  readonly template: PodTemplate;
  readonly raw: unknown;
}

/**
 * Give the workloads of files pods that stand for them, except workloads that are part of another one and
 * those whose own pods are in the same files: `isThere` says which pods are.
 */
export function addStandIns(
  workloads: ReadonlyMap<string, Workload>,
  pods: Map<string, Pod>,
  isThere: (podKey: string) => boolean,
): void {
  const here = new Set<string>();
  for (const [key, pod] of pods) if (isThere(key)) here.add(workloadKey(pod));
  for (const [key, { template, raw }] of workloads) {
    const { controller, namespace } = template;
    const owner = controller === null ? null : workloadKey({ namespace, workload: controller });
    const isPart = owner !== null && (workloads.has(owner) || here.has(owner));
    if (here.has(key) || isPart) continue;
    // As if applied: the new template's pods take the place of those that run in the cluster.
    for (const [name, pod] of pods) if (workloadKey(pod) === key) pods.delete(name);
    for (const pod of standInsOf(template, raw)) pods.set(podKey(pod), pod);
  }
}

/**
 * The pods that stand for a workload which has none: two where it runs several, since they may talk
 * to each other, else one, also where it is scaled to zero. A StatefulSet's pods have names and
 * labels that are known beforehand, and each of them stands for itself.
 */
function standInsOf(template: PodTemplate, raw: unknown): readonly Pod[] {
  const { kind, name } = template.workload;
  const count = podsAtOnce(kind, raw);
  const pod = representativePod(template);
  if (kind === "StatefulSet") {
    const start = Number(field(raw, "spec", "ordinals", "start") ?? 0);
    const named = Math.min(Math.max(count, 1), MAX_NAMED_PODS);
    return Array.from({ length: named }, (_, index) => namedPod(pod, `${start + index}`));
  }
  const first = { ...pod, name: `${name}[${kind}]` };
  return count < 2 ? [first] : [first, { ...pod, name: `${name}[${kind}]#2` }];
}

function podsAtOnce(kind: string, raw: unknown): number {
  switch (kind) {
    case "DaemonSet":
      return 2;
    case "Job":
      return Number(field(raw, "spec", "parallelism") ?? 1);
    case "CronJob":
      return Number(field(raw, "spec", "jobTemplate", "spec", "parallelism") ?? 1);
    default:
      return Number(field(raw, "spec", "replicas") ?? 1);
  }
}

/** StatefulSet concept page, "Pod name label" and "Pod index label": set by the controller. */
function namedPod(pod: Pod, ordinal: string): Pod {
  const name = `${pod.workload.name}-${ordinal}`;
  const own = [
    ["statefulset.kubernetes.io/pod-name", name],
    ["apps.kubernetes.io/pod-index", ordinal],
  ] as const;
  return { ...pod, name, labels: new Map([...pod.labels, ...own]) };
}

/** Report whether the pod stands for its workload: no pod can be called so. */
export function isStandIn(pod: Pod): boolean {
  return pod.name.includes("[");
}
