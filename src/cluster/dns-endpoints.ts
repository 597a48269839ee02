import { parseAddress } from "../engine/address.ts";
import type { Address, Protocol } from "../engine/model.ts";
import type { FlowEnd } from "../engine/query.ts";
import { field } from "../wire/shape.ts";

/** A place that resolves names, after the Service's targetPort; null where it does not listen. */
export interface DnsEndpoint {
  readonly end: FlowEnd;
  readonly udpPort: number | null;
  readonly tcpPort: number | null;
}

/**
 * The ports that resolvers listen on, asked of `endpoints` each time. While there are none, in an outage
 * or a roll-out, they are those that were last there: the ports do not go with the pods.
 */
export function followDnsPorts(endpoints: () => readonly DnsEndpoint[]): () => readonly number[] {
  let known: readonly number[] = [];
  return () => {
    const ports = endpoints()
      .flatMap(({ udpPort, tcpPort }) => [udpPort, tcpPort])
      .filter((port) => port !== null);
    if (ports.length > 0) known = ports;
    return known;
  };
}

/**
 * The resolvers behind an Endpoints object of a DNS Service, those not ready included: a policy has
 * to let them be reached once they are. What cannot be read of the object is left out.
 */
export function readDnsEndpoints(endpoints: unknown): readonly DnsEndpoint[] {
  return list(field(endpoints, "subsets")).flatMap((subset) => {
    const ports = list(field(subset, "ports"));
    const udpPort = portOf(ports, "UDP", () => true);
    // Beside DNS over TCP there is often a metrics port: DNS is the one with the number that UDP has.
    const isDns = (port: unknown): boolean =>
      field(port, "port") === udpPort || /^dns(-tcp)?$/.test(String(field(port, "name")));
    const tcpPort = portOf(ports, "TCP", isDns);
    return addressesOf(subset).flatMap((entry): readonly DnsEndpoint[] => {
      const end = endOf(entry);
      return end === null ? [] : [{ end, udpPort, tcpPort }];
    });
  });
}

/** All addresses of an Endpoints object, ready or not. */
export function readEndpointAddresses(endpoints: unknown): readonly Address[] {
  return list(field(endpoints, "subsets"))
    .flatMap(addressesOf)
    .flatMap((entry) => addressOf(entry) ?? []);
}

function addressesOf(subset: unknown): readonly unknown[] {
  return [...list(field(subset, "addresses")), ...list(field(subset, "notReadyAddresses"))];
}

function addressOf(entry: unknown): Address | null {
  const ip = field(entry, "ip");
  return typeof ip === "string" ? parseAddress(ip) : null;
}

function endOf(entry: unknown): FlowEnd | null {
  const namespace = field(entry, "targetRef", "namespace");
  const name = field(entry, "targetRef", "name");
  const isPod = field(entry, "targetRef", "kind") === "Pod";
  if (isPod && typeof namespace === "string" && typeof name === "string") {
    return { kind: "pod", key: `${namespace}/${name}` };
  }
  const address = addressOf(entry);
  return address === null ? null : { kind: "address", address };
}

function portOf(
  ports: readonly unknown[],
  protocol: Protocol,
  accepts: (port: unknown) => boolean,
): number | null {
  const port = ports.find((one) => (field(one, "protocol") ?? "TCP") === protocol && accepts(one));
  const number = field(port, "port");
  return typeof number === "number" ? number : null;
}

function list(raw: unknown): readonly unknown[] {
  return Array.isArray(raw) ? raw : [];
}
