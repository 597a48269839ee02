import { z } from "zod";
import { type Family, parseAddress } from "../engine/address.ts";
import type { Address, Labels, Protocol } from "../engine/model.ts";
import { type Problem, type Result, success } from "../errors.ts";
import { metadataSchema, stringMapSchema } from "./metadata.ts";
import { coreProtocolSchema, portNumberSchema } from "./policy-port.ts";
import { parseShape } from "./shape.ts";

/** What a Service does to a flow: which pods it leads to, and on which of their ports. */
export interface Service {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  /** Traffic from outside may enter at any node, which then puts its own address in the source. */
  readonly hidesClients: boolean;
  /** `clusterIP: None`: its clients connect to the pods themselves. */
  readonly isHeadless: boolean;
  /** `clusterIPs`: none of a headless Service, nor before it is stored. */
  readonly addresses: readonly Address[];
  /** `ipFamilies`: those that it leads to its pods over; none before it is stored. */
  readonly families: readonly Family[];
  /** Null where there is none: its endpoints are somebody else's business. */
  readonly selector: Labels | null;
  readonly ports: readonly ServicePort[];
}

export interface ServicePort {
  /** Empty where the only port has none. */
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
  /** ServicePort API: "If this is not specified, the value of the 'port' field is used". */
  readonly targetPort: number | string;
}

const portSchema = z
  .object({
    name: z.string().nullish(),
    protocol: coreProtocolSchema,
    port: portNumberSchema,
    targetPort: z.union([z.int(), z.string()]).nullish(),
  })
  .transform(({ name, protocol, port, targetPort }): ServicePort => {
    const none =
      targetPort === undefined || targetPort === null || targetPort === 0 || targetPort === "";
    return { name: name ?? "", protocol, port, targetPort: none ? port : targetPort };
  });

const FAMILIES: ReadonlyMap<string, Family> = new Map([
  ["IPv4", 4],
  ["IPv6", 6],
]);

const specSchema = z
  .object({
    type: z.string().nullish(),
    externalTrafficPolicy: z.string().nullish(),
    clusterIP: z.string().nullish(),
    clusterIPs: z.array(z.string()).nullish(),
    ipFamilies: z.array(z.string()).nullish(),
    selector: stringMapSchema.nullish(),
    ports: z.array(portSchema).nullish(),
  })
  .transform(({ type, externalTrafficPolicy: policy, clusterIP, clusterIPs, ...spec }) => ({
    type: type ?? "ClusterIP",
    // ServiceSpec API, externalTrafficPolicy: "The default value, "Cluster", uses the standard
    // behavior of routing to all endpoints evenly"; `Local` keeps the client's address.
    hidesClients: (type === "NodePort" || type === "LoadBalancer") && policy !== "Local",
    // The API server fills in the one from the other.
    isHeadless: [clusterIP, ...(clusterIPs ?? [])].includes("None"),
    addresses: (clusterIPs ?? [clusterIP ?? ""]).flatMap((text) => parseAddress(text) ?? []),
    families: (spec.ipFamilies ?? []).flatMap((name) => FAMILIES.get(name) ?? []),
    selector: spec.selector?.size === 0 ? null : (spec.selector ?? null),
    ports: spec.ports ?? [],
  }));

const serviceSchema = z.object({ metadata: metadataSchema, spec: specSchema.nullish() });

const NO_SPEC = specSchema.parse({});

/** Read a Service; `namespace` is that of an object that names none. */
export function parseService(
  raw: unknown,
  namespace = "default",
): Result<Service, readonly Problem[]> {
  const read = parseShape(serviceSchema, raw);
  if (!read.ok) return read;
  const { metadata, spec } = read.value;
  const { name } = metadata;
  return success({ namespace: metadata.namespace || namespace, name, ...(spec ?? NO_SPEC) });
}
