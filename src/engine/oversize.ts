import { countParts } from "./count-parts.ts";
import type { Policy } from "./model.ts";
import type { EngineView } from "./query.ts";
import { takesLong } from "./takes-long.ts";

/** How often a selector is matched with a pod for each of the parts that a policy may have: some two seconds in all. */
const MATCHES_PER_PART = 30;

/** Why a policy is too large: that it has so many parts, or too many for as many pods as there are. */
export type Oversize = number | "for-its-pods";

/** Why a policy is too large for an engine that takes policies of at most `limit` parts; null: it is not. */
export function oversizeOf(policy: Policy, engine: EngineView, limit: number): Oversize | null {
  const parts = countParts(policy);
  if (parts > limit) return parts;
  const isLong = takesLong(policy, parts, { engine, limit: limit * MATCHES_PER_PART });
  return isLong ? "for-its-pods" : null;
}
