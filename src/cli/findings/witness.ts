import type { Labels, Pod, Policy, Requirement, Selector } from "../../engine/model.ts";
import { requirementHolds, selectorMatches } from "../../engine/selector.ts";

/**
 * A pod that the policy selects in its own namespace, for policies whose files do not say who runs
 * there; null where no pod can be so, and for policies of the whole cluster. It has no address, no port
 * and no name that a pod could have.
 */
export function witnessOf({ namespace, subject }: Policy): Pod | null {
  const labels = labelsFor(subject.pods);
  if (namespace === "" || labels === null) return null;
  const name = `[${Array.from(labels, ([key, value]) => `${key}=${value}`).join(",") || "any pod"}]`;
  return {
    namespace,
    name,
    labels,
    addresses: [],
    ports: [],
    hostNetwork: false,
    node: null,
    ended: false,
    workload: { kind: "Pod", name },
  };
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
