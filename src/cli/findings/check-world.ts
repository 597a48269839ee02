import { type Policy, podKey, policyKey } from "../../engine/model.ts";
import { selectorMatches } from "../../engine/selector.ts";
import type { ClusterFacts, DnsEndpoint } from "../../rules/rule.ts";
import { runRules } from "../../rules/run-rules.ts";
import { soften } from "../../rules/severity.ts";
import { resolverEndpoints } from "../../wire/endpoints.ts";
import { policyName } from "../render/policy-text.ts";
import type { SourcePolicy, World } from "../sources/world.ts";
import { type ReportedFinding, SEVERITIES } from "./finding.ts";
import type { ProfileChoice } from "./profiles.ts";

const OWN_NAMESPACE = "ringfence-system";
const OWN_LABEL = { key: "app.kubernetes.io/name", value: "ringfence" };
const WEBHOOK_PORT = 9443;
const DNS = "kube-system/kube-dns";

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
  };
}

/** The pods that resolve names: those behind the Endpoints, or else the Service, of the cluster's DNS. */
export function resolversOf(world: World): readonly DnsEndpoint[] {
  const endpoints = world.endpoints.get(DNS);
  if (endpoints !== undefined) return resolverEndpoints(endpoints);
  const service = world.services.get(DNS);
  const selector = service?.selector;
  if (service === undefined || selector === null || selector === undefined) return [];
  const requirements = Array.from(selector, ([key, value]) => {
    return { key, operator: "In" as const, values: [value] };
  });
  const pods = [...world.engine.podsOf(service.namespace)].filter(({ labels }) =>
    selectorMatches(requirements, labels),
  );
  return pods.map((pod) => {
    const portOf = (protocol: "UDP" | "TCP"): number | null => {
      const of = service.ports.filter((port) => port.protocol === protocol);
      const target = (of.find(({ name }) => name.startsWith("dns")) ?? of[0])?.targetPort;
      if (typeof target !== "string") return target ?? null;
      return pod.ports.find((it) => it.name === target && it.protocol === protocol)?.port ?? null;
    };
    const end = { kind: "pod", key: podKey(pod) } as const;
    return { end, udpPort: portOf("UDP"), tcpPort: portOf("TCP") };
  });
}

/** Policies of one namespace, or all. */
export function policiesIn(world: World, namespace: string | null): readonly SourcePolicy[] {
  const all = [...world.policies.values()];
  const isWanted = ({ namespace: own }: Policy): boolean => namespace === null || own === namespace;
  return all.filter(({ policy }) => policy.readable && isWanted(policy));
}
