import { judgeInvariants } from "../../admission/judge-invariants.ts";
import { resourceKey } from "../../resources/resource.ts";
import { type Excuse, type Excused, excuse } from "../../rules/excuse.ts";
import type { ClusterFacts, CompiledProfile, RequestFacts } from "../../rules/rule.ts";
import { runRules } from "../../rules/run-rules.ts";
import { atMost, soften } from "../../rules/severity.ts";
import { unasked } from "../../rules/unasked.ts";
import { renderTime } from "../../wire/render-time.ts";
import { PROFILE_LABEL } from "../../wire/ringfence-labels.ts";
import { eachWithProgress, type Report } from "../report.ts";
import { NOWHERE } from "../sources/source-object.ts";
import type { SourcePolicy, World } from "../sources/world.ts";
import {
  assumedSurroundings,
  knownOrAssumedResolvers,
  type Resolvers,
} from "./assumed-surroundings.ts";
import { factsOf, OWN_NAMESPACE } from "./cluster-facts.ts";
import { distinct, type ReportedFinding, SEVERITIES } from "./finding.ts";
import type { Governance, Governing } from "./governance.ts";
import { governingLabels, type JudgedChange, policyChange } from "./judged-change.ts";
import { type JudgedObject, report } from "./judged-object.ts";

/** Hold policies against the rules, each as if it were applied last. */
export function checkPolicies(
  policies: readonly SourcePolicy[],
  world: World,
  governance: Governance,
  progress: Progress,
): readonly ReportedFinding[] {
  return judgeChanges(policies.map(policyChange), world, governance, progress);
}

/** What the webhook's rules say of changes, each judged as if it were the last one that led to `world`. */
export function judgeChanges(
  changes: readonly JudgedChange[],
  world: World,
  governance: Governance,
  progress: Progress,
): readonly ReportedFinding[] {
  const resolvers = knownOrAssumedResolvers(world);
  const surroundings = { world, governance, resolvers, facts: factsOf(world, resolvers) };
  const judge = (change: JudgedChange): readonly ReportedFinding[] =>
    judgeChange(change, surroundings);
  return distinct(eachWithProgress(changes, progress, "checking object", judge).flat());
}

type Progress = Pick<Report, "progress">;

interface Surroundings {
  readonly world: World;
  readonly governance: Governance;
  readonly resolvers: Resolvers;
  readonly facts: ClusterFacts;
}

function judgeChange(
  { old, next }: JudgedChange,
  { world, governance, resolvers, facts }: Surroundings,
): readonly ReportedFinding[] {
  const subject = next ?? old;
  if (subject === null) return [];
  const around = world.namespaces.get(subject.namespace)?.labels;
  const governing = governance.of(governingLabels({ old, next }) ?? around);
  if (governing.kind === "unknown") return [unknownProfile(governing, subject.namespace, world)];
  const { active, mode } = governing;
  const { engine } = world;
  const assumed = assumedSurroundings(subject, world, resolvers, facts);
  for (const addition of assumed.add) engine.apply(addition);
  engine.apply(old === null ? subject.removal : old.upsert);
  const change = next === null ? subject.removal : next.upsert;
  const invariants = governance.invariantsOn(engine);
  const { findings, faults, broken } = engine.preview([change], (after, delta, claims) => ({
    broken: judgeInvariants(invariants, claims, { delta }),
    ...runRules(active, governance.profiles, {
      operation: next === null ? "DELETE" : old === null ? "CREATE" : "UPDATE",
      object: next?.governed ?? null,
      oldObject: old?.governed ?? null,
      namespaceLabels: around ?? null,
      request: requestOf(subject),
      clock: () => performance.now(),
      deadline: Number.POSITIVE_INFINITY,
      delta,
      ownDelta: delta,
      after,
      facts,
    }),
  }));
  const excused = excuse(
    [...findings, ...broken],
    {
      namespace: subject.namespace || OWN_NAMESPACE,
      namespaceLabels: around ?? null,
      labels: subject.ownLabels,
    },
    governance.ruleBook.exemptions(),
    { nowMs: Date.now(), maxDays: active.maxExemptionDays },
  );
  engine.apply(change);
  for (const removal of assumed.remove) engine.apply(removal);
  return [
    ...subject.notices.map(({ path, message }) =>
      report(subject, { rule: "reading", severity: "warning", path, message, help: "" }),
    ),
    ...excused.left.map(({ ruleId: rule, action, finding: { path, message, why, help, fix } }) => {
      // What is only assumed must neither fail a run nor mend a policy.
      const isDoubtful = rule === "dns-egress" && resolvers.assumed !== null;
      const severity = SEVERITIES[soften(isDoubtful ? atMost(action, "Warn") : action, mode)];
      return report(
        subject,
        { rule, severity, path, message, help: help || (why ?? "") },
        isDoubtful ? null : (fix ?? null),
      );
    }),
    ...exemptionNotes(subject, excused, active),
    ...faults.map(({ ruleId: rule, error }) =>
      report(subject, { rule, severity: "error", path: "", message: error.message, help: "" }),
    ),
  ];
}

/** Which findings an Exemption excuses, and which it no longer does. */
function exemptionNotes(
  subject: JudgedObject,
  { excuses, expired, tooLong }: Excused,
  { name, maxExemptionDays }: CompiledProfile,
): readonly ReportedFinding[] {
  const notes = (
    { by, endMs, findings }: Excuse,
    tell: (message: string, key: string, end: string) => string,
    help: string,
  ): readonly ReportedFinding[] =>
    findings.map(({ ruleId: rule, finding: { path, message } }) => {
      const text = tell(message, resourceKey(by), renderTime(endMs));
      return report(subject, { rule, severity: "note", path, message: text, help });
    });
  return [
    ...excuses.flatMap((one) =>
      notes(
        one,
        (message, key, end) => `${message}; excused until ${end} by ${key}`,
        one.by.reason,
      ),
    ),
    ...expired.flatMap((one) =>
      notes(
        one,
        (_, key, end) => `no longer excused by ${key}, which expired on ${end}`,
        `ask ${one.by.owner}`,
      ),
    ),
    ...tooLong.flatMap((one) =>
      notes(
        one,
        (_, key, end) =>
          `not excused by ${key}, which lasts until ${end}, longer than profile \`${name}\` lets any last`,
        `let it end within ${maxExemptionDays} days`,
      ),
    ),
  ];
}

function requestOf({ governed, namespace }: JudgedObject): RequestFacts {
  const { kind, name } =
    governed.kind === "policy" ? governed.policy : { kind: "Namespace", name: namespace };
  return unasked({ kind, namespace, name });
}

/** The webhook refuses everything in such a namespace, and the namespace itself. */
function unknownProfile(
  { name, mode, known }: Extract<Governing, { readonly kind: "unknown" }>,
  namespace: string,
  { declared }: World,
): ReportedFinding {
  const origin = declared.get(namespace)?.origin ?? NOWHERE;
  return report(
    { name: `Namespace ${namespace}`, namespace, origin },
    {
      rule: "unknown-profile",
      severity: SEVERITIES[soften("Deny", mode)],
      path: `metadata.labels["${PROFILE_LABEL}"]`,
      message: `\`${name}\` is no profile that is known here, so policies of the namespace are not checked`,
      help: `write one of ${known.join(", ")}, or name the file of \`${name}\` with --config`,
    },
  );
}
