import type { Policy } from "../../engine/model.ts";
import type { EngineView } from "../../engine/query.ts";

/** Report whether a NetworkPolicy selects every pod of its namespace: by saying so, or in effect. */
export function selectsWhole({ namespace, subject }: Policy, after: EngineView): boolean {
  if (subject.pods.length === 0) return true;
  const { count, unsure } = after.select(subject, 0);
  if (count + unsure < 2) return false;
  let pods = 0;
  // PERF: ends with the first pod that is one too many.
  for (const _ of after.podsOf(namespace)) {
    pods += 1;
    if (pods > count + unsure) return false;
  }
  return true;
}
