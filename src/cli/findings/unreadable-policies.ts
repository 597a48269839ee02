import type { Problem } from "../../errors.ts";
import { POLICY_READERS } from "../../wire/policy-readers.ts";
import type { SourcePolicy } from "../sources/world.ts";
import type { ReportedFinding } from "./finding.ts";
import { judgedPolicy, report } from "./judged-object.ts";

/** Those of the policies that cannot be read: what a network makes of them nobody can tell, so no rule was asked. */
export function unreadablePolicies(sources: readonly SourcePolicy[]): readonly ReportedFinding[] {
  return sources.flatMap((source) =>
    problemsOf(source).map(({ path, message }) =>
      report(judgedPolicy(source), {
        rule: "unreadable-policy",
        severity: "error",
        path,
        message: `${message}; so no rule was asked about the policy, which is taken to allow nothing`,
        help: "mend the field, or update the plugin where it is newer",
      }),
    ),
  );
}

/** Why a policy cannot be read; empty where it can. */
export function problemsOf({ policy, manifest }: SourcePolicy): readonly Problem[] {
  if (policy.readable) return [];
  const read = POLICY_READERS[policy.kind].parse(manifest);
  return read.ok ? [] : read.error;
}
