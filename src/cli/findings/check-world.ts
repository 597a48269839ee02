import { isDeepStrictEqual } from "node:util";
import { judgeInvariants } from "../../admission/judge-invariants.ts";
import { type Labels, podKey } from "../../engine/model.ts";
import { resourceKey } from "../../resources/resource.ts";
import { excuse } from "../../rules/excuse.ts";
import type { ClusterFacts, RuleSituation } from "../../rules/rule.ts";
import { runRules } from "../../rules/run-rules.ts";
import { atMost, soften } from "../../rules/severity.ts";
import { renderTime } from "../../wire/render-time.ts";
import { PROFILE_LABEL } from "../../wire/ringfence-labels.ts";
import { ServiceIndex } from "../../wire/service-index.ts";
import { field } from "../../wire/shape.ts";
import { NOWHERE } from "../sources/source-object.ts";
import type { SourceNamespace, SourcePolicy, World } from "../sources/world.ts";
import {
  assumedSurroundings,
  knownOrAssumedResolvers,
  type Resolvers,
} from "./assumed-surroundings.ts";
import { distinct, type ReportedFinding, SEVERITIES } from "./finding.ts";
import type { Governance, Governing } from "./governance.ts";
import { type JudgedObject, judgedNamespace, judgedPolicy, report } from "./judged-object.ts";
import { knowledgeOf } from "./knowledge.ts";

const OWN_NAMESPACE = "ringfence-system";
const OWN_LABEL = { key: "app.kubernetes.io/name", value: "ringfence" };
const WEBHOOK_PORT = 9443;

/** A change as the webhook is asked about it: null before is a creation, null after a deletion. */
export interface JudgedChange {
  readonly old: JudgedObject | null;
  readonly next: JudgedObject | null;
}

/**
 * A policy as it is applied: an update where a file of `-f` puts it in the place of one that is different,
 * else a creation. (The webhook does not judge an update that changes nothing; who asks wants an answer.)
 */
export function policyChange(source: SourcePolicy): JudgedChange {
  const { replaces, manifest } = source;
  const isUpdate = replaces !== null && !isSame(replaces.manifest, manifest);
  return { old: isUpdate ? judgedPolicy(replaces) : null, next: judgedPolicy(source) };
}

/** Report whether two manifests say the same to the webhook. */
export function isSame(a: unknown, b: unknown): boolean {
  return [["spec"], ["metadata", "labels"]].every((keys) =>
    isDeepStrictEqual(field(a, ...keys), field(b, ...keys)),
  );
}

/** The same of a Namespace. */
export function namespaceChange(source: SourceNamespace): JudgedChange {
  const { replaces } = source;
  return {
    old: replaces === null ? null : judgedNamespace(replaces),
    next: judgedNamespace(source),
  };
}

/** Hold policies against the rules, each as if it were applied last. */
export function checkPolicies(
  policies: readonly SourcePolicy[],
  world: World,
  governance: Governance,
): readonly ReportedFinding[] {
  return judgeChanges(policies.map(policyChange), world, governance);
}

/**
 * What the webhook's rules say of changes, each as the last on the way to `world`, with everything else of
 * it in place.
 */
export function judgeChanges(
  changes: readonly JudgedChange[],
  world: World,
  governance: Governance,
): readonly ReportedFinding[] {
  const resolvers = knownOrAssumedResolvers(world);
  const surroundings = { world, governance, resolvers, facts: factsOf(world, resolvers) };
  return distinct(changes.flatMap((change) => judgeChange(change, surroundings)));
}

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
    broken: judgeInvariants(invariants, claims),
    ...runRules(active, governance.profiles, {
      operation: next === null ? "DELETE" : old === null ? "CREATE" : "UPDATE",
      object: next?.governed ?? null,
      oldObject: old?.governed ?? null,
      namespaceLabels: around ?? null,
      request: requestOf(subject),
      clock: () => performance.now(),
      deadline: Number.POSITIVE_INFINITY,
      delta,
      after,
      facts,
    }),
  }));
  const { left, excuses, expired, tooLong } = excuse(
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
    ...left.map(({ ruleId: rule, action, finding: { path, message, why, help, fix } }) => {
      // Nobody is to fail, or to be mended, by what is only assumed.
      const isDoubtful = rule === "dns-egress" && resolvers.areAssumed;
      const severity = SEVERITIES[soften(isDoubtful ? atMost(action, "Warn") : action, mode)];
      return report(
        subject,
        { rule, severity, path, message, help: help || (why ?? "") },
        isDoubtful ? null : (fix ?? null),
      );
    }),
    ...excuses.flatMap(({ by, endMs, findings: excused }) =>
      excused.map(({ ruleId: rule, finding: { path, message } }) =>
        report(subject, {
          rule,
          severity: "note",
          path,
          message: `${message}; excused until ${renderTime(endMs)} by ${resourceKey(by)}`,
          help: by.reason,
        }),
      ),
    ),
    ...expired.flatMap(({ by, endMs, findings: held }) =>
      held.map(({ ruleId: rule, finding: { path } }) =>
        report(subject, {
          rule,
          severity: "note",
          path,
          message: `no longer excused by ${resourceKey(by)}, which expired on ${renderTime(endMs)}`,
          help: `ask ${by.owner}`,
        }),
      ),
    ),
    ...tooLong.flatMap(({ by, endMs, findings: held }) =>
      held.map(({ ruleId: rule, finding: { path } }) =>
        report(subject, {
          rule,
          severity: "note",
          path,
          message: `not excused by ${resourceKey(by)}, which lasts until ${renderTime(endMs)}, longer than profile \`${active.name}\` lets any last`,
          help: `let it end within ${active.maxExemptionDays} days`,
        }),
      ),
    ),
    ...faults.map(({ ruleId: rule, error }) =>
      report(subject, { rule, severity: "error", path: "", message: error.message, help: "" }),
    ),
  ];
}

/** Files do not say who will apply them. */
const NOBODY = { username: "", uid: "", groups: [], extra: {} };

function requestOf({ governed, namespace }: JudgedObject): RuleSituation["request"] {
  const [kind, name] =
    governed.kind === "policy"
      ? [governed.policy.kind, governed.policy.name]
      : ["Namespace", namespace];
  return {
    kind,
    name,
    namespace,
    subResource: "",
    dryRun: true,
    user: NOBODY,
    options: undefined,
  };
}

/** Those that name the profile. Of a namespace that had one, the ones before: leaving is judged by what is left. */
function governingLabels({ old, next }: JudgedChange): Labels | null {
  return old?.labels?.has(PROFILE_LABEL) === true ? old.labels : (next?.labels ?? null);
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

/** What the webhook would know beyond the engine, as far as the world shows it. */
function factsOf(world: World, resolvers: Resolvers): ClusterFacts {
  const byNamespace = Map.groupBy(world.templates, ({ namespace }) => namespace);
  return {
    dns: resolvers.endpoints,
    apiServer: world.endpoints.get("default/kubernetes")?.map(({ address }) => address) ?? [],
    ownNamespace: OWN_NAMESPACE,
    ownPods: [...world.engine.podsOf(OWN_NAMESPACE)]
      .filter(({ labels }) => labels.get(OWN_LABEL.key) === OWN_LABEL.value)
      .map(podKey),
    webhookPort: WEBHOOK_PORT,
    templatesOf: (namespace) => byNamespace.get(namespace) ?? [],
    services: servicesOf(world),
    ...knowledgeOf(world),
  };
}

function servicesOf({ services }: World): ServiceIndex {
  const index = new ServiceIndex();
  for (const service of services.values()) index.upsert(service);
  return index;
}

/** Policies of one namespace, or all, that somebody wrote and that can be read. */
export function policiesIn(world: World, namespace: string | null): readonly SourcePolicy[] {
  return [...world.policies.values()].filter(
    ({ policy, standing }) =>
      policy.readable &&
      standing !== "assumed" &&
      (namespace === null || policy.namespace === namespace),
  );
}

/** Namespaces that somebody declares: one, or all. */
export function namespacesIn(world: World, namespace: string | null): readonly SourceNamespace[] {
  return [...world.declared.values()].filter(
    (source) => namespace === null || source.namespace.name === namespace,
  );
}
