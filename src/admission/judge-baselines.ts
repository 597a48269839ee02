import { setImmediate } from "node:timers/promises";
import { countParts } from "../engine/count-parts.ts";
import { Effort } from "../engine/effort.ts";
import type { Change } from "../engine/model.ts";
import { type BaselineFacts, type ClusterValues } from "../resources/baseline-variables.ts";
import { renderBaseline } from "../resources/render-baseline.ts";
import type { JudgedFinding } from "../rules/run-rules.ts";
import { sameJson, textAt } from "../wire/shape.ts";
import { changesTowards } from "./baseline-changes.ts";
import type { ChosenBaseline } from "./chosen-baselines.ts";
import { judgeInvariants } from "./judge-invariants.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * PERF: so many namespaces are judged together, and nobody else is answered meanwhile. Breaches by flows
 * between two such lots are not found.
 */
const NAMESPACES_AT_ONCE = 200;
/** PERF: fewer, once their policies have so many parts (`countParts`): all that a Baseline may say, in 200 namespaces, takes seconds. */
const PARTS_AT_ONCE = 30_000;
/** PERF: the time for all lots together. */
const BUDGET_MS = 1_000;
/** PERF: one Invariant alone may take longer than all of them should (`Engine.previewWithin`). */
const MAX_EFFORT = 1_000_000;

interface JudgedBaselines {
  /** The invariants that are made worse, each once. */
  readonly findings: readonly JudgedFinding[];
  /** Whether there was time for all of them. */
  readonly isWhole: boolean;
}

/**
 * The invariants that Ringfence will make worse by writing the Baselines that namespaces have from now on. Its
 * own writes are let through, so nobody would judge them later (docs/adr/0018).
 */
export async function judgeBaselines(
  chosen: readonly ChosenBaseline[],
  deadline: number,
  around: Surroundings,
): Promise<JudgedBaselines> {
  const { invariants, clock } = around;
  if (invariants.size === 0) return { findings: [], isWhole: true };
  const until = Math.min(clock() + BUDGET_MS, deadline);
  const values = around.clusterValues();
  const found = new Map<string, JudgedFinding>();
  const effort = new Effort(MAX_EFFORT);
  for (const changes of lotsOf(chosen, (one) => changesOf(one, values, around))) {
    const isWhole = judge(changes, { until, effort, found }, around);
    // oxlint-disable-next-line no-await-in-loop -- requests are answered meanwhile
    await setImmediate();
    if (!isWhole || clock() > until) return { findings: [...found.values()], isWhole: false };
  }
  return { findings: [...found.values()], isWhole: true };
}

/** The changes of so many that are judged together. */
function* lotsOf(
  chosen: readonly ChosenBaseline[],
  changesIn: (one: ChosenBaseline) => readonly Change[],
): Iterable<readonly Change[]> {
  let changes: Change[] = [];
  let namespaces = 0;
  let parts = 0;
  for (const one of chosen) {
    const next = changesIn(one);
    changes.push(...next);
    namespaces += 1;
    for (const change of next) {
      if (change.kind === "policy" && change.op === "upsert") parts += countParts(change.object);
    }
    if (namespaces < NAMESPACES_AT_ONCE && parts < PARTS_AT_ONCE) continue;
    yield changes;
    [changes, namespaces, parts] = [[], 0, 0];
  }
  yield changes;
}

interface Progress {
  readonly until: number;
  readonly effort: Effort;
  /** By the Invariant. */
  readonly found: Map<string, JudgedFinding>;
}

/** The same of changes that are all made at once. Report whether there was effort enough for all of them. */
function judge(
  changes: readonly Change[],
  { until, effort, found }: Progress,
  { ruleBook, invariants, cluster: { engine }, clock }: Surroundings,
): boolean {
  ruleBook.settle();
  if (changes.length === 0) return true;
  const judged = engine.previewClaims(effort, changes, (claims) => {
    const breaches: typeof claims.breaches = (one, limit) => claims.breaches(one, limit);
    for (const claim of claims.concerned()) {
      if (clock() > until) return;
      for (const finding of judgeInvariants(invariants, { concerned: () => [claim], breaches })) {
        if (!found.has(finding.ruleId)) found.set(finding.ruleId, finding);
      }
    }
  });
  return judged === undefined;
}

/** What will be written in a namespace and is not there yet. */
function changesOf(
  { namespace: { name, labels }, baseline, before }: ChosenBaseline,
  values: ClusterValues,
  around: Surroundings,
): readonly Change[] {
  const annotations = around.baselines.annotationsOf(name);
  const facts: BaselineFacts = { ...values, namespace: name, labels, annotations };
  const next = renderBaseline(baseline, facts);
  if (!next.ok) return [];
  const last = before === null ? null : renderBaseline(before, facts);
  const kept = last?.ok === true ? last.value : [];
  const unchanged = new Set(
    next.value
      .filter((one) => kept.some((other) => sameJson(one, other)))
      .map((one) => textAt(one, "metadata", "name")),
  );
  return changesTowards(next.value, name, around).filter(
    (change) =>
      change.kind !== "policy" || change.op === "delete" || !unchanged.has(change.object.name),
  );
}
