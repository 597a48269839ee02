import { unreachable } from "../errors.ts";
import { type Effect, renderDelta, renderEffect } from "../rules/render-delta.ts";
import {
  type Decision,
  isRefused,
  type Judged,
  type ResourceVerdict,
  type Trouble,
} from "./decision.ts";
import { ownersGained } from "./owner-gained.ts";
import { renderDenial, renderFindings, renderObject } from "./render-denial.ts";
import { renderResourceNotice, renderResourceVerdict } from "./render-resource-verdict.ts";
import {
  renderNotice,
  renderNotOptedIn,
  renderOwnersGained,
  renderTrouble,
} from "./render-trouble.ts";
import {
  type AdmissionReply,
  type AuditAnnotations,
  allowed,
  denied,
  fault,
  invalid,
  type Remarks,
  unavailable,
} from "./respond.ts";
import type { AdmissionRequest } from "./review.ts";

/** Put a decision into the words of the API server's reply. */
export function answer(request: AdmissionRequest, decision: Decision): AdmissionReply {
  const { uid } = request;
  switch (decision.kind) {
    case "not-opted-in":
      return allowed(uid, {
        warnings: request.kind === "NetworkPolicy" ? [renderNotOptedIn(request.namespace)] : [],
        audit: { outcome: "not-opted-in" },
      });
    case "let-through":
      return allowed(uid, {
        warnings: ownerWarning(request),
        audit: { outcome: decision.passage },
      });
    case "troubled":
      return answerTrouble(request, decision.trouble, decision.blocks);
    case "judged":
      return answerJudged(request, decision);
    case "resource":
      return answerResource(request, decision);
    default:
      return unreachable(decision);
  }
}

function answerJudged(request: AdmissionRequest, judged: Judged): AdmissionReply {
  const { uid } = request;
  const effect = renderDelta(judged.delta);
  const remarks = remarksOn(request, judged, effect);
  return judged.denials.length > 0
    ? denied(uid, renderDenial(request, judged, effect), remarks)
    : allowed(uid, remarks);
}

/** A resource that cannot be used is invalid; deleting one that is needed is denied. */
function answerResource(request: AdmissionRequest, verdict: ResourceVerdict): AdmissionReply {
  const { uid, operation } = request;
  if (!isRefused(verdict)) {
    return allowed(uid, { warnings: verdict.notices.map(renderResourceNotice), audit: {} });
  }
  const refused = operation === "DELETE" ? denied : invalid;
  return refused(uid, renderResourceVerdict(request, verdict));
}

function answerTrouble(
  request: AdmissionRequest,
  trouble: Trouble,
  blocks: boolean,
): AdmissionReply {
  const text = renderTrouble(trouble);
  const audit: AuditAnnotations = { outcome: trouble.kind };
  if (!blocks) {
    return allowed(request.uid, { warnings: [`not judged: ${text}`], audit });
  }
  const message = `${renderObject(request)} refused: ${text}`;
  return refuse(trouble.kind)(request.uid, message, { warnings: [], audit });
}

function refuse(kind: Trouble["kind"]): typeof denied {
  switch (kind) {
    case "invalid":
      return invalid;
    case "unknown-profile":
    case "too-large":
      return denied;
    case "rule-fault":
      return fault;
    case "not-synced":
    case "unavailable":
    case "no-baseline":
    case "stale":
    case "past-deadline":
    case "untold":
      return unavailable;
    default:
      return unreachable(kind);
  }
}

function ownerWarning(request: AdmissionRequest): readonly string[] {
  const owners = ownersGained(request);
  return owners.length === 0 ? [] : [renderOwnersGained(owners)];
}

function remarksOn(request: AdmissionRequest, judged: Judged, effect: Effect): Remarks {
  const { profile, warnings, audits, denials, faults, notices } = judged;
  const change = renderEffect(effect);
  // A denial says in its message what would open and close. Every pod that starts reaches somebody, which is no
  // news.
  const isNews = denials.length === 0 && request.kind !== "Pod";
  const announced = change !== null && profile.announceChanges && isNews;
  const excuses = notices.filter((one) => one.kind === "excused");
  const waived = notices.flatMap((one) => (one.kind === "waived" ? one.ruleIds : []));
  const ruleIds = [...denials, ...warnings, ...audits].map(({ ruleId }) => ruleId);
  return {
    warnings: [
      ...(announced ? [change] : []),
      ...notices.filter(({ kind }) => kind !== "reading").map(renderNotice),
      ...faults.map(({ error }) => `${error.message}; it was not applied`),
      ...ownerWarning(request),
      ...renderFindings(warnings),
      // How the object was read explains the findings, and is the first that may go unsaid.
      ...notices.filter(({ kind }) => kind === "reading").map(renderNotice),
    ],
    audit: {
      profile: profile.name,
      rules: [...new Set(ruleIds)].join(","),
      ...(excuses.length === 0
        ? {}
        : {
            excused: excuses.flatMap(({ ruleIds: ids }) => ids).join(","),
            exemptions: excuses.map(({ by }) => `${by.namespace}/${by.name}`).join(","),
          }),
      ...(waived.length === 0 ? {} : { waived: waived.join(",") }),
      ...effect,
    },
  };
}
