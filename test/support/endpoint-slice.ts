import type { ControlPlane } from "./control-plane.ts";

/** Create a Service's EndpointSlice (IPv4 by default), as the controller manager would. */
export async function createEndpointSlice(
  plane: ControlPlane,
  namespace: string,
  slice: {
    readonly service: string;
    readonly addressType?: "IPv4" | "IPv6";
    readonly endpoints: readonly object[];
    readonly ports: readonly object[];
  },
): Promise<void> {
  const { service, addressType = "IPv4", endpoints, ports } = slice;
  const version = plane.atLeast(21) ? "v1" : "v1beta1";
  await plane.create(`/apis/discovery.k8s.io/${version}/namespaces/${namespace}/endpointslices`, {
    apiVersion: `discovery.k8s.io/${version}`,
    kind: "EndpointSlice",
    metadata: {
      name: `${service}-${addressType.toLowerCase()}`,
      labels: { "kubernetes.io/service-name": service },
    },
    addressType,
    endpoints,
    ports,
  });
}
