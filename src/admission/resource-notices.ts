import { type Namespace, policyKey } from "../engine/model.ts";
import { unreachable } from "../errors.ts";
import type { Baseline } from "../resources/baseline.ts";
import { keysNeededBy } from "../resources/baseline-variables.ts";
import { isLeftAlone } from "../resources/render-baseline.ts";
import type { Resource } from "../resources/resource.ts";
import { PROFILE_LABEL } from "../wire/ringfence-labels.ts";
import type { ResourceNotice } from "./decision.ts";
import { optInOf } from "./govern.ts";
import type { Surroundings } from "./surroundings.ts";

/** What the author of a resource that can be used should know of what it will do. */
export function noticesOf(resource: Resource, around: Surroundings): readonly ResourceNotice[] {
  switch (resource.kind) {
    case "Profile":
    case "Baseline": {
      const chosen = chosenWith(resource, around);
      const policies = chosen.flatMap((one) => replacedBy(one, around));
      const namespaces = chosen.flatMap(lacking);
      return [
        ...(policies.length === 0 ? [] : [{ kind: "replaces", policies } as const]),
        ...(namespaces.length === 0 ? [] : [{ kind: "cannot-be-made", namespaces } as const]),
      ];
    }
    case "Exemption": {
      const { expiresMs: endMs } = resource;
      return endMs <= around.now() ? [{ kind: "expired", endMs }] : [];
    }
    case "Invariant":
      return [];
    default:
      return unreachable(resource);
  }
}

interface Chosen {
  readonly namespace: Namespace;
  readonly baseline: Baseline;
}

/** The namespaces that are kept with a Baseline, and with which, once the resource is there. */
function chosenWith(resource: Resource, { ruleBook, cluster }: Surroundings): readonly Chosen[] {
  const { engine, facts } = cluster;
  const baselineFor = ruleBook.baselinesWith(resource);
  const governed = { key: PROFILE_LABEL, operator: "Exists" as const, values: [] };
  return engine.matchingNamespaces([governed]).flatMap((namespace) => {
    const { name, labels } = namespace;
    if (isLeftAlone(name, facts.ownNamespace) || optInOf(labels)?.mode !== "enforce") return [];
    const baseline = baselineFor(labels);
    return baseline.ok ? [{ namespace, baseline: baseline.value }] : [];
  });
}

/** Policies of a namespace's own that have the name of one of its Baseline. */
function replacedBy(
  { namespace: { name: namespace }, baseline }: Chosen,
  { cluster: { engine }, baselines }: Surroundings,
): readonly string[] {
  const ofBaseline = baselines.policiesIn(namespace);
  return baseline.policies.flatMap(({ name }) => {
    const key = policyKey({ kind: "NetworkPolicy", namespace, name });
    const isOwn = !ofBaseline.includes(name) && engine.policy(key) !== undefined;
    return isOwn ? [`${namespace}/${name}`] : [];
  });
}

/** The namespace, where it has not the labels that its Baseline is made with. Annotations are not known here. */
function lacking({ namespace: { name, labels }, baseline }: Chosen): readonly string[] {
  return keysNeededBy(baseline).labels.every((key) => labels.has(key)) ? [] : [name];
}
