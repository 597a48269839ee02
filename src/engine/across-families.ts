import type { Cause, DirectionExplanation, PolicyStep, RuleStep } from "./query.ts";
import { agree } from "./verdict.ts";

/**
 * One direction of a flow over all the address families that it may have, at least one: what they agree on.
 * Where they differ, the verdict or the outcome of a rule is unknown.
 */
export function acrossFamilies(
  sides: readonly [DirectionExplanation, ...DirectionExplanation[]],
): DirectionExplanation {
  const [first, ...others] = sides;
  if (others.length === 0) return first;
  const verdict = agree(sides.map((side) => side.verdict));
  const causes =
    verdict === first.verdict
      ? distinctCauses(sides.flatMap((side) => side.causes))
      : [FAMILIES_DIFFER];
  // Which policies select the subject, and which rules they have, is the same in every family.
  const steps = first.steps.map((step, index): PolicyStep => {
    const same = sides.flatMap((side) => side.steps.slice(index, index + 1));
    const rules = step.rules.map((rule, at) =>
      mergedRule(
        rule,
        same.flatMap((one) => one.rules.slice(at, at + 1)),
      ),
    );
    return { ...step, rules };
  });
  return { ...first, verdict, causes, steps };
}

/** The cause of a verdict that the families do not share. */
export const FAMILIES_DIFFER: Cause = { code: "families-differ", policy: null, path: null };

/** Each cause once. */
export function distinctCauses(causes: readonly Cause[]): readonly Cause[] {
  const keyed = causes.map(
    (cause) => [`${cause.code} ${cause.policy} ${cause.path}`, cause] as const,
  );
  return [...new Map(keyed).values()];
}

function mergedRule(rule: RuleStep, others: readonly RuleStep[]): RuleStep {
  const isSame = others.every(({ outcome }) => outcome === rule.outcome);
  const reached = rule.reached || others.some((other) => other.reached);
  return { ...rule, outcome: isSame ? rule.outcome : "unknown", reached };
}
