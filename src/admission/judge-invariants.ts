import type { ClaimPreview, FlowList, HeldClaim } from "../engine/query.ts";
import type { Invariant } from "../resources/invariant.ts";
import { invariantId } from "../rules/names.ts";
import type { JudgedFinding } from "../rules/run-rules.ts";
import { atMost } from "../rules/severity.ts";
import { renderFlows } from "./render-delta.ts";

/** PERF: a message names two groups of flows; the rest is counted. */
const NAMED_GROUPS = 2;

/**
 * The invariants that a previewed change makes worse. Breaches that were there before are nobody's
 * business here, or nothing could be changed until they are mended.
 */
export function judgeInvariants(
  invariantOf: (claim: HeldClaim) => Invariant | undefined,
  claims: ClaimPreview,
): readonly JudgedFinding[] {
  return claims.concerned().flatMap((claim) => {
    const invariant = invariantOf(claim);
    return invariant === undefined ? [] : judge(invariant, claims, claim);
  });
}

function judge(
  invariant: Invariant,
  claims: ClaimPreview,
  claim: HeldClaim,
): readonly JudgedFinding[] {
  const { appeared, unsure } = claims.breaches(claim, NAMED_GROUPS);
  const { action, onUnknown, claim: said } = invariant;
  const isOpen = said.sense === "open";
  if (appeared.groups.length > 0) {
    const verb = isOpen ? "closes" : "opens";
    const before = isOpen ? "could reach it before" : "could not reach it before";
    const message = `${verb} ${renderList(appeared)} (${renderCount(appeared)} ${before})`;
    return [finding(invariant, action, message)];
  }
  if (unsure.groups.length === 0) return [];
  const verb = isOpen ? "may close" : "may open";
  const message = `${verb} ${renderList(unsure)}: it cannot be told (${renderCount(unsure)})`;
  return [finding(invariant, atMost(onUnknown, action), message)];
}

function finding(
  { name, description }: Invariant,
  action: JudgedFinding["action"],
  message: string,
): JudgedFinding {
  return {
    ruleId: invariantId(name),
    action,
    finding: { path: "", message, why: description, help: "" },
  };
}

function renderList({ groups, omitted }: FlowList): string {
  const rest = omitted > 0 ? ` and ${omitted} more` : "";
  return `${renderFlows(groups)}${rest}`;
}

/** Who is meant: the pods that the flows come from, or go to where they come from addresses. */
function renderCount({ from, to }: FlowList): string {
  const count = from > 0 ? from : to;
  return count === 1 ? "1 pod" : `${count} pods`;
}
