import { formatRange } from "../../src/engine/address.ts";
import type {
  DirectionRules,
  NamespaceScope,
  Peer,
  Policy,
  PortMatch,
  Rule,
  Selector,
} from "../../src/engine/model.ts";
import { type Problem, type Result, unreachable } from "../../src/errors.ts";

/** A policy with one line for each part, for tests to compare. */
export function describePolicy(policy: Policy): readonly string[] {
  const { namespaces, pods } = policy.subject;
  return [
    `subject ${describeScope(namespaces)} ${describeSelector(pods)}`,
    ...describeDirection("ingress", policy.ingress),
    ...describeDirection("egress", policy.egress),
  ];
}

/** The problems of a result as `path: message`, none where it is a success. */
export function complaints(result: Result<unknown, readonly Problem[]>): readonly string[] {
  return result.ok ? [] : result.error.map(({ path, message }) => `${path}: ${message}`);
}

/** The value of a result that has to be a success. */
export function succeed<T>(result: Result<T, readonly Problem[]>): T {
  if (result.ok) return result.value;
  throw new Error(complaints(result).join("\n"));
}

function describeDirection(name: string, { isolates, rules }: DirectionRules): readonly string[] {
  if (!isolates && rules.length === 0) return [];
  return [`${name}${isolates ? " isolates" : ""}`, ...rules.map(describeRule)];
}

function describeRule({ action, peers, ports, path }: Rule): string {
  const who = peers === "all" ? "all" : `[${peers.map(describePeer).join(" | ")}]`;
  const what = ports === "all" ? "all" : `[${ports.map(describePort).join(" ")}]`;
  return `${path} ${action} ${who} on ${what}`;
}

function describePeer(peer: Peer): string {
  switch (peer.kind) {
    case "pods":
      return `${describeScope(peer.selection.namespaces)} ${describeSelector(peer.selection.pods)}`;
    case "addresses":
      return peer.ranges.map(formatRange).join(" ");
    case "nodes":
      return `nodes ${describeSelector(peer.selector)}`;
    case "domainNames":
      return peer.names.join(" ");
    default:
      return unreachable(peer);
  }
}

function describeScope(scope: NamespaceScope): string {
  return scope.kind === "name" ? scope.name : `namespaces ${describeSelector(scope.selector)}`;
}

function describeSelector(selector: Selector): string {
  const parts = selector.map(({ key, operator, values }) =>
    operator === "In" && values.length === 1
      ? `${key}=${values.join()}`
      : `${key} ${operator} ${values.join()}`.trim(),
  );
  return `{${parts.join(", ")}}`;
}

function describePort(port: PortMatch): string {
  if (port.kind === "named") return `${port.protocol ?? "any"}:${port.name}`;
  return `${port.protocol}:${port.first}-${port.last}`;
}
