import { Effort } from "../engine/effort.ts";
import type { Labels } from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { selectorMatches } from "../engine/selector.ts";
import { AppError } from "../errors.ts";
import type { RuleAction } from "../resources/profile.ts";
import { placedRules } from "./placed-rules.ts";
import type {
  CompiledProfile,
  CompiledProfiles,
  Finding,
  GovernedObject,
  JudgedKind,
  Operation,
  RuleContext,
  RuleEntry,
  RuleSituation,
  Validator,
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

/** A rule that denies nothing has so long, or the rules that deny would have no time left. */
const SLICE_MS = 500;

/** What a rule has to say that stopped before the end. */
const NOT_WHOLE: Finding = {
  path: "",
  message: "too large to check whole: there may be more to find than was looked at",
  help: "make several policies of it",
  unsure: true,
};

/**
 * Run the rules of `profile` that apply to the change. Each runs alone: one that throws is a fault,
 * and the others answer all the same. Actions are the profile's, before the namespace's mode softens
 * them (`soften`).
 *
 * A rule that asks the engine about one thing after another is a fault once its time is over. SECURITY: at the
 * deadline one that denies would be passed by who makes it, or one before it, slow; so that refuses.
 */
export function runRules(
  profile: CompiledProfile,
  profiles: CompiledProfiles,
  situation: RuleSituation,
): Judgement {
  const findings: JudgedFinding[] = [];
  const faults: RuleFault[] = [];
  const { clock, deadline } = situation;
  let until = deadline;
  const checkTime = (): void => {
    if (clock() > until) throw new AppError("NP_E_FAULT", "it took too long");
  };
  // PERF: one context for all, rules look at it only while they run.
  const context: Writable<BoundlessContext> = {
    ...situation,
    after: checkingTime(situation.after, checkTime),
    profiles,
    placedRules: placedRules(situation.object),
    parameters: undefined,
  };
  const subject = situation.object ?? situation.oldObject;
  if (subject === null) return { findings, faults };
  const kind = kindOf(subject);
  for (const { validator, entries } of profile.rules) {
    if (!applies(validator, kind, situation.operation)) continue;
    const entry = entryFor(entries, situation.namespaceLabels);
    if (entry === undefined || entry.action === "Disabled") continue;
    const { action } = entry;
    context.parameters = entry.parameters;
    const isPatient = action === "Deny" || deadline === Number.POSITIVE_INFINITY;
    until = isPatient ? deadline : Math.min(deadline, clock() + SLICE_MS);
    try {
      for (const finding of findingsOf(validator, context)) {
        findings.push(judge(validator.id, action, finding));
      }
    } catch (cause) {
      const onFault = clock() > deadline ? "deny" : validator.onFault;
      faults.push(faultOf({ ...validator, onFault }, action, cause));
    }
  }
  return { findings, faults };
}

/** What a rule finds, and whether it stopped before the end. */
function findingsOf(validator: Validator, context: BoundlessContext): readonly Finding[] {
  const efforts: Effort[] = [];
  const effortUpTo = (most: number): Effort => {
    const effort = new Effort(most);
    efforts.push(effort);
    return effort;
  };
  const found = validator.check(Object.assign(context, { effortUpTo }));
  return efforts.some(({ isUsedUp }) => isUsedUp) ? [...found, NOT_WHOLE] : found;
}

/** The same view, which calls `checkTime` before it answers. */
function checkingTime(view: EngineView, checkTime: () => void): EngineView {
  return new Proxy(view, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...given: readonly unknown[]): unknown => {
        checkTime();
        return Reflect.apply(member, target, given);
      };
    },
  });
}

type BoundlessContext = Omit<RuleContext<unknown>, "effortUpTo">;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

function kindOf(object: GovernedObject): JudgedKind {
  return object.kind === "policy" ? object.policy.kind : "Namespace";
}

function applies(
  { kinds, operations }: Validator,
  kind: JudgedKind,
  operation: Operation,
): boolean {
  return kinds.includes(kind) && operations.includes(operation);
}

/** What the profile does with the rule where the object is. What has no namespace matches no selector. */
function entryFor(entries: readonly RuleEntry[], labels: Labels | null): RuleEntry | undefined {
  for (const entry of entries) {
    const { match } = entry;
    if (match === null || (labels !== null && selectorMatches(match, labels))) return entry;
  }
  return undefined;
}

function judge(ruleId: string, action: RuleAction, finding: Finding): JudgedFinding {
  return { ruleId, action: finding.unsure === true ? atMost(action, "Warn") : action, finding };
}

/** A rule that may only warn must not refuse by failing. */
function faultOf({ id, onFault }: Validator, action: RuleAction, cause: unknown): RuleFault {
  return {
    ruleId: id,
    onFault: action === "Deny" ? onFault : "warn",
    error:
      cause instanceof AppError
        ? new AppError(cause.code, `rule \`${id}\` failed: ${cause.message}`, { cause })
        : new AppError("NP_E_FAULT", `rule \`${id}\` failed, a defect in Ringfence`, { cause }),
  };
}
