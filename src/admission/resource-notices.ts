import { policyKey } from "../engine/model.ts";
import { unreachable } from "../errors.ts";
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
      const policies = replacedBy(resource, around);
      return policies.length === 0 ? [] : [{ kind: "replaces", policies }];
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

/** Policies of namespaces' own that have the name of one which their Baseline will then have. */
function replacedBy(
  resource: Resource,
  { ruleBook, cluster, baselines }: Surroundings,
): readonly string[] {
  const { engine, facts } = cluster;
  const baselineFor = ruleBook.baselinesWith(resource);
  const governed = { key: PROFILE_LABEL, operator: "Exists" as const, values: [] };
  return engine.matchingNamespaces([governed]).flatMap(({ name: namespace, labels }) => {
    const baseline = baselineFor(labels);
    if (!baseline.ok || isLeftAlone(namespace, facts.ownNamespace)) return [];
    if (optInOf(labels)?.mode !== "enforce") return [];
    const ofBaseline = baselines.policiesIn(namespace);
    return baseline.value.policies
      .filter(({ name }) => !ofBaseline.includes(name))
      .filter(
        ({ name }) =>
          engine.policy(policyKey({ kind: "NetworkPolicy", namespace, name })) !== undefined,
      )
      .map(({ name }) => `${namespace}/${name}`);
  });
}
