import { counted, objectName } from "../rules/phrases.ts";
import { type Effect, renderEffect } from "../rules/render-delta.ts";
import type { JudgedFinding } from "../rules/run-rules.ts";
import { printable } from "../wire/printable.ts";
import type { Judged } from "./decision.ts";
import type { AdmissionRequest } from "./review.ts";

/** kubectl prints the message whole; what matters must be on the first screen. */
const MAX_PROBLEMS = 8;
const MAX_LINE_RUNES = 300;

/** Warnings have little room together: one more finding is worth more than the help of another. */
const MAX_HELPED = 4;

/** `NetworkPolicy shop/web`, `Namespace shop`. */
export function renderObject({ kind, namespace, name }: AdmissionRequest): string {
  return objectName({ kind, namespace: kind === "Namespace" ? "" : namespace, name });
}

/**
 * The whole message of a denial, most important first. One message for all problems: of several
 * webhooks' denials the API server shows only one.
 */
export function renderDenial(
  request: AdmissionRequest,
  { denials, profile }: Judged,
  effect: Effect,
): string {
  const change = renderEffect(effect);
  return [
    `${renderObject(request)} denied by profile "${profile.name}": ${counted(denials.length, "problem")}`,
    ...denials.slice(0, MAX_PROBLEMS).flatMap(renderProblem),
    ...(denials.length > MAX_PROBLEMS ? [`and ${denials.length - MAX_PROBLEMS} more`] : []),
    ...(change === null ? [] : [change]),
    ...(hasFile(request) ? commandsFor(denials) : []),
  ].join("\n");
}

/** What the plugin can do next: show what the change does, and mend what needs no thought. */
function commandsFor(denials: readonly JudgedFinding[]): readonly string[] {
  const mendable = denials.flatMap(({ finding }, index) =>
    finding.fix === undefined ? [] : [index + 1],
  );
  return [
    "try: kubectl network-policy diff -f FILE",
    ...(mendable.length === 0
      ? []
      : [`fix ${mendable.join(", ")}: kubectl network-policy check -f FILE --fix`]),
  ];
}

/** The plugin takes policies, and a delete has no file. */
function hasFile({ kind, operation }: AdmissionRequest): boolean {
  return kind !== "Namespace" && kind !== "Pod" && operation !== "DELETE";
}

function renderProblem({ ruleId, finding }: JudgedFinding, index: number): readonly string[] {
  const place = finding.path === "" ? "" : `  ${finding.path}`;
  return [
    `${index + 1}. ${ruleId}${place}`,
    `   ${finding.message}`,
    ...(finding.why === undefined ? [] : [`   why: ${finding.why}`]),
    ...(finding.help === "" ? [] : [`   help: ${finding.help}`]),
  ].map((line) => printable(line, MAX_LINE_RUNES));
}

/** Findings that do not deny, each as one warning line; with what to do while they are few. */
export function renderFindings(findings: readonly JudgedFinding[]): readonly string[] {
  const helps = findings.length <= MAX_HELPED;
  return findings.map(({ ruleId, finding: { path, message, why, help } }) => {
    const line = `${ruleId}: ${path === "" ? "" : `${path}: `}${message}`;
    const remarks = [
      ...(why === undefined ? [] : [`why: ${why}`]),
      ...(help === "" ? [] : [`help: ${help}`]),
    ];
    return helps && remarks.length > 0 ? `${line} (${remarks.join("; ")})` : line;
  });
}
