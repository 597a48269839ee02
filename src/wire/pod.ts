import { z } from "zod";
import { parseAddress } from "../engine/address.ts";
import type { Address, ContainerPort, Pod, Workload } from "../engine/model.ts";
import { type Problem, type Result, success } from "../errors.ts";
import { controllerOf, type Metadata, metadataSchema } from "./metadata.ts";
import { coreProtocolSchema, portNumberSchema } from "./policy-port.ts";
import { parseShape } from "./shape.ts";

const containerSchema = z.object({
  restartPolicy: z.string().nullish(),
  ports: z
    .array(
      z.object({
        name: z.string().nullish(),
        protocol: coreProtocolSchema,
        containerPort: portNumberSchema.nullish(),
      }),
    )
    .nullish(),
});

/** What a policy can see of a pod's `spec`; also that of a workload's template. */
export const podSpecSchema = z
  .object({
    hostNetwork: z.boolean().nullish(),
    nodeName: z.string().nullish(),
    containers: z.array(containerSchema).nullish(),
    initContainers: z.array(containerSchema).nullish(),
  })
  .transform((spec) => {
    // Init containers that restart run beside the others ("native sidecars"): their ports count.
    const sidecars = (spec.initContainers ?? []).filter(
      ({ restartPolicy }) => restartPolicy === "Always",
    );
    const ports = [...(spec.containers ?? []), ...sidecars].flatMap((container) =>
      (container.ports ?? []).flatMap(({ name, protocol, containerPort }): ContainerPort[] =>
        name == null || name === "" || containerPort == null
          ? []
          : [{ name, protocol, port: containerPort }],
      ),
    );
    return { hostNetwork: spec.hostNetwork ?? false, node: emptyToNull(spec.nodeName), ports };
  });

/** An IP address as the engine counts them. */
export const addressSchema = z.string().transform((text, context): Address => {
  const address = parseAddress(text);
  if (address !== null) return address;
  context.addIssue({ code: "custom", message: `\`${text}\` is not an IP address`, input: text });
  return z.NEVER;
});

const statusSchema = z
  .object({
    phase: z.string().nullish(),
    podIP: z.string().transform(emptyToNull).pipe(addressSchema.nullable()).nullish(),
    podIPs: z.array(z.object({ ip: addressSchema })).nullish(),
  })
  .transform(({ phase, podIP, podIPs }) => {
    const addresses = (podIPs ?? []).map(({ ip }) => ip);
    return {
      ended: phase === "Succeeded" || phase === "Failed",
      addresses: addresses.length === 0 && podIP != null ? [podIP] : addresses,
    };
  });

const podSchema = z.object({
  metadata: metadataSchema,
  spec: podSpecSchema,
  status: statusSchema.nullish(),
});

/** Read a Pod, reduced to what policies can see. */
export function parsePod(raw: unknown, namespace = "default"): Result<Pod, readonly Problem[]> {
  const read = parseShape(podSchema, raw);
  if (!read.ok) return read;
  const { metadata, spec, status } = read.value;
  return success({
    namespace: metadata.namespace || namespace,
    name: metadata.name,
    labels: metadata.labels,
    addresses: status?.addresses ?? [],
    ports: spec.ports,
    hostNetwork: spec.hostNetwork,
    node: spec.node,
    ended: status?.ended ?? false,
    workload: workloadOf(metadata),
  });
}

/**
 * The controller of a pod, or the pod itself. In the place of a ReplicaSet it is the Deployment, where the
 * name shows that it has one (it ends in the hash that is also a label): all generations of a roll-out are
 * one workload.
 */
function workloadOf(metadata: Metadata): Workload {
  const controller = controllerOf(metadata);
  if (controller === null) return { kind: "Pod", name: metadata.name };
  const { kind, name } = controller;
  const suffix = `-${metadata.labels.get("pod-template-hash") ?? ""}`;
  return kind === "ReplicaSet" && suffix !== "-" && name.endsWith(suffix)
    ? { kind: "Deployment", name: name.slice(0, -suffix.length) }
    : controller;
}

function emptyToNull(text: string | null | undefined): string | null {
  return text === undefined || text === "" ? null : text;
}
