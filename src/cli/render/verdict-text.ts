import type { CauseCode, DirectionExplanation, Verdict } from "../../engine/query.ts";
import type { FlowAnswer } from "../flow-question.ts";
import { keyName, renderCause } from "./policy-text.ts";
import { type Paint, wrap } from "./text.ts";

const COLOURS = { allowed: "green", denied: "red", unknown: "yellow" } as const;

/** `denied: shop/web → shop/mysql TCP 3306`. */
export function renderFlowLine(
  { verdict, from, to, explanation }: FlowAnswer,
  paint: Paint,
): string {
  const { protocol, port } = explanation.flow;
  return `${paint(COLOURS[verdict], verdict)}: ${from} → ${to} ${protocol} ${port}`;
}

/** The verdict, why in one line for each direction, and what was assumed. */
export function renderVerdict(answer: FlowAnswer, paint: Paint): string {
  const { egress, ingress } = answer.explanation;
  const lines = [
    renderFlowLine(answer, paint),
    ...[egress, ingress].map(renderSide),
    ...answer.assumptions.map((text) => wrap(text, 4, "  assuming ")),
  ];
  return `${lines.join("\n")}\n`;
}

function renderSide({ direction, verdict, causes }: DirectionExplanation): string {
  const [first, ...others] = causes;
  const why = first === undefined ? "" : renderCause(first, verdict);
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return wrap(`${verdict}, ${why}${more}`, 11, `  ${direction.padEnd(7)}  `);
}

/** The whole walk in one sentence. */
export function summarize({ verdict, from, to, explanation, assumptions }: FlowAnswer): string {
  const { egress, ingress, flow, causes } = explanation;
  const what = `${from} ${VERBS[verdict]} ${to} on ${flow.protocol} ${flow.port}`;
  if (verdict !== explanation.verdict) return `${what}: ${assumptions.at(-1) ?? ""}.`;
  const sides = [egress, ingress].filter((side) => side.verdict === verdict);
  if (sides.every((side) => side.causes.length === 0)) {
    return `${what}: ${causes.map((cause) => renderCause(cause, verdict)).join(", ")}.`;
  }
  const reasons = sides.map((side) => reasonOf(side, side === egress ? from : to));
  return `${what}: ${[...new Set(reasons)].join(verdict === "allowed" ? ", and " : "; ")}.`;
}

const VERBS: Readonly<Record<Verdict, string>> = {
  allowed: "can reach",
  denied: "cannot reach",
  unknown: "may or may not reach",
};

function reasonOf({ direction, causes, verdict }: DirectionExplanation, subject: string): string {
  const [first] = causes;
  if (first === undefined) return "";
  const policies = [...new Set(causes.flatMap(({ policy }) => policy ?? []))].map(keyName);
  const names = listed(policies);
  const way = direction === "egress" ? "out of" : "into";
  const phrases: Partial<Readonly<Record<CauseCode, string>>> = {
    "rule-accepts": `${names} lets it ${way} ${subject}`,
    "rule-denies": `${names} denies it the way ${way} ${subject}`,
    "no-rule-matches": `${names} ${policies.length > 1 ? "isolate" : "isolates"} ${subject} for ${direction} and no rule lets it through`,
    "not-isolated": `nothing isolates ${subject} for ${direction}`,
    "address-has-no-policies": `${subject} has no policies of its own`,
  };
  return phrases[first.code] ?? renderCause(first, verdict);
}

function listed(names: readonly string[]): string {
  const [first = "", second, ...rest] = names;
  if (second === undefined) return first;
  return rest.length === 0
    ? `${first} and ${second}`
    : `${first}, ${second} and ${rest.length} more`;
}
