import type { Effort } from "../engine/effort.ts";
import type { Change } from "../engine/model.ts";
import type { ClaimPreview, Delta, Engine, FlowList, TooMuch } from "../engine/query.ts";
import type { Invariant } from "../resources/invariant.ts";
import type { HeldInvariants } from "../rules/held-invariants.ts";
import { invariantId } from "../rules/names.ts";
import { capped, objectName } from "../rules/phrases.ts";
import { renderFlowList, renderPodCount } from "../rules/render-delta.ts";
import type { JudgedFinding } from "../rules/run-rules.ts";
import { atMost } from "../rules/severity.ts";

/** PERF: a message names two groups of flows; the rest is counted. */
const NAMED_GROUPS = 2;

/** PERF: more possible changes than this are only considered all together. */
const MAX_SINGLE = 8;

/** How many possible changes a message names. */
const MAX_NAMED = 2;

interface InvariantContext {
  /** What the change opens and closes; not known where only policies of a Baseline are written. */
  readonly delta?: Delta;
  /** What to do about flows that are closed. */
  readonly help?: string;
  /** PERF: ids of Invariants that are found to be made worse already. */
  readonly known?: ReadonlyMap<string, unknown>;
}

/**
 * The invariants that a previewed change makes worse. Breaches from before do not count, or nothing could be
 * changed until they are mended.
 */
export function judgeInvariants(
  invariants: HeldInvariants,
  claims: ClaimPreview,
  context: InvariantContext = {},
): readonly JudgedFinding[] {
  if (invariants.size === 0) return [];
  return claims.concerned().flatMap((claim) => {
    const invariant = invariants.of(claim);
    if (invariant === undefined || context.known?.has(invariantId(invariant.name)) === true) {
      return [];
    }
    const { appeared, unsure } = claims.breaches(claim, NAMED_GROUPS);
    return judge(invariant, { appeared, unsure }, context);
  });
}

/**
 * The same with `possible` changes, which were admitted a moment ago and not seen yet: two quick changes, each
 * harmless, must not break an invariant together. They are considered all together and each by itself; `found`
 * is what the change breaks anyway.
 */
export function judgeWithPossible(
  possible: readonly Change[],
  found: readonly JudgedFinding[],
  {
    engine,
    invariants,
    changes,
    effort,
  }: {
    readonly engine: Engine;
    readonly invariants: HeldInvariants;
    readonly changes: readonly Change[];
    /** For all previews together. */
    readonly effort: Effort;
  },
): readonly JudgedFinding[] | TooMuch {
  if (invariants.size === 0 || possible.length === 0) return [];
  const singles = possible.length > 1 && possible.length <= MAX_SINGLE;
  const sets = [...(singles ? possible.map((change) => [change]) : []), possible];
  const known = new Map(found.map((finding) => [finding.ruleId, finding]));
  for (const set of sets) {
    const judged = engine.assume(set, () =>
      engine.previewWithin(effort, changes, (_, delta, claims) =>
        judgeInvariants(invariants, claims, { delta, known }),
      ),
    );
    if (typeof judged === "string") return judged;
    for (const finding of judged) known.set(finding.ruleId, together(finding, set));
  }
  return [...known.values()].filter((finding) => !found.includes(finding));
}

function judge(
  invariant: Invariant,
  { appeared, unsure }: { readonly appeared: FlowList; readonly unsure: FlowList },
  { delta, help = "" }: InvariantContext,
): readonly JudgedFinding[] {
  const { name, description, action, onUnknown, claim } = invariant;
  const isOpen = claim.sense === "open";
  const finding = (of: JudgedFinding["action"], message: string): JudgedFinding => ({
    ruleId: invariantId(name),
    action: of,
    finding: { path: "", message, why: description, help: isOpen ? help : "" },
  });
  if (appeared.groups.length > 0) {
    // A change of labels can bring flows under the invariant that are as they were.
    const isAsBefore = delta !== undefined && delta[isOpen ? "closed" : "opened"].length === 0;
    return [finding(action, (isAsBefore ? renderCovered : renderChanged)(appeared, isOpen))];
  }
  if (unsure.groups.length === 0) return [];
  const verb = isOpen ? "may close" : "may open";
  const message = `${verb} ${renderFlowList(unsure)}: it cannot be told (${renderPodCount(unsure)})`;
  return [finding(atMost(onUnknown, action), message)];
}

function renderCovered(flows: FlowList, isOpen: boolean): string {
  const state = isOpen ? "closed" : "open";
  return `puts under it ${renderFlowList(flows)}, ${state} already (${renderPodCount(flows)})`;
}

function renderChanged(flows: FlowList, isOpen: boolean): string {
  // Pods are counted where the flows come from, if any are there.
  const ability = flows.from > 0 ? "reach it" : "be reached";
  const before = isOpen ? `could ${ability} before` : `could not ${ability} before`;
  const verb = isOpen ? "closes" : "opens";
  return `${verb} ${renderFlowList(flows)} (${renderPodCount(flows)} ${before})`;
}

function together(judged: JudgedFinding, set: readonly Change[]): JudgedFinding {
  const { finding } = judged;
  const others = capped(set.map(renderChange), MAX_NAMED);
  return {
    ...judged,
    finding: {
      ...finding,
      message: `${finding.message}, together with ${others}, admitted a moment ago`,
      help: "if that was refused elsewhere, try again in a few seconds",
    },
  };
}

/** `NetworkPolicy shop/web`, `Namespace shop`. */
function renderChange(change: Change): string {
  if (change.op === "delete") return `the deletion of ${change.key.replace(/\/+/, " ")}`;
  if (change.kind === "namespace") return `Namespace ${change.object.name}`;
  if (change.kind !== "policy") return `${change.kind} ${change.object.name}`;
  return objectName(change.object);
}
