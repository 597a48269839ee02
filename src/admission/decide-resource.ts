import type { EngineView } from "../engine/query.ts";
import type { Problem } from "../errors.ts";
import { parseResource, resourceKey } from "../resources/resource.ts";
import { PROFILE_LABEL } from "../rules/names.ts";
import type { Decision } from "./decision.ts";
import type { ResourceRequest } from "./review.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * Decide about a change of one of Ringfence's own resources: what cannot be used is refused before it is
 * stored, and so is taking away what namespaces or other resources need.
 */
export function decideResource(
  request: ResourceRequest,
  { cluster, ruleBook, options }: Surroundings,
): Decision {
  if (cluster.freshness().kind === "syncing") {
    const blocks = options.onNotSynced === "deny";
    return { kind: "troubled", trouble: { kind: "not-synced" }, blocks };
  }
  if (request.operation === "DELETE") {
    // An Invariant may go although an Exemption names it, and nobody needs an Exemption.
    const isNeeded = request.kind === "Profile" || request.kind === "Baseline";
    return {
      kind: "resource",
      problems: isNeeded ? ruleBook.judge(resourceKey(request), null) : [],
      users: request.kind === "Profile" ? usersOf(request.name, cluster.engine) : [],
    };
  }
  const read = parseResource(request.object);
  const problems: readonly Problem[] = read.ok
    ? ruleBook.judge(resourceKey(read.value), read.value)
    : read.error;
  return { kind: "resource", problems, users: [] };
}

/** The namespaces whose label names the profile. */
function usersOf(profile: string, engine: EngineView): readonly string[] {
  const named = { key: PROFILE_LABEL, operator: "In" as const, values: [profile] };
  return engine.matchingNamespaces([named]).map(({ name }) => name);
}
