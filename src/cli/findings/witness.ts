import type { Labels, Pod, Policy, Requirement, Rule, Selector } from "../../engine/model.ts";
import { requirementHolds, selectorMatches } from "../../engine/selector.ts";

/**
 * A pod that the policy selects in its own namespace, for policies whose files do not say who runs there;
 * null if it can select no pod, and for policies of the whole cluster. It has the ports that the policy
 * names, no address, and a name that no pod can have.
 */
export function witnessOf({ namespace, subject, ingress }: Policy): Pod | null {
  const labels = labelsFor(subject.pods);
  if (namespace === "" || labels === null) return null;
  const name = `[${Array.from(labels, ([key, value]) => `${key}=${value}`).join(",") || "any pod"}]`;
  return imaginedPod({ namespace, name, labels, ports: namedPorts(ingress.rules) });
}

/** A pod that is made up. Its name should be one that no pod can have. */
export function imaginedPod(pod: Pick<Pod, "namespace" | "name" | "labels" | "ports">): Pod {
  const workload = { kind: "Pod", name: pod.name };
  return { ...pod, addresses: [], hostNetwork: false, node: null, ended: false, workload };
}

/** So high that no rule about ports minds. */
const FIRST_PORT = 65_000;

/** Ports that are opened by name are the subject's own, so it has them, at whatever number. */
function namedPorts(rules: readonly Rule[]): Pod["ports"] {
  const named = rules.flatMap(({ ports }) =>
    ports === "all" ? [] : ports.flatMap((port) => (port.kind === "named" ? [port] : [])),
  );
  const names = [...new Set(named.map(({ name }) => name))];
  return named.map(({ name, protocol }) => {
    return { name, protocol: protocol ?? "TCP", port: FIRST_PORT + (names.indexOf(name) % 500) };
  });
}

/** The fewest labels that a selector matches; null where none can be so. */
function labelsFor(selector: Selector): Labels | null {
  const labels = new Map<string, string>();
  for (const [key, requirements] of Map.groupBy(selector, (requirement) => requirement.key)) {
    const isNeeded = requirements.some(
      ({ operator }) => operator === "In" || operator === "Exists",
    );
    if (!isNeeded) continue;
    const value = candidatesFor(requirements).find((candidate) =>
      requirements.every((requirement) => requirementHolds(requirement, candidate)),
    );
    if (value !== undefined) labels.set(key, value);
  }
  return selectorMatches(selector, labels) ? labels : null;
}

/** Values that one of the requirements names, and as many others as may be ruled out. */
function candidatesFor(requirements: readonly Requirement[]): readonly string[] {
  const named = requirements.flatMap(({ values }) => values);
  return [...named, ...[...named, ""].map((_, index) => `any-${index}`)];
}
