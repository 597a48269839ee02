/** Ends and ports of an answer in a few words, for tables of tests. */
import { formatRange } from "../../src/engine/address.ts";
import { ALL_PORTS, type PortSet, portIntervals } from "../../src/engine/port-set.ts";
import type { Endpoint } from "../../src/engine/query.ts";

/** `TCP/80 UDP/53-60`, or `all`. */
export function portsText(ports: PortSet): string {
  if (ports.key === ALL_PORTS.key) return "all";
  return portIntervals(ports)
    .map(
      ({ protocol, first, last }) => `${protocol}/${first === last ? first : `${first}-${last}`}`,
    )
    .join(" ");
}

/** `namespace/workload`, a CIDR or a range. */
export function endText(end: Endpoint): string {
  if (end.kind === "workload") return `${end.namespace}/${end.workload.name}`;
  const range = formatRange(end.range);
  return range === "0.0.0.0/0" ? "IPv4" : range === "::/0" ? "IPv6" : range;
}
