import type { Policy, Protocol, Rule } from "../../engine/model.ts";

/** Report whether a rule has the port by its number: only pods know where a named one leads. */
export function hasPort(ports: Rule["ports"], protocol: Protocol, port: number): boolean {
  return (
    ports === "all" ||
    ports.some(
      (entry) =>
        entry.kind === "range" &&
        entry.protocol === protocol &&
        entry.first <= port &&
        port <= entry.last,
    )
  );
}

/** The field of a policy's rules that says on which ports. */
export function portsField({ kind }: Policy): "ports" | "protocols" {
  return kind === "ClusterNetworkPolicy" ? "protocols" : "ports";
}
