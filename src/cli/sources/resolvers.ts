import { podKey } from "../../engine/model.ts";
import { selectorMatches } from "../../engine/selector.ts";
import { type ResolverEndpoint, resolverEndpoints } from "../../wire/endpoints.ts";
import type { World } from "./world.ts";

const DNS = "kube-system/kube-dns";

/** What of a world tells where names are resolved. */
export type Surroundings = Pick<World, "pods" | "services" | "endpoints">;

/** The pods that resolve names: those behind the Endpoints, or else the Service, of the cluster's DNS. */
export function resolversOf(world: Surroundings): readonly ResolverEndpoint[] {
  const endpoints = world.endpoints.get(DNS);
  if (endpoints !== undefined) return resolverEndpoints(endpoints);
  const service = world.services.get(DNS);
  const selector = service?.selector;
  if (service === undefined || selector === null || selector === undefined) return [];
  const requirements = Array.from(selector, ([key, value]) => {
    return { key, operator: "In" as const, values: [value] };
  });
  const pods = [...world.pods.values()].filter(
    ({ namespace, labels }) =>
      namespace === service.namespace && selectorMatches(requirements, labels),
  );
  return pods.map((pod) => {
    const portOf = (protocol: "UDP" | "TCP"): number | null => {
      const of = service.ports.filter((port) => port.protocol === protocol);
      const target = (of.find(({ name }) => name.startsWith("dns")) ?? of[0])?.targetPort;
      if (typeof target !== "string") return target ?? null;
      return pod.ports.find((it) => it.name === target && it.protocol === protocol)?.port ?? null;
    };
    const end = { kind: "pod", key: podKey(pod) } as const;
    return { end, udpPort: portOf("UDP"), tcpPort: portOf("TCP") };
  });
}
