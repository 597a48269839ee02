import type { Answer } from "./ask.ts";

/** What is wrong with an answer, measured by what the example's file expects; empty where nothing is. */
export function complaints({ situation: { change }, response }: Answer): readonly string[] {
  const { outcome, rules } = change.expect;
  const { allowed, warnings, auditAnnotations, status } = response;
  const named = (auditAnnotations["rules"] ?? "").split(",");
  const text = [...warnings, status?.message ?? ""].join("\n");
  const checks: readonly (readonly [boolean, string])[] = [
    [allowed === (outcome !== "denied"), `expected it to be ${outcome}`],
    [outcome !== "warned" || warnings.length > 0, "expected a warning"],
    ...rules.map((rule) => [named.includes(rule), `expected rule ${rule}`] as const),
    [text.includes(change.says), `expected it to say: ${change.says}`],
  ];
  return checks.filter(([holds]) => !holds).map(([, complaint]) => complaint);
}
