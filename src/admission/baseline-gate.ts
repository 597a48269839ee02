import { setTimeout as sleep } from "node:timers/promises";
import { policyKey } from "../engine/model.ts";
import type { GovernedRequest } from "./review.ts";
import type { Surroundings } from "./surroundings.ts";

/** A baseline is written within a moment of the opt-in; whoever is refused is back only after seconds. */
const PATIENCE_MS = 300;
const POLL_MS = 10;

/**
 * The policies of its namespace's baseline that a new pod would have to run without, after a little
 * patience; none where pods do not wait for it, or where nobody can tell what it is.
 */
export async function baselineMissingFor(
  request: GovernedRequest,
  deadline: number,
  around: Surroundings,
): Promise<readonly string[]> {
  const { kind, operation } = request;
  if (!around.options.podsWaitForBaseline || kind !== "Pod" || operation !== "CREATE") return [];
  const patience = Math.min(deadline, around.clock() + PATIENCE_MS);
  let missing = missingNow(request.namespace, around);
  while (missing.length > 0 && around.clock() < patience) {
    // oxlint-disable-next-line no-await-in-loop -- waiting is what the loop is for
    await sleep(POLL_MS);
    missing = missingNow(request.namespace, around);
  }
  return missing;
}

function missingNow(
  namespace: string,
  { cluster: { engine }, ruleBook }: Surroundings,
): readonly string[] {
  const labels = engine.namespace(namespace)?.labels;
  const baseline = labels === undefined ? null : ruleBook.baselineFor(labels);
  if (baseline === null || !baseline.ok) return [];
  return baseline.value.policies
    .map(({ name }) => name)
    .filter(
      (name) => engine.policy(policyKey({ kind: "NetworkPolicy", namespace, name })) === undefined,
    );
}
