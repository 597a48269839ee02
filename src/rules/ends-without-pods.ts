import type { EngineView } from "../engine/query.ts";
import type { Invariant } from "../resources/invariant.ts";

/** Where an invariant names pods that there are none of now, by JSON path: a slip in a label, mostly. */
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
