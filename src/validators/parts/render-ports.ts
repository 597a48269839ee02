import type { PortMatch, Rule } from "../../engine/model.ts";
import { LAST_PORT } from "../../engine/port-set.ts";
import { capped } from "../../rules/phrases.ts";

/** How many entries are named before the rest is counted. */
const MAX_NAMED = 4;

/** The ports of a rule: `TCP 80, UDP 53`, `every port`. */
export function renderPorts(ports: Rule["ports"]): string {
  if (ports === "all") return "every port";
  return capped(ports.map(renderPort), MAX_NAMED);
}

/** One entry: `TCP 80`, `TCP 8000-8999`, `UDP every port`, `TCP http`. */
function renderPort(port: PortMatch): string {
  const protocol = port.protocol === null ? "" : `${port.protocol} `;
  if (port.kind === "named") return `${protocol}\`${port.name}\``;
  if (port.first === 1 && port.last === LAST_PORT) return `${protocol}every port`;
  return `${protocol}${port.first === port.last ? port.first : `${port.first}-${port.last}`}`;
}
