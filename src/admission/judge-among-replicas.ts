import type { Trouble } from "./decision.ts";
import { type Case, type Judgement, judge } from "./judge.ts";
import type { Surroundings } from "./surroundings.ts";
import { toldOf } from "./told-change.ts";

/**
 * Judge a case; if it concerns an invariant, admit it only after the other replicas have been told. What they
 * have told meanwhile counts as possible. `onUntold` decides whether it is admitted when they cannot be told.
 *
 * Pods are left out: there may be hundreds in a second, too many to tell others of each.
 */
export async function judgeAmongReplicas(
  asked: Case,
  around: Surroundings,
): Promise<Judgement["outcome"] | Extract<Trouble, { kind: "untold" }>> {
  const { request, mode, deadline } = asked;
  const { replicas, pending, clock, options } = around;
  const { heard } = replicas;
  const { outcome, admitted, takeBack, concernsInvariants } = await judge(asked, around);
  const isOfInterest = admitted.length > 0 && concernsInvariants && request.kind !== "Pod";
  if (typeof outcome === "string" || !isOfInterest) return outcome;
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
