import { failure, type Problem, type Result, success } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import type { CustomRule, Profile } from "../resources/profile.ts";
import { problemWithin, resourceProblem } from "../resources/resource-problem.ts";
import { parseShape } from "../wire/shape.ts";
import type { Registry } from "./registry.ts";
import type { CompiledProfile, CompiledRule, RuleEntry, Validator } from "./rule.ts";

/** Turns a rule in CEL into a rule like any other; problems carry the path of the field in the rule. */
export type CustomRuleCompiler = (rule: CustomRule) => Result<Validator, readonly Problem[]>;

/** What a profile is compiled with. */
export interface ProfileSources {
  readonly registry: Registry;
  readonly compileCustomRule: CustomRuleCompiler;
  /** The profile it extends, as it is in force; null: it extends none. */
  readonly parent: CompiledProfile | null;
  /** Name of the Baseline that it names, or else inherits. */
  readonly baseline: string;
}

/**
 * The profile with its rules and, after its own, those of the profile it extends, all with their parameters
 * read. A rule that does not exist, wrong parameters, and an entry that can never count are problems.
 */
export function compileProfile(
  profile: Profile,
  { registry, parent, baseline, compileCustomRule }: ProfileSources,
): Result<CompiledProfile, readonly Problem[]> {
  const own = readEntries(profile, registry);
  const custom = readCustomRules(profile, registry, compileCustomRule);
  if (!own.ok || !custom.ok) {
    return failure([...(own.ok ? [] : own.error), ...(custom.ok ? [] : custom.error)]);
  }
  return success({
    name: profile.name,
    baseline,
    ...settingsOf(profile, parent),
    rules: inherit(new Map([...own.value, ...custom.value]), parent?.rules ?? [], registry),
  });
}

/** The settings of a profile beside its rules; those that it leaves out are inherited. */
function settingsOf(
  own: Profile,
  parent: CompiledProfile | null,
): Pick<CompiledProfile, "announceChanges" | "maxExemptionDays"> {
  return {
    announceChanges: own.announceChanges ?? parent?.announceChanges ?? true,
    maxExemptionDays: own.maxExemptionDays ?? parent?.maxExemptionDays ?? null,
  };
}

/** The profile's own entries by rule, in order. */
function readEntries(
  { rules }: Profile,
  registry: Registry,
): Result<ReadonlyMap<Validator, readonly RuleEntry[]>, readonly Problem[]> {
  const problems: Problem[] = [];
  const own = new Map<Validator, RuleEntry[]>();
  for (const [index, { id, action, parameters, match }] of rules.entries()) {
    const at = `spec.rules[${index}]`;
    const validator = registry.get(id);
    if (validator === undefined) {
      problems.push(resourceProblem(`${at}.id`, noRule(id, registry)));
      continue;
    }
    const entries = own.get(validator) ?? [];
    own.set(validator, entries);
    if (entries.some((entry) => entry.match === null)) {
      problems.push(
        resourceProblem(`${at}.id`, `\`${id}\` stands above already, for all namespaces`),
      );
      continue;
    }
    const read = parseShape(validator.parameters, parameters);
    if (read.ok) entries.push({ action, parameters: read.value, match });
    else problems.push(...read.error.map((one) => problemWithin(`${at}.parameters`, one)));
  }
  return problems.length > 0 ? failure(problems) : success(own);
}

/** The profile's rules in CEL. */
function readCustomRules(
  { customRules }: Profile,
  registry: Registry,
  compileCustomRule: CustomRuleCompiler,
): Result<ReadonlyMap<Validator, readonly RuleEntry[]>, readonly Problem[]> {
  const problems: Problem[] = [];
  const rules = new Map<Validator, readonly RuleEntry[]>();
  for (const [index, rule] of customRules.entries()) {
    const { id, action, params, match } = rule;
    const at = `spec.customRules[${index}]`;
    if (registry.get(id) !== undefined) {
      problems.push(resourceProblem(`${at}.id`, `\`${id}\` is a rule already; choose another id`));
    } else if (customRules.findIndex((other) => other.id === id) < index) {
      problems.push(resourceProblem(`${at}.id`, `a second rule \`${id}\``));
    }
    const compiled = compileCustomRule(rule);
    if (compiled.ok) rules.set(compiled.value, [{ action, parameters: params, match }]);
    else problems.push(...compiled.error.map((one) => problemWithin(at, one)));
  }
  return problems.length > 0 ? failure(problems) : success(rules);
}

/** The profile's own entries before those it inherits: the first that matches counts. */
function inherit(
  own: ReadonlyMap<Validator, readonly RuleEntry[]>,
  inherited: readonly CompiledRule[],
  registry: Registry,
): readonly CompiledRule[] {
  const rules = new Map<Validator, CompiledRule>();
  for (const rule of inherited) rules.set(rule.validator, rule);
  for (const [validator, entries] of own) {
    const isWhole = entries.some(({ match }) => match === null);
    const rest = isWhole ? [] : (rules.get(validator)?.entries ?? []);
    rules.set(validator, { validator, entries: [...entries, ...rest] });
  }
  const place = new Map(registry.validators.map((validator, index) => [validator, index]));
  // Custom rules come last, as they are written.
  const placeOf = ({ validator }: CompiledRule): number => place.get(validator) ?? place.size;
  return [...rules.values()].toSorted((a, b) => placeOf(a) - placeOf(b));
}

/** The message that there is no such rule, with the one that may be meant. */
export function noRule(id: string, { validators }: Registry): string {
  const ids = validators.map((validator) => validator.id);
  return `\`${id}\` is no rule${didYouMean(id, ids)}`;
}
