import { ALL_PORTS, LAST_PORT, type PortSet, portIntervals } from "../engine/port-set.ts";
import { capped } from "./phrases.ts";

/** How many stretches of ports of one protocol are named before the rest is counted. */
const MAX_STRETCHES = 4;

/** `TCP 80,8000-8999 UDP 53`, `all TCP ports`, `all ports` for every port of every protocol. */
export function renderPorts(ports: PortSet, most = MAX_STRETCHES): string {
  if (ports.key === ALL_PORTS.key) return "all ports";
  const byProtocol = Map.groupBy(portIntervals(ports), ({ protocol }) => protocol);
  return Array.from(byProtocol, ([protocol, intervals]) => {
    const stretches = intervals.map(({ first, last }) =>
      first === last ? `${first}` : `${first}-${last}`,
    );
    return stretches[0] === `1-${LAST_PORT}`
      ? `all ${protocol} ports`
      : `${protocol} ${capped(stretches, most, ",")}`;
  }).join(" ");
}
