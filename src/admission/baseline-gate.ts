import { policyKey } from "../engine/model.ts";
import type { Problem } from "../errors.ts";
import { textAt } from "../wire/shape.ts";
import type { Case } from "./judge.ts";
import { patiently } from "./patience.ts";
import type { Surroundings } from "./surroundings.ts";

/** How a namespace stands to its baseline. */
interface BaselineGap {
  /** Names of the policies that it does not have yet. */
  readonly missing: readonly string[];
  /** Why its policies cannot be made: then none of them comes. */
  readonly problems: readonly Problem[];
}

const NO_GAP: BaselineGap = { missing: [], problems: [] };

/**
 * Which policies of its baseline a new pod would run without, after a little patience. No gap if pods do not
 * wait for the baseline, or if the namespace gets none, as in the softer modes (docs/adr/0010).
 */
export async function baselineGapFor(
  { request, mode, deadline }: Pick<Case, "request" | "mode" | "deadline">,
  around: Surroundings,
): Promise<BaselineGap> {
  const { kind, operation, namespace } = request;
  const waits = around.options.podsWaitForBaseline && kind === "Pod" && operation === "CREATE";
  if (!waits || mode !== "enforce") return NO_GAP;
  return patiently(
    () => gapNow(namespace, around),
    ({ missing }) => missing.length === 0,
    { deadline, clock: around.clock },
  );
}

function gapNow(namespace: string, { cluster: { engine }, baselines }: Surroundings): BaselineGap {
  const wanted = baselines.wantedIn(namespace);
  if (wanted === null) return NO_GAP;
  if (!wanted.ok) return { missing: [], problems: wanted.error };
  const isThere = (name: string): boolean =>
    engine.policy(policyKey({ kind: "NetworkPolicy", namespace, name })) !== undefined;
  const names = wanted.value.map((policy) => textAt(policy, "metadata", "name"));
  return { missing: names.filter((name) => !isThere(name)), problems: [] };
}
