import type { Direction, Pod, Policy, Tier } from "../../engine/model.ts";
import type { DirectionExplanation, FlowEnd, PolicyStep, RuleStep } from "../../engine/query.ts";
import { selectorMatches } from "../../engine/selector.ts";
import { keyName, objectName } from "../../rules/phrases.ts";
import { renderPorts } from "../../validators/parts/render-ports.ts";
import type { FlowAnswer } from "../flow-answer.ts";
import type { Amendment } from "../smallest-change.ts";
import type { World } from "../sources/world.ts";
import { tellByFamily } from "./by-family.ts";
import { renderYaml } from "./document.ts";
import { renderCause, renderPeers } from "./policy-text.ts";
import { indent, type Paint, renderAssumptions, wrap } from "./text.ts";
import { renderFlowLine, summarize } from "./verdict-text.ts";

/** The walk through every policy and rule in both directions, and what it comes to; 80 columns wide. */
export function renderWalk(
  answer: FlowAnswer,
  change: readonly Amendment[] | null,
  world: World,
  paint: Paint,
): string {
  const { explanation, from, to } = answer;
  const { flow } = explanation;
  const sides = (direction: Direction, subject: Subject): readonly string[] =>
    tellByFamily(explanation, direction, (side, family) =>
      renderSide(side, { ...subject, family }, world, paint),
    );
  const blocks = [
    renderFlowLine(answer, paint),
    ...sides("egress", { label: from, end: flow.from }),
    ...sides("ingress", { label: to, end: flow.to }),
    wrap(summarize(answer), 2, "In short: "),
  ];
  const end = change === null ? "" : `\n${renderChange(change)}\n`;
  return `${blocks.join("\n\n")}\n${renderAssumptions(answer.assumptions)}${end}`;
}

interface Subject {
  readonly label: string;
  readonly end: FlowEnd;
}

function renderSide(
  side: DirectionExplanation,
  { label, end, family }: Subject & { readonly family: string | null },
  world: World,
  paint: Paint,
): string {
  const way = side.direction === "egress" ? "Out of" : "Into";
  const over = family === null ? "" : ` over ${family}`;
  const lines = [`${paint("bold", `${way} ${label}${over}`)}: ${side.verdict}`];
  const pod = end.kind === "pod" ? world.engine.pod(end.key) : undefined;
  for (const [tier, steps] of Map.groupBy(side.steps, ({ policy }) => policy.tier)) {
    lines.push(`  ${TIERS[tier]}`);
    for (const step of steps) lines.push(...renderStep(step, side.direction, paint));
  }
  const silent = pod === undefined ? [] : silentPolicies(pod, side.direction, world);
  for (const policy of silent) {
    lines.push(
      wrap(`${objectName(policy)} selects it, but says nothing of ${side.direction}`, 4, "  "),
    );
  }
  for (const cause of side.causes) lines.push(wrap(renderCause(cause, side.verdict), 4, "  → "));
  return lines.join("\n");
}

const TIERS: Readonly<Record<Tier, string>> = {
  Admin: "Admin tier, the first rule that matches decides",
  NetworkPolicy: "NetworkPolicies, any rule that matches allows",
  Baseline: "Baseline tier, for pods that no NetworkPolicy isolates",
};

function renderStep(
  { policy, isolates, rules }: PolicyStep,
  direction: Direction,
  paint: Paint,
): readonly string[] {
  const notes = [
    ...(isolates ? ["isolates it"] : []),
    ...(policy.tier === "NetworkPolicy" ? [] : [`priority ${policy.priority}`]),
    ...(rules.length === 0 ? ["has no rule"] : []),
  ];
  return [
    wrap(`${objectName(policy)}: ${notes.join(", ")}`, 6, "    "),
    ...rules.map((step) => renderRule(step, policy, direction, paint)),
  ];
}

function renderRule(step: RuleStep, policy: Policy, direction: Direction, paint: Paint): string {
  const rule = policy[direction].rules.find(({ path }) => path === step.path);
  if (rule === undefined) return `      ${step.path}`;
  if (!step.reached) return paint("dim", `      - ${step.path}: not reached`);
  const word = direction === "egress" ? "to" : "from";
  switch (step.outcome) {
    case "matches":
      return renderMatch(step, paint);
    case "other-peer": {
      const peers = renderPeers(rule);
      return wrap(`${step.path}: other peer, it is ${word} ${peers}`, 8, "      - ");
    }
    case "other-port":
      return wrap(`${step.path}: other port, it is for ${renderPorts(rule.ports)}`, 8, "      - ");
    case "unknown": {
      const text = `${step.path}: cannot be decided, it is ${word} ${renderPeers(rule)}`;
      return paint("yellow", wrap(`${text} on ${renderPorts(rule.ports)}`, 8, "      ? "));
    }
  }
}

function renderMatch({ path, action }: RuleStep, paint: Paint): string {
  const { sign, style, does } = MATCHES[action];
  return paint(style, wrap(`${path}: matches, and ${does}`, 8, `      ${sign} `));
}

const MATCHES = {
  Accept: { sign: "+", style: "green", does: "allows it" },
  Deny: { sign: "x", style: "red", does: "denies it" },
  Pass: { sign: ">", style: "yellow", does: "leaves it to the next tier" },
} as const;

/** Policies that select the pod and leave this direction alone. */
function silentPolicies(
  pod: Pod,
  direction: Direction,
  { policies, engine }: World,
): readonly Policy[] {
  const labels = engine.namespace(pod.namespace)?.labels;
  return Array.from(policies.values(), ({ policy }) => policy).filter((policy) => {
    const { isolates, rules } = policy[direction];
    return !isolates && rules.length === 0 && selects(policy, pod, labels);
  });
}

function selects({ subject }: Policy, pod: Pod, labels: Pod["labels"] | undefined): boolean {
  const { namespaces, pods } = subject;
  const inScope =
    namespaces.kind === "name"
      ? namespaces.name === pod.namespace
      : labels !== undefined && selectorMatches(namespaces.selector, labels);
  return inScope && !pod.hostNetwork && selectorMatches(pods, pod.labels);
}

function renderChange(change: readonly Amendment[]): string {
  const parts = change.map(({ policy, path, add }) => {
    if (path === "") return `create\n${indent(renderYaml(add), 4)}`;
    return `to ${keyName(policy)}, ${path}, add\n${indent(renderYaml([add]), 4)}`;
  });
  const proof = "With that, and nothing else, it is allowed.";
  const steps = parts.map((part) => `  ${part.trimEnd()}`);
  return ["The smallest change that would allow it:", ...steps, proof].join("\n");
}
