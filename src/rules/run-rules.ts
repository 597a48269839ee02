import type { RuleAction } from "../config/profile.ts";
import { AppError } from "../errors.ts";
import { placedRules } from "./placed-rules.ts";
import type {
  CompiledProfile,
  CompiledProfiles,
  CompiledRule,
  Finding,
  RuleSituation,
} from "./rule.ts";
import { atMost } from "./severity.ts";

/** One finding of a rule, with what the profile does about it. */
export interface JudgedFinding {
  readonly ruleId: string;
  readonly action: RuleAction;
  readonly finding: Finding;
}

/** A rule that failed instead of answering. Always to be shown; `deny` refuses the request too. */
export interface RuleFault {
  readonly ruleId: string;
  readonly onFault: "deny" | "warn";
  readonly error: AppError;
}

export interface Judgement {
  readonly findings: readonly JudgedFinding[];
  readonly faults: readonly RuleFault[];
}

/**
 * Run the rules of `profile` that apply to the change. Each runs alone: one that throws is a fault,
 * and the others answer all the same. Actions are the profile's, before the namespace's mode softens
 * them (`soften`).
 */
export function runRules(
  profile: CompiledProfile,
  profiles: CompiledProfiles,
  situation: RuleSituation,
): Judgement {
  const findings: JudgedFinding[] = [];
  const faults: RuleFault[] = [];
  const shared = { ...situation, profiles, placedRules: placedRules(situation.object) };
  for (const rule of profile.rules) {
    if (!applies(rule, situation)) continue;
    try {
      const context = { ...shared, parameters: rule.parameters };
      for (const finding of rule.validator.check(context)) findings.push(judge(rule, finding));
    } catch (cause) {
      faults.push(faultOf(rule, cause));
    }
  }
  return { findings, faults };
}

function applies({ validator }: CompiledRule, situation: RuleSituation): boolean {
  const subject = situation.object ?? situation.oldObject;
  return (
    subject !== null &&
    validator.kinds.includes(subject.kind) &&
    validator.operations.includes(situation.operation)
  );
}

function judge({ validator, action }: CompiledRule, finding: Finding): JudgedFinding {
  return {
    ruleId: validator.id,
    action: finding.unsure === true ? atMost(action, "Warn") : action,
    finding,
  };
}

/** A rule that may only warn must not refuse by failing. */
function faultOf({ validator, action }: CompiledRule, cause: unknown): RuleFault {
  const { id, onFault } = validator;
  return {
    ruleId: id,
    onFault: action === "Deny" ? onFault : "warn",
    error: new AppError("NP_E_FAULT", `rule \`${id}\` failed`, { cause }),
  };
}
