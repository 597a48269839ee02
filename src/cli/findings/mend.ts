import { policyKey } from "../../engine/model.ts";
import { applyPatch, type PatchOperation } from "../../rules/json-patch.ts";
import { POLICY_READERS } from "../../wire/policy.ts";
import type { SourcePolicy, World } from "../sources/world.ts";
import { checkPolicies } from "./check-world.ts";
import type { ReportedFinding } from "./finding.ts";
import type { Governance } from "./governance.ts";

/** A policy after mending. */
export interface MendedPolicy {
  /** As it is now; its origin is where it was read. */
  readonly source: SourcePolicy;
  readonly patch: readonly PatchOperation[];
  /** What was mended, in order; mostly nothing. */
  readonly findings: readonly ReportedFinding[];
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
): readonly MendedPolicy[] {
  return policies.map((policy) => {
    const result = mendPolicy(policy, (candidate) => checkPolicies([candidate], world, governance));
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
    // The smallest first: it may make a larger one unnecessary, as a label does a rule for the DNS.
    const [next] = left
      .flatMap((finding) => (finding.fix === null ? [] : [{ finding, patch: finding.fix.patch }]))
      .filter(({ patch }) => !tried.has(JSON.stringify(patch)))
      .toSorted((a, b) => JSON.stringify(a.patch).length - JSON.stringify(b.patch).length);
    if (next === undefined) break;
    tried.add(JSON.stringify(next.patch));
    const candidate = withPatch(source, next.patch);
    const found = candidate === null ? null : check(candidate);
    if (candidate === null || found === null || errorsIn(found) > errorsIn(left)) continue;
    source = candidate;
    left = found;
    findings.push(next.finding);
  }
  return { source, patch: findings.flatMap(({ fix }) => fix?.patch ?? []), findings };
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
