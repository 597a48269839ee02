import { setTimeout as sleep } from "node:timers/promises";
import { Effort } from "../engine/effort.ts";
import { type Change, type Policy, policyKey } from "../engine/model.ts";
import type { Delta, Engine, TooMuch } from "../engine/query.ts";
import type { Mode, RuleAction } from "../resources/profile.ts";
import { type Excuse, excuse } from "../rules/excuse.ts";
import type { CompiledProfile } from "../rules/rule.ts";
import { FILES, type RuleBook } from "../rules/rule-book.ts";
import { type JudgedFinding, runRules } from "../rules/run-rules.ts";
import { soften } from "../rules/severity.ts";
import { baselineChanges, replacedByBaseline } from "./baseline-changes.ts";
import { type ExemptionUse, type Judged, type Notice, refusingFaults } from "./decision.ts";
import { modeLeftBy } from "./govern.ts";
import { judgeInvariants, judgeWithPossible } from "./judge-invariants.ts";
import type { GovernedRequest } from "./review.ts";
import type { Subject } from "./subject.ts";
import type { Surroundings } from "./surroundings.ts";

/** What to do about a flow that must stay open, and that the baseline of the namespace would close. */
const BASELINE_HELP =
  "Ringfence will write the baseline's policies there; allow by one of your own first what must stay open";

/**
 * SECURITY: a dozen policies tell thousands of pods apart, and what a policy of hundreds of rules opens is told of each: that
 * took minutes, in which nobody else was answered (`test/admission/takes-long.test.ts`). So much takes a second or two, to hold
 * it against the Invariants included, with all that is possible beside it.
 */
const MAX_EFFORT = 2_000_000;

/** A request that is to be judged: what it changes, and by which profile. */
export interface Case {
  readonly request: GovernedRequest;
  readonly subject: Subject;
  readonly active: CompiledProfile;
  readonly mode: Mode;
  /** On the clock of the surroundings. */
  readonly deadline: number;
}

/** The outcome of a case, and what it means for other requests. */
export interface Judgement {
  readonly outcome: Judged | "past-deadline" | TooMuch;
  /** The changes that are now pending because of it; none if it is refused or a dry run. */
  readonly admitted: readonly Change[];
  /** Takes them back: they are not admitted after all. */
  readonly takeBack: () => void;
  /** Whether it touches flows that an invariant is about. */
  readonly concernsInvariants: boolean;
}

/**
 * Hold the cluster as it would be with the change against the rules of the profile. Asynchronous
 * only where a finding can be waived by a right that only the API server knows of.
 */
export async function judge(
  { request, subject, active, mode, deadline }: Case,
  around: Surroundings,
): Promise<Judgement> {
  const { engine, facts } = around.cluster;
  const { ruleBook } = around;
  ruleBook.settle();
  const { invariants, pending } = around;
  const ofBaseline = baselineChanges(request, around);
  const changes = [...subject.changes, ...ofBaseline];
  const possible = invariants.size === 0 ? [] : pending.beside(changes);
  const joins = ofBaseline.length > 0 && modeLeftBy(request) !== "enforce";
  const effort = effortFor(request);
  const own = joins ? ownDelta({ request, subject }, engine) : null;
  if (typeof own === "string") return refusedFor(own);
  const previewed = engine.previewWithin(effort, changes, (after, changed, claims) => ({
    delta: changed,
    concernsInvariants: claims.concerned().length > 0,
    broken: judgeInvariants(invariants, claims, {
      delta: changed,
      help: ofBaseline.length > 0 ? BASELINE_HELP : "",
    }),
    judgement: runRules(active, ruleBook.profiles, {
      operation: request.operation,
      object: subject.object,
      oldObject: subject.oldObject,
      namespaceLabels: subject.namespaceLabels,
      request,
      clock: around.clock,
      deadline,
      delta: changed,
      ownDelta: own ?? changed,
      after,
      facts,
    }),
  }));
  if (typeof previewed === "string") return refusedFor(previewed);
  const { delta, broken, judgement, concernsInvariants } = previewed;
  const together = judgeWithPossible(possible, broken, { engine, invariants, changes, effort });
  if (typeof together === "string") return refusedFor(together);
  const excused = excuse(
    [...judgement.findings, ...broken, ...together],
    { ...subject, namespace: request.namespace || facts.ownNamespace },
    ruleBook.exemptions(),
    { nowMs: around.now(), maxDays: active.maxExemptionDays },
  );
  const judged: Judged = {
    kind: "judged",
    profile: active,
    mode,
    delta,
    ...weigh(excused.left, mode, modeLeftBy(request) ?? mode),
    faults: judgement.faults,
    notices: [
      ...noticesOf(subject, request, engine.policiesOf(request.namespace)),
      ...replacements(replacedByBaseline(ofBaseline, around)),
      ...excused.excuses.map((one) => ({ kind: "excused", ...noticed(one) }) as const),
      ...excused.expired.map(
        (one) => ({ kind: "not-excused", as: "expired", ...noticed(one) }) as const,
      ),
      ...excused.tooLong.map(
        (one) => ({ kind: "not-excused", as: "lasts-too-long", ...noticed(one) }) as const,
      ),
      ...brokenResources(active, request.namespace, ruleBook),
    ],
  };
  const outcome = isWaivable(judged) ? await waive(judged, request, deadline, around) : judged;
  // Before anything else is judged: of two changes at once, the second must know of the first.
  const admitted = !request.dryRun && isAdmitted(outcome) ? changes : [];
  return { outcome, admitted, takeBack: pending.admit(admitted), concernsInvariants };
}

/** What the request changes without what Ringfence does because of it. */
function ownDelta(
  { request, subject }: Pick<Case, "request" | "subject">,
  engine: Engine,
): Delta | TooMuch {
  return engine.previewWithin(effortFor(request), subject.changes, (_, delta) => delta);
}

function refusedFor(outcome: TooMuch): Judgement {
  return { outcome, admitted: [], takeBack: () => undefined, concernsInvariants: false };
}

/** SECURITY: a pod is let through whatever trouble there is, so it is always judged. It is one alone. */
function effortFor({ kind }: GovernedRequest): Effort {
  return new Effort(kind === "Pod" ? Number.POSITIVE_INFINITY : MAX_EFFORT);
}

function isWaivable({ denials }: Judged): boolean {
  return denials.length > 0 && denials.every(({ finding }) => finding.waivedBy === "optout");
}

function isAdmitted(outcome: Judged | "past-deadline"): boolean {
  if (outcome === "past-deadline") return false;
  return outcome.denials.length === 0 && refusingFaults(outcome).length === 0;
}

/**
 * What each finding comes to: the profile's action, softened by the mode. For findings about opting out, that
 * is the mode that the namespace leaves.
 */
function weigh(
  findings: readonly JudgedFinding[],
  mode: Mode,
  left: Mode,
): Pick<Judged, "denials" | "warnings" | "audits"> {
  const modeFor = ({ finding }: JudgedFinding): Mode =>
    finding.waivedBy === "optout" ? left : mode;
  const having = (action: RuleAction): readonly JudgedFinding[] =>
    findings.filter((judged) => soften(judged.action, modeFor(judged)) === action);
  return { denials: having("Deny"), warnings: having("Warn"), audits: having("Audit") };
}

/** Lift the denials if the user has the right to; only then is the API server asked. */
async function waive(
  judged: Judged,
  { user }: GovernedRequest,
  deadline: number,
  { authorizer, clock }: Surroundings,
): Promise<Judged | "past-deadline"> {
  const over = new AbortController();
  const remainingMs = Math.max(deadline - clock(), 0);
  const answer = await Promise.race([
    authorizer.mayOptOut(user, judged.profile.name, over.signal),
    sleep(remainingMs, "past-deadline" as const, { signal: over.signal }),
  ]);
  over.abort();
  if (answer === "past-deadline") return answer;
  if (!answer.ok) {
    return {
      ...judged,
      notices: [...judged.notices, { kind: "right-unchecked", problem: answer.error }],
    };
  }
  if (!answer.value) return judged;
  const ruleIds = judged.denials.map(({ ruleId }) => ruleId);
  return { ...judged, denials: [], notices: [...judged.notices, { kind: "waived", ruleIds }] };
}

function noticed({ by, endMs, findings }: Excuse): ExemptionUse {
  return { by, endMs, ruleIds: [...new Set(findings.map(({ ruleId }) => ruleId))] };
}

/** The resources that matter to this change and are not in force in their newest versions. */
function brokenResources(
  active: CompiledProfile,
  namespace: string,
  ruleBook: RuleBook,
): readonly Notice[] {
  const concerned = [FILES, `Profile ${active.name}`, `Baseline ${active.baseline}`];
  return Array.from(ruleBook.problems()).flatMap(([key, problems]): readonly Notice[] => {
    const matters =
      concerned.includes(key) ||
      key.startsWith("Invariant ") ||
      key.startsWith(`Exemption ${namespace}/`);
    return matters ? [{ kind: "broken-resource", key, problems }] : [];
  });
}

function replacements(names: readonly string[]): readonly Notice[] {
  return names.length === 0 ? [] : [{ kind: "replaced-by-baseline", names }];
}

function noticesOf(
  subject: Subject,
  request: GovernedRequest,
  stored: Iterable<Policy>,
): readonly Notice[] {
  const notices: Notice[] = subject.notices.map((problem) => ({ kind: "reading", problem }));
  const { oldProblems: problems } = subject;
  if (problems.length > 0) notices.push({ kind: "unreadable-old-object", problems });
  const keys: string[] = [];
  for (const policy of stored) {
    const isAskedAbout = policy.kind === request.kind && policy.name === request.name;
    if (!policy.readable && !isAskedAbout) keys.push(policyKey(policy));
  }
  if (keys.length > 0) notices.push({ kind: "unreadable-policies", keys });
  return notices;
}
