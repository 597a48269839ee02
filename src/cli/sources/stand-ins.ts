import type { Pod } from "../../engine/model.ts";
import { field } from "../../wire/shape.ts";
import { type PodTemplate, representativePod } from "../../wire/workload.ts";

/** More replicas than that are no different from these. */
const MAX_NAMED_PODS = 100;

/**
 * The pods that stand for a workload which has none: two where it runs several, since they may talk
 * to each other, else one, also where it is scaled to zero. A StatefulSet's pods have names and
 * labels that are known beforehand, and each of them stands for itself.
 */
export function standInsOf(template: PodTemplate, raw: unknown): readonly Pod[] {
  const { kind, name } = template.workload;
  const replicas = kind === "DaemonSet" ? 2 : Number(field(raw, "spec", "replicas") ?? 1);
  const pod = representativePod(template);
  if (kind === "StatefulSet") {
    const count = Math.min(Math.max(replicas, 1), MAX_NAMED_PODS);
    return Array.from({ length: count }, (_, index) => ({
      ...pod,
      name: `${name}-${index}`,
      // StatefulSet concept page, "Pod name label": set by the controller to the name of the pod.
      labels: new Map([...pod.labels, ["statefulset.kubernetes.io/pod-name", `${name}-${index}`]]),
    }));
  }
  const first = { ...pod, name: `${name}[${kind}]` };
  return replicas < 2 ? [first] : [first, { ...pod, name: `${name}[${kind}]#2` }];
}

/** Report whether the pod stands for its workload: no pod can be called so. */
export function isStandIn(pod: Pod): boolean {
  return pod.name.includes("[");
}
