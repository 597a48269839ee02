import { type Pod, podKey } from "../../engine/model.ts";
import { type ResolverEndpoint, resolverEndpoints } from "../../wire/endpoints.ts";
import { type Service, targetIn } from "../../wire/service.ts";
import type { World } from "./world.ts";

const DNS = "kube-system/kube-dns";

/** What of a world tells where names are resolved. */
export type Surroundings = Pick<World, "pods" | "services" | "endpoints">;

/** The pods that a Service selects; none where it has no selector. */
export function podsBehind(
  { namespace, selector }: Service,
  { pods }: Pick<World, "pods">,
): readonly Pod[] {
  if (selector === null) return [];
  return [...pods.values()].filter(
    (pod) =>
      pod.namespace === namespace &&
      [...selector].every(([key, value]) => pod.labels.get(key) === value),
  );
}

/** The pods that resolve names: those behind the Endpoints, or else the Service, of the cluster's DNS. */
export function resolversOf(world: Surroundings): readonly ResolverEndpoint[] {
  const endpoints = world.endpoints.get(DNS);
  if (endpoints !== undefined) return resolverEndpoints(endpoints);
  const service = world.services.get(DNS);
  if (service === undefined) return [];
  return podsBehind(service, world).map((pod) => {
    const portOf = (protocol: "UDP" | "TCP"): number | null => {
      const of = service.ports.filter((port) => port.protocol === protocol);
      const port = of.find(({ name }) => name.startsWith("dns")) ?? of[0];
      return port === undefined ? null : targetIn(port, pod);
    };
    const end = { kind: "pod", key: podKey(pod) } as const;
    return { end, family: null, udpPort: portOf("UDP"), tcpPort: portOf("TCP") };
  });
}
