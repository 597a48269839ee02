import type { ResolverEndpoint } from "../wire/endpoints.ts";

/**
 * The ports that resolvers listen on, asked of `endpoints` each time. While there are no endpoints, in an
 * outage or a roll-out, the last known ports: they do not go with the pods.
 */
export function followDnsPorts(
  endpoints: () => readonly Pick<ResolverEndpoint, "udpPort" | "tcpPort">[],
): () => readonly number[] {
  let known: readonly number[] = [];
  return () => {
    const ports = endpoints()
      .flatMap(({ udpPort, tcpPort }) => [udpPort, tcpPort])
      .filter((port) => port !== null);
    if (ports.length > 0) known = ports;
    return known;
  };
}
