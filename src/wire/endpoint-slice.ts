import { z } from "zod";
import { type Problem, type Result, success } from "../errors.ts";
import { type EndpointPort, endOf, type ServiceEndpoint, targetRefSchema } from "./endpoints.ts";
import { metadataSchema } from "./metadata.ts";
import { addressSchema } from "./pod.ts";
import { coreProtocolSchema, portNumberSchema } from "./policy-port.ts";
import { parseShape } from "./shape.ts";

/** EndpointSlice API: the Service that a slice belongs to, in the slice's own namespace. */
export const SERVICE_NAME_LABEL = "kubernetes.io/service-name";

const portSchema = z.object({
  name: z.string().nullish(),
  port: portNumberSchema.nullish(),
  protocol: coreProtocolSchema,
});

const endpointSchema = z.object({
  addresses: z.array(addressSchema),
  targetRef: targetRefSchema.nullish(),
});

const sliceSchema = z.discriminatedUnion("addressType", [
  z.object({
    addressType: z.enum(["IPv4", "IPv6"]),
    metadata: metadataSchema,
    endpoints: z.array(endpointSchema).nullish(),
    ports: z.array(portSchema).nullish(),
  }),
  // Names, which nothing here resolves.
  z.object({ addressType: z.literal("FQDN"), metadata: metadataSchema }),
]);

/** Some of what is behind a Service. */
export interface EndpointSlice {
  /** `namespace/name` of the Service; null where it belongs to none. */
  readonly service: string | null;
  readonly endpoints: readonly ServiceEndpoint[];
}

/**
 * Read an EndpointSlice of discovery.k8s.io, with the endpoints that are not ready: a policy has to let
 * them be reached once they are. `inNamespace` is meant where it names none.
 */
export function parseEndpointSlice(
  raw: unknown,
  inNamespace = "",
): Result<EndpointSlice, readonly Problem[]> {
  const read = parseShape(sliceSchema, raw);
  if (!read.ok) return read;
  const { metadata } = read.value;
  const namespace = metadata.namespace || inNamespace;
  const name = metadata.labels.get(SERVICE_NAME_LABEL);
  const service = name === undefined ? null : `${namespace}/${name}`;
  if (read.value.addressType === "FQDN") return success({ service, endpoints: [] });
  const { addressType, endpoints, ports } = read.value;
  const family = addressType === "IPv4" ? 4 : 6;
  // EndpointSlice API: without a number a port is up to the consumer, and none of ours knows more.
  const numbered = (ports ?? []).flatMap((port): readonly EndpointPort[] =>
    typeof port.port === "number" ? [{ ...port, port: port.port }] : [],
  );
  return success({
    service,
    endpoints: (endpoints ?? []).flatMap(({ addresses, targetRef }) =>
      addresses.map((address): ServiceEndpoint => {
        return { end: endOf(address, targetRef, namespace), address, family, ports: numbered };
      }),
    ),
  });
}
