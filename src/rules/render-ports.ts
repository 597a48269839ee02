import type { Protocol } from "../engine/model.ts";
import { ALL_PORTS, type PortSet, portIntervals } from "../engine/port-set.ts";

/** How many stretches of ports of one protocol are named before the rest is counted. */
const MAX_STRETCHES = 4;
const LAST_PORT = 65_535;

/** `TCP 80,8000-8999 UDP 53`, `all TCP ports`, `all ports` for every port of every protocol. */
export function renderPorts(ports: PortSet): string {
  if (ports.key === ALL_PORTS.key) return "all ports";
  const stretches = new Map<Protocol, string[]>();
  for (const { protocol, first, last } of portIntervals(ports)) {
    const of = stretches.get(protocol) ?? [];
    of.push(first === last ? `${first}` : `${first}-${last}`);
    stretches.set(protocol, of);
  }
  return [...stretches].map(([protocol, of]) => renderProtocol(protocol, of)).join(" ");
}

function renderProtocol(protocol: Protocol, stretches: readonly string[]): string {
  if (stretches[0] === `1-${LAST_PORT}`) return `all ${protocol} ports`;
  const rest = stretches.length - MAX_STRETCHES;
  const named = stretches.slice(0, MAX_STRETCHES).join(",");
  return rest > 0 ? `${protocol} ${named} and ${rest} more` : `${protocol} ${named}`;
}
