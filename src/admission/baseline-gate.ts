import { policyKey } from "../engine/model.ts";
import type { Case } from "./judge.ts";
import { patiently } from "./patience.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * The policies of its namespace's baseline that a new pod would have to run without, after a little
 * patience; none where pods do not wait for it, where the mode gives the namespace none (docs/adr/0010), or
 * where nobody can tell what it is.
 */
export async function baselineMissingFor(
  { request, mode, deadline }: Pick<Case, "request" | "mode" | "deadline">,
  around: Surroundings,
): Promise<readonly string[]> {
  const { kind, operation, namespace } = request;
  if (!around.options.podsWaitForBaseline || kind !== "Pod" || operation !== "CREATE") return [];
  if (mode !== "enforce") return [];
  return patiently(
    () => missingNow(namespace, around),
    (missing) => missing.length === 0,
    { deadline, clock: around.clock },
  );
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
