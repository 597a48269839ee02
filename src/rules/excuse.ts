import type { Labels } from "../engine/model.ts";
import { selectorMatches } from "../engine/selector.ts";
import type { Exemption } from "../resources/exemption.ts";
import { invariantId } from "./names.ts";
import type { JudgedFinding } from "./run-rules.ts";

/** What findings are of, as far as Exemptions look at it. */
export interface ExcusedObject {
  /** Empty for what is cluster-scoped. */
  readonly namespace: string;
  readonly namespaceLabels: Labels | null;
  readonly labels: Labels;
}

/** Findings that an Exemption speaks of. */
export interface Excuse {
  readonly by: Exemption;
  readonly findings: readonly JudgedFinding[];
}

export interface Excused {
  /** Those that count, in their order. */
  readonly left: readonly JudgedFinding[];
  readonly excuses: readonly Excuse[];
  /** Those that have run out: their findings are among `left`. */
  readonly expired: readonly Excuse[];
}

/** Take out what `exemptions` excuse at the time `nowMs` (milliseconds since 1970). */
export function excuse(
  findings: readonly JudgedFinding[],
  object: ExcusedObject,
  exemptions: readonly Exemption[],
  nowMs: number,
): Excused {
  const speaking = exemptions.filter((exemption) => isFor(exemption, object));
  if (findings.length === 0 || speaking.length === 0) {
    return { left: findings, excuses: [], expired: [] };
  }
  const valid = speaking.filter(({ expiresMs }) => expiresMs > nowMs);
  const left = findings.filter((finding) => !valid.some((one) => names(one, finding)));
  const over = speaking.filter(({ expiresMs }) => expiresMs <= nowMs);
  return { left, excuses: group(valid, findings), expired: group(over, left) };
}

function isFor(exemption: Exemption, object: ExcusedObject): boolean {
  const { namespaceSelector, policySelector } = exemption;
  const { namespace, namespaceLabels, labels } = object;
  if (!selectorMatches(policySelector, labels)) return false;
  if (namespaceSelector === null) {
    // Ringfence's own namespace is never governed: there it can only be for what has no namespace.
    return namespace === exemption.namespace || namespace === "";
  }
  return namespaceLabels !== null && selectorMatches(namespaceSelector, namespaceLabels);
}

function names({ rules, invariants }: Exemption, { ruleId }: JudgedFinding): boolean {
  return rules.includes(ruleId) || invariants.some((name) => invariantId(name) === ruleId);
}

/** Each finding with the first exemption that names it. */
function group(
  exemptions: readonly Exemption[],
  findings: readonly JudgedFinding[],
): readonly Excuse[] {
  const named = Map.groupBy(findings, (finding) =>
    exemptions.find((exemption) => names(exemption, finding)),
  );
  return Array.from(named).flatMap(([by, of]) => (by === undefined ? [] : [{ by, findings: of }]));
}
