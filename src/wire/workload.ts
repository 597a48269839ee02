import { z } from "zod";
import type { Labels, Pod, Workload } from "../engine/model.ts";
import { type Problem, type Result, success } from "../errors.ts";
import { controllerOf, metadataSchema, stringMapSchema } from "./metadata.ts";
import { podSpecSchema } from "./pod.ts";
import { field, parseShape } from "./shape.ts";

/** What a workload's pods look like to a policy, whether there are any now or not. */
export interface PodTemplate {
  readonly namespace: string;
  readonly workload: Workload;
  readonly labels: Labels;
  readonly ports: Pod["ports"];
  readonly hostNetwork: boolean;
  /** The workload whose part this one is, such as a ReplicaSet's Deployment, else null. */
  readonly controller: Workload | null;
}

const templateSchema = z.object({
  metadata: z.object({ labels: stringMapSchema.nullish() }).nullish(),
  spec: podSpecSchema,
});

const workloadSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({ template: templateSchema }),
});

const cronJobSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({ jobTemplate: z.object({ spec: z.object({ template: templateSchema }) }) }),
});

/** Kinds with a pod template, by API group. */
export const WORKLOAD_KINDS: ReadonlyMap<string, string> = new Map([
  ["Deployment", "apps"],
  ["StatefulSet", "apps"],
  ["DaemonSet", "apps"],
  ["ReplicaSet", "apps"],
  ["ReplicationController", ""],
  ["Job", "batch"],
  ["CronJob", "batch"],
]);

/**
 * Report whether an object has a pod template where workloads have theirs. It is then a workload even if its
 * kind is unknown here, such as a DeploymentConfig or a Rollout.
 */
export function hasPodTemplate(raw: unknown): boolean {
  return Array.isArray(field(raw, "spec", "template", "spec", "containers"));
}

/**
 * Read the pod template of a workload. `kind` is given apart, because objects in lists do not
 * carry it.
 */
export function parseWorkload(
  raw: unknown,
  kind: string,
  namespace = "default",
): Result<PodTemplate, readonly Problem[]> {
  const read = kind === "CronJob" ? readCronJob(raw) : parseShape(workloadSchema, raw);
  if (!read.ok) return read;
  const { metadata, spec } = read.value;
  return success({
    namespace: metadata.namespace || namespace,
    workload: { kind, name: metadata.name },
    labels: new Map([...(spec.template.metadata?.labels ?? []), ...ownLabels(kind, metadata.name)]),
    ports: spec.template.spec.ports,
    hostNetwork: spec.template.spec.hostNetwork,
    controller: controllerOf(metadata),
  });
}

/** The pod that stands for a template where there is no cluster; it is named as its workload. */
export function representativePod(template: PodTemplate): Pod {
  const { hostNetwork, labels, namespace, ports, workload } = template;
  return {
    namespace,
    name: workload.name,
    labels,
    addresses: [],
    ports,
    hostNetwork,
    node: null,
    ended: false,
    workload,
  };
}

function readCronJob(raw: unknown): Result<z.output<typeof workloadSchema>, readonly Problem[]> {
  const read = parseShape(cronJobSchema, raw);
  if (!read.ok) return read;
  const { metadata, spec } = read.value;
  return success({ metadata, spec: spec.jobTemplate.spec });
}

/** Labels that the Job controller adds. People select on them, so a template has them too. */
function ownLabels(kind: string, name: string): readonly (readonly [string, string])[] {
  if (kind !== "Job") return [];
  return [
    ["job-name", name],
    ["batch.kubernetes.io/job-name", name],
  ];
}
