import type { Namespace } from "../engine/model.ts";
import type { Baseline } from "../resources/baseline.ts";
import { isLeftAlone } from "../resources/render-baseline.ts";
import type { Resource } from "../resources/resource.ts";
import { PROFILE_LABEL } from "../wire/ringfence-labels.ts";
import { optInOf } from "./govern.ts";
import type { Surroundings } from "./surroundings.ts";

/** A namespace that is kept with a Baseline. */
export interface ChosenBaseline {
  readonly namespace: Namespace;
  readonly baseline: Baseline;
}

/** The namespaces that are kept with a Baseline, and with which, once that resource is there. */
export function baselinesChosenWith(
  resource: Resource,
  { ruleBook, cluster }: Surroundings,
): readonly ChosenBaseline[] {
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
