import type { Namespace } from "../engine/model.ts";
import type { Baseline } from "../resources/baseline.ts";
import { isLeftAlone } from "../resources/render-baseline.ts";
import type { Resource } from "../resources/resource.ts";
import { optInOf } from "../rules/opt-in.ts";
import { PROFILE_LABEL } from "../wire/ringfence-labels.ts";
import type { Surroundings } from "./surroundings.ts";

/** A namespace that will get another Baseline, or another version of its Baseline. */
export interface ChosenBaseline {
  readonly namespace: Namespace;
  readonly baseline: Baseline;
  /** The one that it has; null where that cannot be told. */
  readonly before: Baseline | null;
}

/** The namespaces that get another Baseline once that resource is there, and which. */
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
    const next = baselineFor(labels);
    const last = ruleBook.baselineFor(labels);
    const before = last.ok ? last.value : null;
    return next.ok && next.value !== before ? [{ namespace, baseline: next.value, before }] : [];
  });
}
