import type { DecisionRecord } from "./record.ts";
import { renderFindings, renderObject } from "./render-denial.ts";
import { renderTrouble } from "./render-trouble.ts";
import type { AdmissionRequest } from "./review.ts";

/** The Event of the Kubernetes API that a reply leaves on its namespace. */
export interface NamespaceHappening {
  readonly regarding: {
    readonly apiVersion: "v1";
    readonly kind: "Namespace";
    readonly name: string;
    /** Where the Event goes: into the namespace itself. */
    readonly namespace: string;
  };
  readonly type: "Warning";
  readonly reason: "Denied" | "Refused" | "Warned";
  readonly message: string;
  /** Those with the same are counted as one. */
  readonly group: string;
}

/** How many findings a message names. */
const MAX_NAMED = 3;

/**
 * The Event for a denied or warned change; null if there is nothing to say, or nowhere to put it: for a dry
 * run, an object of no namespace, or a namespace that will not be created.
 */
export function happeningOf({
  endpoint,
  request,
  decision,
  isAllowed,
}: DecisionRecord): NamespaceHappening | null {
  if (endpoint !== "validate" || request === null || request.dryRun) return null;
  const namespace = request.kind === "Namespace" ? request.name : request.namespace;
  const isToBe = request.kind !== "Namespace" || request.operation !== "CREATE" || isAllowed;
  if (namespace === "" || !isToBe || decision === null) return null;
  const told = tell(request, decision);
  const regarding = { apiVersion: "v1", kind: "Namespace", name: namespace, namespace } as const;
  return told === null ? null : { regarding, type: "Warning", ...told };
}

function tell(
  request: AdmissionRequest,
  decision: NonNullable<DecisionRecord["decision"]>,
): Pick<NamespaceHappening, "reason" | "message" | "group"> | null {
  const object = renderObject(request);
  if (decision.kind === "troubled") {
    const { trouble, blocks } = decision;
    if (!blocks) return null;
    const message = `${object} refused: ${renderTrouble(trouble)}`;
    return { reason: "Refused", group: trouble.kind, message };
  }
  if (decision.kind !== "judged") return null;
  const { profile, denials, warnings } = decision;
  const findings = denials.length > 0 ? denials : warnings;
  if (findings.length === 0) return null;
  const ids = [...new Set(findings.map(({ ruleId }) => ruleId))].toSorted();
  const lines = renderFindings(findings).slice(0, MAX_NAMED);
  const rest = findings.length - lines.length;
  const what = [...lines, ...(rest > 0 ? [`and ${rest} more`] : [])].join("; ");
  const [reason, verb] =
    denials.length > 0 ? (["Denied", "denied"] as const) : (["Warned", "warned"] as const);
  const message = `${object} ${verb} by profile "${profile.name}": ${what}`;
  return { reason, group: ids.join(), message };
}
