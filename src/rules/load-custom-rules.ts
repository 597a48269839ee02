import { failure } from "../errors.ts";
import type { Resource } from "../resources/resource.ts";
import type { CustomRuleCompiler } from "./compile-profile.ts";

/** PERF: what custom rules need takes 130 ms to import, which nothing without one should pay. */
export async function loadCustomRules(): Promise<CustomRuleCompiler> {
  const { createCustomRuleCompiler } = await import("./custom-rule.ts");
  return createCustomRuleCompiler();
}

/** The same for whoever knows all resources beforehand: loaded only where one of them needs it. */
export async function customRulesFor(resources: readonly Resource[]): Promise<CustomRuleCompiler> {
  const isNeeded = resources.some(
    (resource) => resource.kind === "Profile" && resource.customRules.length > 0,
  );
  return isNeeded ? loadCustomRules() : () => failure([]);
}
