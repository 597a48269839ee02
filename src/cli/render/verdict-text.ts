import type { Direction } from "../../engine/model.ts";
import type { CauseCode, DirectionExplanation, Explanation, Verdict } from "../../engine/query.ts";
import { keyName } from "../../rules/phrases.ts";
import type { FlowAnswer } from "../flow-answer.ts";
import { familyName, tellByFamily } from "./by-family.ts";
import { renderCause } from "./policy-text.ts";
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
  const lines = [
    renderFlowLine(answer, paint),
    ...DIRECTIONS.flatMap((direction) => tellByFamily(answer.explanation, direction, renderSide)),
    ...answer.assumptions.map((text) => wrap(text, 4, "  assuming ")),
  ];
  return `${lines.join("\n")}\n`;
}

const DIRECTIONS = ["egress", "ingress"] as const;

function renderSide(
  { direction, verdict, causes }: DirectionExplanation,
  family: string | null,
): string {
  const [first, ...others] = causes;
  const over = family === null ? "" : ` over ${family}`;
  const why = first === undefined ? "" : renderCause(first, verdict);
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return wrap(`${verdict}${over}, ${why}${more}`, 11, `  ${direction.padEnd(7)}  `);
}

/** The whole walk in one sentence, or one for each family of addresses where their answers differ. */
export function summarize({ verdict, from, to, explanation, assumptions }: FlowAnswer): string {
  const { flow, families } = explanation;
  const what = (found: Verdict): string =>
    `${from} ${VERBS[found]} ${to} on ${flow.protocol} ${flow.port}`;
  if (verdict !== explanation.verdict) return `${what(verdict)}: ${assumptions.at(-1) ?? ""}.`;
  if (families.every((each) => each.verdict === verdict)) {
    return `${what(verdict)}: ${reasons(explanation, from, to)}.`;
  }
  const each = families.map((family) => {
    const why = reasons({ ...family, causes: [] }, from, to);
    return `${what(family.verdict)} over ${familyName(family)}: ${why}.`;
  });
  return each.join(" ");
}

/** Why the ends come to the verdict that they share. */
function reasons(
  { verdict, causes, egress, ingress }: Pick<Explanation, "verdict" | "causes" | Direction>,
  from: string,
  to: string,
): string {
  const sides = [egress, ingress].filter((side) => side.verdict === verdict);
  if (sides.every((side) => side.causes.length === 0)) {
    return causes.map((cause) => renderCause(cause, verdict)).join(", ");
  }
  const each = sides.map((side) => reasonOf(side, side.direction === "egress" ? from : to));
  return [...new Set(each)].join(verdict === "allowed" ? ", and " : "; ");
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
