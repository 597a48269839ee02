import { z } from "zod";
import { type Family, parseAddress } from "../engine/address.ts";
import type { Address, ContainerPort, Labels, Protocol } from "../engine/model.ts";
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
  /** Addresses it has outside the cluster, whose traffic the nodes lead to its pods as they do that of `addresses`. */
  readonly outerAddresses: readonly Address[];
  /** `ipFamilies`: the families over which it leads to its pods; none before it is stored. */
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

/** Where a port of a Service leads in that pod, or template; null where its name is not one of the pod's. */
export function targetIn(
  { targetPort, protocol }: ServicePort,
  { ports }: { readonly ports: readonly ContainerPort[] },
): number | null {
  if (typeof targetPort === "number") return targetPort;
  return ports.find((it) => it.name === targetPort && it.protocol === protocol)?.port ?? null;
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

const ENTERED_AT_NODES: ReadonlySet<string> = new Set(["NodePort", "LoadBalancer"]);

const textsSchema = z
  .array(z.string())
  .nullish()
  .transform((texts) => texts ?? []);

const specSchema = z
  .object({
    type: z.string().nullish(),
    externalTrafficPolicy: z.string().nullish(),
    clusterIP: z.string().nullish(),
    clusterIPs: z.array(z.string()).nullish(),
    externalIPs: textsSchema,
    ipFamilies: textsSchema,
    selector: stringMapSchema.nullish(),
    ports: z.array(portSchema).nullish(),
  })
  .transform(({ externalIPs, clusterIP, clusterIPs, selector, ...spec }) => ({
    type: spec.type ?? "ClusterIP",
    // ServiceSpec API, externalTrafficPolicy, of "NodePorts, ExternalIPs, and LoadBalancer IPs": "The default
    // value, "Cluster", uses the standard behavior of routing to all endpoints evenly"; `Local` keeps
    // the client's address.
    hidesClients:
      (externalIPs.length > 0 || ENTERED_AT_NODES.has(spec.type ?? "")) &&
      spec.externalTrafficPolicy !== "Local",
    // The API server fills in the one from the other.
    isHeadless: [clusterIP, ...(clusterIPs ?? [])].includes("None"),
    addresses: addressesOf(clusterIPs ?? [clusterIP ?? ""]),
    externalIPs: addressesOf(externalIPs),
    families: spec.ipFamilies.flatMap((name) => FAMILIES.get(name) ?? []),
    selector: selector?.size === 0 ? null : (selector ?? null),
    ports: spec.ports ?? [],
  }));

const ingressSchema = z.object({ ip: z.string().nullish(), ipMode: z.string().nullish() });

const statusSchema = z
  .object({ loadBalancer: z.object({ ingress: z.array(ingressSchema).nullish() }).nullish() })
  .transform(({ loadBalancer }) =>
    // LoadBalancerIngress API, ipMode: with "VIP", the default, traffic comes to a node "with the destination
    // set to the load-balancer's IP and port"; what goes to one that is a "Proxy" leaves the cluster.
    (loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode }) =>
      ipMode === "Proxy" ? [] : addressesOf([ip ?? ""]),
    ),
  );

const serviceSchema = z.object({
  metadata: metadataSchema,
  spec: specSchema.nullish(),
  status: statusSchema.nullish(),
});

const NO_SPEC = specSchema.parse({});

/** Read a Service; `namespace` is that of an object that names none. */
export function parseService(
  raw: unknown,
  namespace = "default",
): Result<Service, readonly Problem[]> {
  const read = parseShape(serviceSchema, raw);
  if (!read.ok) return read;
  const { metadata, spec, status } = read.value;
  const { externalIPs, ...known } = spec ?? NO_SPEC;
  return success({
    namespace: metadata.namespace || namespace,
    name: metadata.name,
    outerAddresses: [...externalIPs, ...(status ?? [])],
    ...known,
  });
}

function addressesOf(texts: readonly string[]): readonly Address[] {
  return texts.flatMap((text) => parseAddress(text) ?? []);
}
