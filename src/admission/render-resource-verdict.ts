import { unreachable } from "../errors.ts";
import { renderFlowList, renderPodCount } from "../rules/render-delta.ts";
import { renderTime } from "../wire/render-time.ts";
import type { ResourceNotice, ResourceVerdict } from "./decision.ts";
import { renderFindings, renderObject } from "./render-denial.ts";
import { renderList, renderProblem } from "./render-trouble.ts";
import type { AdmissionRequest } from "./review.ts";

const MAX_PROBLEMS = 8;

/** Why a Profile, Invariant, Baseline or Exemption may not be stored, or not go. */
export function renderResourceVerdict(request: AdmissionRequest, verdict: ResourceVerdict): string {
  const { problems, users } = verdict;
  const what = request.operation === "DELETE" ? "cannot be deleted" : "cannot be used";
  const count = users.length === 1 ? "1 namespace uses" : `${users.length} namespaces use`;
  const shown = problems.slice(0, MAX_PROBLEMS).map(renderProblem);
  return [
    `${renderObject(request)} ${what}`,
    ...(users.length === 0 ? [] : [`${count} it: ${renderList(users, ", ")}`]),
    ...shown,
    ...(problems.length > shown.length ? [`and ${problems.length - shown.length} more`] : []),
  ].join("\n");
}

/** A notice as one warning line. */
export function renderResourceNotice(notice: ResourceNotice): string {
  switch (notice.kind) {
    case "replaces":
      return `NetworkPolicies of namespaces' own will be replaced by those of a Baseline: ${renderList(notice.policies, ", ")}`;
    case "breaks":
      return renderFindings([notice.finding]).join("");
    case "not-judged-whole":
      return "it takes too long to hold what will be written against every Invariant; their status tells in a moment";
    case "cannot-be-made":
      return `namespaces without a label or annotation that their Baseline is made with stay as they are: ${renderList(notice.namespaces, ", ")}`;
    case "no-pods":
      return `no pod is selected now by ${renderList(notice.paths, ", ")}; compare with \`kubectl get pods -A --show-labels\``;
    case "broken": {
      const { flows, sense } = notice;
      const ability = sense === "open" ? "cannot be reached" : "can be reached";
      return `it does not hold as things are: ${renderFlowList(flows)} ${ability} (${renderPodCount(flows)}); a change only counts if it makes that worse`;
    }
    case "expired":
      return `it excuses nobody: it expired on ${renderTime(notice.endMs)}`;
    default:
      return unreachable(notice);
  }
}
