import type { Profile } from "../config/profile.ts";
import { failure, type Problem, type Result, success } from "../errors.ts";
import { parseShape } from "../wire/shape.ts";
import type { Registry } from "./registry.ts";
import type { CompiledProfile, CompiledRule } from "./rule.ts";

/**
 * The profile with its rules at hand and their parameters read. Every rule that does not exist, is
 * named twice or has parameters that are not its own is a problem.
 */
export function compileProfile(
  profile: Profile,
  registry: Registry,
): Result<CompiledProfile, readonly Problem[]> {
  const problems: Problem[] = [];
  const rules = new Map<string, CompiledRule>();
  for (const [index, { id, action, parameters }] of profile.rules.entries()) {
    const at = `spec.rules[${index}]`;
    const validator = registry.get(id);
    if (validator === undefined || rules.has(id)) {
      const message = validator === undefined ? "is no rule" : "stands in the profile twice";
      problems.push({ code: "NP_E_PROFILE", path: `${at}.id`, message: `\`${id}\` ${message}` });
      continue;
    }
    const read = parseShape(validator.parameters, parameters ?? {});
    if (read.ok) rules.set(id, { validator, action, parameters: read.value });
    else problems.push(...read.error.map((problem) => below(`${at}.parameters`, problem)));
  }
  if (problems.length > 0) return failure(problems);
  return success({
    profile,
    rules: registry.validators.flatMap(({ id }) => rules.get(id) ?? []),
  });
}

function below(parent: string, { path, message }: Problem): Problem {
  const joined = path === "" || path.startsWith("[") ? `${parent}${path}` : `${parent}.${path}`;
  return { code: "NP_E_PROFILE", path: joined, message };
}
