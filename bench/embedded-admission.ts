import { type Admission, createAdmission } from "../src/admission/handle.ts";
import { PendingChanges } from "../src/admission/pending-changes.ts";
import type { AdmissionObserver } from "../src/admission/record.ts";
import { NO_REPLICAS } from "../src/admission/replicas.ts";
import { MatchingEngine } from "../src/engine/matching-engine.ts";
import type { Pod } from "../src/engine/model.ts";
import { success } from "../src/errors.ts";
import { createMutators } from "../src/mutators/index.ts";
import type { Resource } from "../src/resources/resource.ts";
import { HeldInvariants } from "../src/rules/held-invariants.ts";
import { loadCustomRules } from "../src/rules/load-custom-rules.ts";
import { createRegistry } from "../src/rules/registry.ts";
import type { Validator } from "../src/rules/rule.ts";
import { RuleBook } from "../src/rules/rule-book.ts";
import { VALIDATORS } from "../src/validators/index.ts";
import { ServiceIndex } from "../src/wire/service-index.ts";
import { NO_FACTS, NO_VALUES } from "../test/support/facts.ts";
import type { GeneratedCluster } from "./cluster-generator.ts";
import { changesOf, readCluster } from "./engine-cluster.ts";

const compileCustomRule = await loadCustomRules();

/** The real admission over a generated cluster, only without the watches; a rule that fails ends the benchmark. */
export function embeddedAdmission(
  generated: GeneratedCluster,
  {
    answered = () => undefined,
    validators = VALIDATORS,
    resources = [],
  }: {
    readonly answered?: AdmissionObserver["answered"];
    readonly validators?: readonly Validator[];
    readonly resources?: readonly Resource[];
  } = {},
): Admission {
  const engine = new MatchingEngine();
  const cluster = readCluster(generated);
  for (const change of changesOf(cluster)) engine.apply(change);
  const dns = cluster.pods.filter(({ labels }) => labels.get("k8s-app") === "kube-dns").slice(0, 2);
  const registry = createRegistry(validators);
  const ruleBook = new RuleBook({
    registry,
    ownNamespace: "ringfence-system",
    compileCustomRule,
  });
  const problems = ruleBook.replaceFiles(resources);
  if (problems.length > 0) throw new Error(problems[0]?.message);
  return createAdmission(
    {
      cluster: {
        engine,
        facts: {
          ...NO_FACTS,
          dns: dns.map(({ namespace, name }) => ({
            end: { kind: "pod", key: `${namespace}/${name}` },
            family: null,
            udpPort: 53,
            tcpPort: 53,
          })),
          services: servicesOf(cluster.pods),
        },
        freshness: () => ({ kind: "fresh" }),
        isTerminating: () => false,
      },
      ruleBook,
      invariants: new HeldInvariants(engine, ruleBook),
      clusterValues: () => NO_VALUES,
      baselines: { policiesIn: () => [], wantedIn: () => null, annotationsOf: () => new Map() },
      pending: new PendingChanges(engine, () => performance.now()),
      replicas: NO_REPLICAS,
      authorizer: { mayOptOut: async () => success(false) },
      clock: () => performance.now(),
      now: Date.now,
      options: {
        ownUsername: "system:serviceaccount:ringfence-system:ringfence",
        clusterProfile: "restricted",
        onNotSynced: "deny",
        onStale: "deny",
        onDeadline: "deny",
        onUntold: "warn",
        policyPartsLimit: 30_000,
        onTooLarge: "deny",
        podsWaitForBaseline: false,
      },
    },
    createMutators(() => "bench"),
    {
      answered,
      ruleFailed: (id, error) => {
        throw new Error(`rule ${id} failed`, { cause: error });
      },
    },
  );
}

/** A Service for each application; as usual its port differs from that of its pods. */
function servicesOf(pods: readonly Pod[]): ServiceIndex {
  const index = new ServiceIndex();
  const apps = Map.groupBy(pods, ({ namespace, labels }) => `${namespace}/${labels.get("app")}`);
  for (const [pod] of apps.values()) {
    const app = pod?.labels.get("app");
    if (pod === undefined || app === undefined) continue;
    index.upsert({
      namespace: pod.namespace,
      name: app,
      type: "ClusterIP",
      hidesClients: false,
      outerAddresses: [],
      isHeadless: false,
      addresses: [],
      families: [],
      selector: new Map([["app", app]]),
      ports: [{ name: "", protocol: "TCP", port: 80, targetPort: pod.ports[0]?.name ?? 8080 }],
    });
  }
  return index;
}
