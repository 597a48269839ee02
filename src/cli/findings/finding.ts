import type { RuleAction } from "../../resources/profile.ts";
import type { Fix } from "../../rules/rule.ts";
import { compare } from "../compare.ts";
import type { Place } from "../sources/source-object.ts";

export type Severity = "error" | "warning" | "note";

/** One thing that is reported about one object. */
export interface ReportedFinding {
  /** The id of the rule, or of what the engine found. */
  readonly rule: string;
  readonly severity: Severity;
  /** `NetworkPolicy shop/web`. */
  readonly object: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  /** JSON path in the object, empty where no field is at fault. */
  readonly path: string;
  readonly message: string;
  readonly help: string;
  /** Null where the remedy needs thought. */
  readonly fix: Fix | null;
  /** Null in a cluster. */
  readonly place: Place | null;
}

/** From which severity on findings make a run fail. */
export type FailOn = Severity | "never";

const WEIGHTS: Readonly<Record<FailOn, number>> = { note: 1, warning: 2, error: 3, never: 4 };

/** What a profile does about a finding, as people in front of a screen name it. */
export const SEVERITIES: Readonly<Record<RuleAction, Severity>> = {
  Deny: "error",
  Warn: "warning",
  Audit: "note",
};

/** Report whether the finding is at least as severe as `limit`. */
export function counts({ severity }: ReportedFinding, limit: FailOn): boolean {
  return WEIGHTS[severity] >= WEIGHTS[limit];
}

/** Each finding once: what is wrong with a namespace may be met with every policy of it. */
export function distinct(findings: readonly ReportedFinding[]): readonly ReportedFinding[] {
  const byContent = new Map(
    findings.map((finding) => [
      JSON.stringify([finding.object, finding.rule, finding.path, finding.message]),
      finding,
    ]),
  );
  return [...byContent.values()];
}

/** The worst first, then as they are written. */
export function inOrder(findings: readonly ReportedFinding[]): readonly ReportedFinding[] {
  return findings.toSorted(
    (a, b) =>
      WEIGHTS[b.severity] - WEIGHTS[a.severity] ||
      compare(a.place?.file ?? "", b.place?.file ?? "") ||
      compare(a.object, b.object) ||
      (a.place?.line ?? 0) - (b.place?.line ?? 0),
  );
}

/** A finding as data. */
export function findingData({ place, fix, namespace: _, ...finding }: ReportedFinding): object {
  return { ...finding, ...(fix === null ? {} : { fix }), ...place };
}
