import { z } from "zod";
import type { Family } from "../engine/address.ts";
import type { Address, Protocol } from "../engine/model.ts";
import type { FlowEnd } from "../engine/query.ts";
import { type Problem, type Result, success } from "../errors.ts";
import { metadataSchema } from "./metadata.ts";
import { addressSchema } from "./pod.ts";
import { coreProtocolSchema, portNumberSchema } from "./policy-port.ts";
import { parseShape } from "./shape.ts";

const portSchema = z.object({
  name: z.string().nullish(),
  port: portNumberSchema,
  protocol: coreProtocolSchema,
});

/** What has an address: a pod, in most cases. */
export const targetRefSchema = z.object({
  kind: z.string().nullish(),
  namespace: z.string().nullish(),
  name: z.string().nullish(),
});

const addressesSchema = z.array(
  z.object({ ip: addressSchema, targetRef: targetRefSchema.nullish() }),
);

const subsetSchema = z
  .object({
    addresses: addressesSchema.nullish(),
    notReadyAddresses: addressesSchema.nullish(),
    ports: z.array(portSchema).nullish(),
  })
  .transform(({ addresses, notReadyAddresses, ports }) => ({
    addresses: [...(addresses ?? []), ...(notReadyAddresses ?? [])],
    ports: ports ?? [],
  }));

const endpointsSchema = z.object({
  metadata: metadataSchema,
  subsets: z.array(subsetSchema).nullish(),
});

/** One address behind a Service, with the ports it serves there (after `targetPort`). */
export interface ServiceEndpoint {
  /** The pod, where the endpoint names one, else the address. */
  readonly end: FlowEnd;
  readonly address: Address;
  /** The only family in which the Service has it; null: both, or not told. */
  readonly family: Family | null;
  readonly ports: readonly EndpointPort[];
}

export type EndpointPort = Readonly<z.output<typeof portSchema>>;

/**
 * Read the addresses of an Endpoints object, those not ready included: a policy has to let them be
 * reached once they are. `inNamespace` is meant where it names none.
 */
export function parseEndpoints(
  raw: unknown,
  inNamespace = "",
): Result<readonly ServiceEndpoint[], readonly Problem[]> {
  const read = parseShape(endpointsSchema, raw);
  if (!read.ok) return read;
  const { metadata, subsets } = read.value;
  return success(
    (subsets ?? []).flatMap(({ addresses, ports }) =>
      addresses.map(({ ip, targetRef }): ServiceEndpoint => {
        const end = endOf(ip, targetRef, metadata.namespace || inNamespace);
        // Of a Service of both families Endpoints have but one.
        return { end, address: ip, family: null, ports };
      }),
    ),
  );
}

/** The pod that a `targetRef` names, which may leave out that its namespace is `namespace`; else the address. */
export function endOf(
  address: Address,
  targetRef: z.output<typeof targetRefSchema> | null | undefined,
  namespace: string,
): FlowEnd {
  if (targetRef?.kind !== "Pod" || targetRef.name == null) return { kind: "address", address };
  return { kind: "pod", key: `${targetRef.namespace ?? namespace}/${targetRef.name}` };
}

/** Where names are resolved at an endpoint, by each protocol; null where it is not. */
export interface ResolverEndpoint {
  readonly end: FlowEnd;
  /** The only family in which it is asked; null: both, or not known. */
  readonly family: Family | null;
  readonly udpPort: number | null;
  readonly tcpPort: number | null;
}

/** Where names are resolved at the endpoint by that protocol; null where they are not. */
export function resolverPort(
  { udpPort, tcpPort }: ResolverEndpoint,
  protocol: Protocol,
): number | null {
  if (protocol === "SCTP") return null;
  return protocol === "UDP" ? udpPort : tcpPort;
}

/** TCP ports behind a Service, each once. */
export function tcpPortsOf(endpoints: readonly ServiceEndpoint[]): readonly number[] {
  const ports = endpoints.flatMap((one) => one.ports);
  return [...new Set(ports.flatMap(({ protocol, port }) => (protocol === "TCP" ? [port] : [])))];
}

/**
 * The endpoints of a DNS Service. A resolver also serves metrics and probes over TCP: its port for
 * names is the one called `dns-tcp` or `dns`, else the one with the number of the UDP port, else 53.
 */
export function resolverEndpoints(
  endpoints: readonly ServiceEndpoint[],
): readonly ResolverEndpoint[] {
  return endpoints.map(({ end, family, ports }) => {
    const udpPort = ports.find(({ protocol }) => protocol === "UDP")?.port ?? null;
    const overTcp = ports.filter(({ protocol }) => protocol === "TCP");
    const tcpPort =
      overTcp.find(({ name }) => name === "dns-tcp" || name === "dns") ??
      overTcp.find(({ port }) => port === (udpPort ?? 53)) ??
      null;
    return { end, family, udpPort, tcpPort: tcpPort?.port ?? null };
  });
}
