import type { ContainerPort, Labels, Pod, Workload } from "../engine/model.ts";
import { type Problem, type Result, success } from "../errors.ts";
import { parsePod } from "../wire/pod.ts";
import { field } from "../wire/shape.ts";

/** A workload's pod template, which stands for pods that do not exist yet. */
export interface WorkloadTemplate {
  readonly namespace: string;
  readonly workload: Workload;
  readonly labels: Labels;
  readonly ports: readonly ContainerPort[];
}

/** Read the template of a Deployment, StatefulSet, DaemonSet or CronJob, as the pod it would make. */
export function parseWorkloadTemplate(
  kind: string,
  raw: unknown,
): Result<WorkloadTemplate, readonly Problem[]> {
  const spec = kind === "CronJob" ? field(raw, "spec", "jobTemplate", "spec") : field(raw, "spec");
  const read = parsePod({
    metadata: {
      namespace: field(raw, "metadata", "namespace"),
      name: field(raw, "metadata", "name"),
      labels: field(spec, "template", "metadata", "labels"),
    },
    spec: field(spec, "template", "spec"),
  });
  if (!read.ok) return read;
  const { namespace, name, labels, ports } = read.value;
  return success({ namespace, workload: { kind, name }, labels, ports });
}

/**
 * The pod as its Deployment's, where its ReplicaSet's name shows that it is: the Deployment's name, a
 * dash and the hash that also stands in the label. Two generations of a roll-out are one workload.
 */
export function ofDeployment(pod: Pod): Pod {
  const suffix = `-${pod.labels.get("pod-template-hash") ?? ""}`;
  const { kind, name } = pod.workload;
  if (kind !== "ReplicaSet" || suffix === "-" || !name.endsWith(suffix)) return pod;
  return { ...pod, workload: { kind: "Deployment", name: name.slice(0, -suffix.length) } };
}
