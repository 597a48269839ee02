import { policyKey } from "../../engine/model.ts";
import { applyPatch, type PatchOperation } from "../../rules/json-patch.ts";
import { redundant } from "../../validators/redundant.ts";
import { POLICY_READERS } from "../../wire/policy-readers.ts";
import { eachWithProgress, QUIET, type Report } from "../report.ts";
import type { SourcePolicy, World } from "../sources/world.ts";
import type { ReportedFinding } from "./finding.ts";
import type { Governance } from "./governance.ts";
import { checkPolicies } from "./judge-changes.ts";

/** A policy after mending. */
export interface MendedPolicy {
  /** As it is now; its origin is where it was read. */
  readonly source: SourcePolicy;
  readonly patch: readonly PatchOperation[];
  /** What was mended, in order; mostly nothing. */
  readonly findings: readonly ReportedFinding[];
}

interface Attempt {
  readonly finding: ReportedFinding;
  readonly patch: readonly PatchOperation[];
}

/** More than a policy has findings; a guard against fixes that call for each other. */
const MAX_FIXES = 200;

/**
 * Carry out the fixes of the rules' findings, one after the other, since each is made for the policy as it
 * then is. A fix that would bring a new error is left out. All of `policies` are in the answer, and the engine
 * of `world` knows them as they then are.
 */
export function mend(
  policies: readonly SourcePolicy[],
  world: World,
  governance: Governance,
  report: Pick<Report, "progress">,
): readonly MendedPolicy[] {
  return eachWithProgress(policies, report, "mending policy", (policy) => {
    const result = mendPolicy(policy, (candidate) =>
      checkPolicies([candidate], world, governance, QUIET),
    );
    world.engine.apply({ kind: "policy", op: "upsert", object: result.source.policy });
    return result;
  });
}

function mendPolicy(
  original: SourcePolicy,
  check: (candidate: SourcePolicy) => readonly ReportedFinding[],
): MendedPolicy {
  let source = original;
  let left = check(source);
  const findings: ReportedFinding[] = [];
  const tried = new Set<string>();
  while (tried.size < MAX_FIXES) {
    // The same patch means something else once another has moved the rules of a list.
    const attempt = (patch: readonly PatchOperation[]): string =>
      JSON.stringify([patch, source.manifest]);
    const [next] = left
      .flatMap((finding) => (finding.fix === null ? [] : [{ finding, patch: finding.fix.patch }]))
      .filter(({ patch }) => !tried.has(attempt(patch)))
      .toSorted((a, b) => turnOf(a) - turnOf(b));
    if (next === undefined) break;
    tried.add(attempt(next.patch));
    const candidate = withPatch(source, next.patch);
    const found = candidate === null ? null : check(candidate);
    if (candidate === null || found === null || errorsIn(found) > errorsIn(left)) continue;
    source = candidate;
    left = found;
    findings.push(next.finding);
  }
  return { source, patch: findings.flatMap(({ fix }) => fix?.patch ?? []), findings };
}

/**
 * The smallest first: it may make a larger one unnecessary, as a label does a rule for the DNS. What is redundant
 * goes last: another fix may narrow the rule that makes it so.
 */
function turnOf({ finding, patch }: Attempt): number {
  return finding.rule === redundant.id ? Infinity : JSON.stringify(patch).length;
}

function errorsIn(findings: readonly ReportedFinding[]): number {
  return findings.filter(({ severity }) => severity === "error").length;
}

/** Null where the result is no policy any more, or another one. */
function withPatch(source: SourcePolicy, patch: readonly PatchOperation[]): SourcePolicy | null {
  const { kind, namespace } = source.policy;
  const read = POLICY_READERS[kind].parse(applyPatch(source.manifest, patch), namespace);
  if (!read.ok || policyKey(read.value.policy) !== policyKey(source.policy)) return null;
  return { ...source, ...read.value };
}
