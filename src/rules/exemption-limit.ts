import type { EngineView } from "../engine/query.ts";
import type { Exemption } from "../resources/exemption.ts";
import { PROFILE_LABEL } from "../wire/ringfence-labels.ts";
import type { ProfileList } from "./rule-book.ts";

/** What is needed to tell which profiles an Exemption is under. */
export interface LimitSources {
  readonly engine: EngineView;
  readonly profiles: ProfileList;
  /** The profile of cluster-scoped policies. */
  readonly clusterProfile: string;
}

/** Among the profiles that the exemption is under, the one with the shortest limit; null: none sets one. */
export function exemptionLimit(
  exemption: Pick<Exemption, "namespace" | "namespaceSelector">,
  { engine, profiles, clusterProfile }: LimitSources,
): { readonly profile: string; readonly maxDays: number } | null {
  const limitOf = (name: string): number | null => profiles.get(name)?.maxExemptionDays ?? null;
  // PERF: an exemption may be for thousands of namespaces, and most clusters set no limit.
  if (profiles.names().every((name) => limitOf(name) === null)) return null;
  const limits = profilesOf(exemption, engine, clusterProfile).flatMap((profile) => {
    const maxDays = limitOf(profile);
    return maxDays === null ? [] : [{ profile, maxDays }];
  });
  return limits.toSorted((a, b) => a.maxDays - b.maxDays)[0] ?? null;
}

function profilesOf(
  { namespace, namespaceSelector }: Pick<Exemption, "namespace" | "namespaceSelector">,
  engine: EngineView,
  clusterProfile: string,
): readonly string[] {
  if (namespaceSelector === null) {
    // Ringfence's own namespace is never governed: there it is for cluster-scoped policies.
    return [engine.namespace(namespace)?.labels.get(PROFILE_LABEL) ?? clusterProfile];
  }
  const selected = engine.matchingNamespaces(namespaceSelector);
  return [...new Set(selected.flatMap(({ labels }) => labels.get(PROFILE_LABEL) ?? []))];
}
