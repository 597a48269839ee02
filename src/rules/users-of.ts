import type { EngineView } from "../engine/query.ts";
import { BASELINE_LABEL, PROFILE_LABEL } from "../wire/ringfence-labels.ts";

/** The namespaces whose label names the Profile or Baseline with that `resourceKey`. */
export function usersOf(key: string, engine: EngineView): readonly string[] {
  const [kind, name = ""] = key.split(" ");
  if (kind !== "Profile" && kind !== "Baseline") return [];
  const governed = { key: PROFILE_LABEL, operator: "Exists" as const, values: [] };
  const label = kind === "Profile" ? PROFILE_LABEL : BASELINE_LABEL;
  const named = { key: label, operator: "In" as const, values: [name] };
  return engine.matchingNamespaces([governed, named]).map((one) => one.name);
}
