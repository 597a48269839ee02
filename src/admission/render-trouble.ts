import { type Problem, problemText, unreachable } from "../errors.ts";
import { resourceKey } from "../resources/resource.ts";
import { keyName } from "../rules/phrases.ts";
import { printable } from "../wire/printable.ts";
import { renderTime } from "../wire/render-time.ts";
import { PROFILE_LABEL } from "../wire/ringfence-labels.ts";
import type { Notice, Trouble } from "./decision.ts";

/** How many of a list a line names before it counts. */
const MAX_NAMED = 3;

/** Three of them fit a refusal. */
const MAX_PROBLEM_RUNES = 300;

/** Why a request could not be judged as it should be, and what to do, as one line. */
export function renderTrouble(trouble: Trouble): string {
  switch (trouble.kind) {
    case "invalid":
      return `cannot be read: ${renderList(trouble.problems.map(renderProblem), "; ")}`;
    case "unknown-profile":
      return trouble.problems.length > 0
        ? `profile \`${trouble.name}\` cannot be used: ${renderList(trouble.problems.map(renderProblem), "; ")}`
        : `no profile \`${trouble.name}\`; there are ${trouble.known.join(", ")}`;
    case "not-synced":
      return "Ringfence has not read the cluster yet; try again in a moment";
    case "unavailable":
      return `Ringfence does not know yet what namespace \`${trouble.namespace}\` has opted in to; try again in a moment`;
    case "no-baseline":
      return `namespace \`${trouble.namespace}\` does not have its baseline yet (${renderList(trouble.missing, ", ")}); try again in a moment`;
    case "stale":
      return `Ringfence has heard nothing from the API server for ${Math.round(trouble.ageMs / 1000)} s`;
    case "past-deadline":
      return "Ringfence could not decide in time; try again";
    case "untold":
      return `the other replicas of Ringfence could not be told of it, and may admit at the same moment what breaks an invariant together with it: ${trouble.problem.message}`;
    case "too-large":
      return renderTooLarge(trouble);
    case "rule-fault":
      return renderList(
        trouble.faults.map(({ error }) => error.message),
        "; ",
      );
    default:
      return unreachable(trouble);
  }
}

function renderTooLarge({ parts, limit }: Extract<Trouble, { kind: "too-large" }>): string {
  if (parts === "for-its-pods") {
    return "the policy has too many rules and selectors for as many pods and addresses as they are about; select by labels that fewer pods have, give blocks the same exceptions, or write several policies";
  }
  if (parts === "for-its-flows") {
    return "what it opens and closes differs for too many pods, as other policies select them, to be told; select fewer pods at once, or have fewer policies tell pods apart";
  }
  if (parts === "for-invariants") {
    return "it concerns too many Invariants, and pods that policies tell apart, to be held against them all; select fewer pods at once, or have fewer Invariants speak of as many pods";
  }
  const count = parts === "uncounted" ? "too many" : parts;
  return `the policy has ${count} rules, peers, ports, address ranges and labels; at most ${limit} are judged`;
}

/** Of a policy that was asked about all the same: nobody must believe that it was judged. */
export function renderNotOptedIn(namespace: string): string {
  return `not judged: namespace \`${namespace}\` has no label \`${PROFILE_LABEL}\``;
}

/** Of a policy or resource that others own from now on. */
export function renderOwnersGained(owners: readonly string[]): string {
  return `the garbage collector deletes it, unjudged, when no owner of it is there: ${renderList(owners, ", ")}`;
}

/** A notice as one warning line. */
export function renderNotice(notice: Notice): string {
  switch (notice.kind) {
    case "reading":
      return renderProblem(notice.problem);
    case "unreadable-policies":
      return `stored policies that cannot be read or are too large isolate their pods and allow nothing: ${renderList(notice.keys.map(keyName), ", ")}`;
    case "unreadable-old-object":
      return `the stored object cannot be read: ${renderList(notice.problems.map(renderProblem), "; ")}`;
    case "replaced-by-baseline":
      return `NetworkPolicies of this namespace's own will be replaced by its baseline's: ${renderList(notice.names, ", ")}`;
    case "no-baseline-to-wait-for":
      return `not waiting for the namespace's baseline, which cannot be made: ${renderList(notice.problems.map(renderProblem), "; ")}`;
    case "right-unchecked":
      return `the right to opt out could not be checked: ${notice.problem.message}`;
    case "waived":
      return `allowed by the right to opt out: ${notice.ruleIds.join(", ")}`;
    case "excused":
      return `${notice.ruleIds.join(", ")}: excused until ${renderTime(notice.endMs)} by ${resourceKey(notice.by)}, which ${notice.by.owner} answers for`;
    case "not-excused":
      return `${notice.ruleIds.join(", ")}: ${renderNotExcused(notice)}; ask ${notice.by.owner}`;
    case "broken-resource":
      return `${notice.key}: the newest version cannot be used: ${renderList(notice.problems.map(renderProblem), "; ")}`;
    case "trouble":
      return renderTrouble(notice.trouble);
    default:
      return unreachable(notice);
  }
}

function renderNotExcused({ as, by, endMs }: Extract<Notice, { kind: "not-excused" }>): string {
  const end = renderTime(endMs);
  if (as === "expired") {
    // Else whoever looks finds an Exemption that has years to go.
    const reason = endMs < by.expiresMs ? " by the profile's `maxExemptionDays`" : "";
    return `no longer excused, ${resourceKey(by)} expired on ${end}${reason}`;
  }
  return `not excused, ${resourceKey(by)} of a file lasts until ${end}, longer than the profile's \`maxExemptionDays\` from now`;
}

/** `spec.rules[0].id: \`x\` is no rule`, as one line. */
export function renderProblem(problem: Pick<Problem, "path" | "message">): string {
  // SECURITY: both may repeat what somebody has written, which must not begin a line of its own.
  return printable(problemText(problem), MAX_PROBLEM_RUNES);
}

/** The first few of a list, and how many more there are. */
export function renderList(items: readonly string[], separator: string): string {
  const rest = items.length - MAX_NAMED;
  const named = items.slice(0, MAX_NAMED).join(separator);
  return rest > 0 ? `${named}${separator}and ${rest} more` : named;
}
