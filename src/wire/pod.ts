import { z } from "zod";
import { parseAddress } from "../engine/address.ts";
import type { Address, ContainerPort, Pod } from "../engine/model.ts";
import type { Problem, Result } from "../errors.ts";
import { metadataSchema } from "./metadata.ts";
import { portNumberSchema, protocolSchema } from "./policy-port.ts";
import { parseShape } from "./shape.ts";

const containerSchema = z.object({
  restartPolicy: z.string().nullish(),
  ports: z
    .array(
      z.object({
        name: z.string().nullish(),
        protocol: protocolSchema,
        containerPort: portNumberSchema,
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
        name == null || name === "" ? [] : [{ name, protocol, port: containerPort }],
      ),
    );
    return { hostNetwork: spec.hostNetwork ?? false, node: spec.nodeName || null, ports };
  });

const addressSchema = z.string().transform((text, context): Address => {
  const address = parseAddress(text);
  if (address !== null) return address;
  context.addIssue({ code: "custom", message: `\`${text}\` is not an IP address`, input: text });
  return z.NEVER;
});

const podSchema = z.object({
  metadata: metadataSchema,
  spec: podSpecSchema,
  status: z
    .object({
      phase: z.string().nullish(),
      podIP: z.union([z.literal("").transform(() => null), addressSchema]).nullish(),
      podIPs: z.array(z.object({ ip: addressSchema })).nullish(),
    })
    .nullish(),
});

/**
 * Read a Pod, reduced to what policies can see. Its workload is the controller of its
 * `ownerReferences` as given (a Deployment's pods: the ReplicaSet), else the pod itself.
 */
export function parsePod(raw: unknown, namespace = "default"): Result<Pod, readonly Problem[]> {
  const read = parseShape(podSchema, raw);
  if (!read.ok) return read;
  const { metadata, spec, status } = read.value;
  const owner = metadata.ownerReferences.find(({ controller }) => controller === true);
  const addresses = (status?.podIPs ?? []).map(({ ip }) => ip);
  const onlyAddress = status?.podIP ?? null;
  return {
    ok: true,
    value: {
      namespace: metadata.namespace || namespace,
      name: metadata.name,
      labels: metadata.labels,
      addresses: addresses.length === 0 && onlyAddress !== null ? [onlyAddress] : addresses,
      ports: spec.ports,
      hostNetwork: spec.hostNetwork,
      node: spec.node,
      ended: status?.phase === "Succeeded" || status?.phase === "Failed",
      workload:
        owner === undefined
          ? { kind: "Pod", name: metadata.name }
          : { kind: owner.kind, name: owner.name },
    },
  };
}
