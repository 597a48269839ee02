import type { EngineView } from "../engine/query.ts";
import type { Invariant } from "../resources/invariant.ts";

/** The JSON paths of an invariant's selectors that match no pod now: mostly a slip in a label. */
export function endsWithoutPods({ claim }: Invariant, engine: EngineView): readonly string[] {
  const sense = claim.sense === "open" ? "mustReach" : "mustNotReach";
  return (["from", "to"] as const).flatMap((side) =>
    claim[side].flatMap((end, index) => {
      if (end.kind !== "pods") return [];
      const { count, unsure } = engine.select(end.selection, 1);
      return count + unsure === 0 ? [`spec.${sense}.${side}[${index}]`] : [];
    }),
  );
}
