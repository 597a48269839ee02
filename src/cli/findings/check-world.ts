import { podKey, policyKey } from "../../engine/model.ts";
import type { ClusterFacts } from "../../rules/rule.ts";
import { runRules } from "../../rules/run-rules.ts";
import { soften } from "../../rules/severity.ts";
import { ServiceIndex } from "../../wire/service-index.ts";
import { policyName } from "../render/policy-text.ts";
import { resolversOf } from "../sources/resolvers.ts";
import type { SourcePolicy, World } from "../sources/world.ts";
import { type ReportedFinding, SEVERITIES } from "./finding.ts";
import type { ProfileChoice } from "./profiles.ts";

const OWN_NAMESPACE = "ringfence-system";
const OWN_LABEL = { key: "app.kubernetes.io/name", value: "ringfence" };
const WEBHOOK_PORT = 9443;

/**
 * Hold policies against the rules as the webhook would if each were created last: with everything
 * else of the world in place.
 */
export function checkPolicies(
  policies: readonly SourcePolicy[],
  world: World,
  profiles: ProfileChoice,
): readonly ReportedFinding[] {
  const facts = factsOf(world);
  return policies.flatMap((source) => checkPolicy(source, { world, profiles, facts }));
}

interface Surroundings {
  readonly world: World;
  readonly profiles: ProfileChoice;
  readonly facts: ClusterFacts;
}

function checkPolicy(
  source: SourcePolicy,
  { world, profiles, facts }: Surroundings,
): readonly ReportedFinding[] {
  const { policy, manifest } = source;
  const { engine } = world;
  const { active, mode } = profiles.of(policy.namespace, world);
  engine.apply({ kind: "policy", op: "delete", key: policyKey(policy) });
  const upsert = { kind: "policy", op: "upsert", object: policy } as const;
  const { findings, faults } = engine.preview([upsert], (after, delta) =>
    runRules(active, profiles.all(), {
      operation: "CREATE",
      object: { kind: "policy", manifest, policy },
      oldObject: null,
      namespaceLabels: world.namespaces.get(policy.namespace)?.labels ?? null,
      delta,
      after,
      facts,
    }),
  );
  engine.apply(upsert);
  return [
    ...source.notices.map(({ path, message }) =>
      report(source, { rule: "reading", severity: "warning", path, message, help: "" }),
    ),
    ...findings.map(({ ruleId: rule, action, finding: { path, message, help, fix } }) =>
      report(
        source,
        { rule, severity: SEVERITIES[soften(action, mode)], path, message, help },
        fix ?? null,
      ),
    ),
    ...faults.map(({ ruleId: rule, error }) =>
      report(source, { rule, severity: "error", path: "", message: error.message, help: "" }),
    ),
  ];
}

/** A finding about a policy, with where it is written. */
export function report(
  { policy, origin }: SourcePolicy,
  finding: Pick<ReportedFinding, "rule" | "severity" | "path" | "message" | "help">,
  fix: ReportedFinding["fix"] = null,
): ReportedFinding {
  return {
    ...finding,
    fix,
    object: policyName(policy),
    namespace: policy.namespace,
    place: origin.place(finding.path),
  };
}

/** What the webhook would know beyond the engine, as far as the world shows it. */
function factsOf(world: World): ClusterFacts {
  const byNamespace = Map.groupBy(world.templates, ({ namespace }) => namespace);
  return {
    dns: resolversOf(world),
    apiServer: world.endpoints.get("default/kubernetes")?.map(({ address }) => address) ?? [],
    ownNamespace: OWN_NAMESPACE,
    ownPods: [...world.engine.podsOf(OWN_NAMESPACE)]
      .filter(({ labels }) => labels.get(OWN_LABEL.key) === OWN_LABEL.value)
      .map(podKey),
    webhookPort: WEBHOOK_PORT,
    templatesOf: (namespace) => byNamespace.get(namespace) ?? [],
    services: servicesOf(world),
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
