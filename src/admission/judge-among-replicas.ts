import type { Judged, Trouble } from "./decision.ts";
import { type Case, judge } from "./judge.ts";
import type { Surroundings } from "./surroundings.ts";
import { toldOf } from "./told-change.ts";

/**
 * Judge a case, and where it concerns an invariant admit it only once the other replicas have been told; what
 * they have told meanwhile counts as possible. `onUntold` decides whether it is admitted without.
 *
 * Pods are left out: whoever is to answer hundreds of them in a second cannot ask others about each.
 */
export async function judgeAmongReplicas(
  asked: Case,
  around: Surroundings,
): Promise<Judged | "past-deadline" | Extract<Trouble, { kind: "untold" }>> {
  const { request, mode, deadline } = asked;
  const { replicas, pending, clock, options } = around;
  const { heard } = replicas;
  const { outcome, admitted, takeBack, concernsInvariants } = await judge(asked, around);
  const isOfInterest = admitted.length > 0 && concernsInvariants && request.kind !== "Pod";
  if (outcome === "past-deadline" || !isOfInterest) return outcome;
  const told = await replicas.tell(toldOf(request), {
    heard,
    timeoutMs: deadline - clock(),
    isSeen: () => pending.areOver(admitted),
  });
  if (told.ok && told.value === "told") return outcome;
  if (!told.ok && (mode !== "enforce" || options.onUntold === "warn")) {
    const trouble = { kind: "untold", problem: told.error } as const;
    return { ...outcome, notices: [...outcome.notices, { kind: "trouble", trouble }] };
  }
  takeBack();
  if (!told.ok) return { kind: "untold", problem: told.error };
  return clock() < deadline ? judgeAmongReplicas(asked, around) : "past-deadline";
}
