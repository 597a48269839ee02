import type { Labels } from "../engine/model.ts";
import { selectorMatches } from "../engine/selector.ts";
import { beginningOfExemption, type Exemption, endOfExemption } from "../resources/exemption.ts";
import { invariantId } from "./names.ts";
import type { JudgedFinding } from "./run-rules.ts";

/** The object that findings are about, as far as Exemptions look at it. */
export interface ExcusedObject {
  /** Ringfence's own for what is cluster-scoped: nothing else there is governed. */
  readonly namespace: string;
  readonly namespaceLabels: Labels | null;
  readonly labels: Labels;
}

/** Findings that an Exemption names. */
export interface Excuse {
  readonly by: Exemption;
  /** When it ends, in milliseconds since 1970: as it says, or sooner where the profile sets a limit. */
  readonly endMs: number;
  readonly findings: readonly JudgedFinding[];
}

export interface Excused {
  /** Those that count, in their order. */
  readonly left: readonly JudgedFinding[];
  readonly excuses: readonly Excuse[];
  /** Those that have run out: their findings are among `left`. */
  readonly expired: readonly Excuse[];
  /** Those from files that last longer than the profile allows: their findings are among `left` too. */
  readonly tooLong: readonly Excuse[];
}

/** What decides whether an exemption still counts. */
export interface ExcuseTime {
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Of the profile: see `endOfExemption`. */
  readonly maxDays: number | null;
}

/** Take out what `exemptions` excuse at that time. */
export function excuse(
  findings: readonly JudgedFinding[],
  object: ExcusedObject,
  exemptions: readonly Exemption[],
  { nowMs, maxDays }: ExcuseTime,
): Excused {
  const speaking = exemptions
    .filter((exemption) => isFor(exemption, object))
    .map((by) => ({ by, endMs: endOfExemption(by, maxDays) }));
  if (findings.length === 0 || speaking.length === 0) {
    return { left: findings, excuses: [], expired: [], tooLong: [] };
  }
  const over = speaking.filter(({ endMs }) => endMs <= nowMs);
  const early = speaking.filter(({ by }) => beginningOfExemption(by, maxDays) > nowMs);
  const valid = speaking.filter((one) => !over.includes(one) && !early.includes(one));
  const left = findings.filter((finding) => !valid.some(({ by }) => names(by, finding)));
  return {
    left,
    excuses: group(valid, findings),
    expired: group(over, left),
    tooLong: group(early, left),
  };
}

function isFor(exemption: Exemption, object: ExcusedObject): boolean {
  const { namespaceSelector, policySelector } = exemption;
  const { namespace, namespaceLabels, labels } = object;
  if (!selectorMatches(policySelector, labels)) return false;
  // SECURITY: one namespace's exemption is for no other, and for no policy of the whole cluster.
  if (namespaceSelector === null) return namespace === exemption.namespace;
  return namespaceLabels !== null && selectorMatches(namespaceSelector, namespaceLabels);
}

function names({ rules, invariants }: Exemption, { ruleId }: JudgedFinding): boolean {
  return rules.includes(ruleId) || invariants.some((name) => invariantId(name) === ruleId);
}

/** Each finding with the first exemption that names it. */
function group(
  speaking: readonly Omit<Excuse, "findings">[],
  findings: readonly JudgedFinding[],
): readonly Excuse[] {
  const named = Map.groupBy(findings, (finding) => speaking.find(({ by }) => names(by, finding)));
  return Array.from(named).flatMap(([one, of]) =>
    one === undefined ? [] : [{ ...one, findings: of }],
  );
}
