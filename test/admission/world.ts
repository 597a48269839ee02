import { z } from "zod";
import { type Admission, createAdmission } from "../../src/admission/handle.ts";
import { PendingChanges } from "../../src/admission/pending-changes.ts";
import type { DecisionRecord } from "../../src/admission/record.ts";
import { NO_REPLICAS, type Replicas } from "../../src/admission/replicas.ts";
import type { AdmissionReply } from "../../src/admission/respond.ts";
import type {
  AdmissionOptions,
  Authorizer,
  Freshness,
  Surroundings,
} from "../../src/admission/surroundings.ts";
import { ApiClient } from "../../src/cluster/api-client.ts";
import { BaselineController } from "../../src/cluster/baseline-controller.ts";
import { MatchingEngine } from "../../src/engine/matching-engine.ts";
import { POLICY_KINDS } from "../../src/engine/model.ts";
import { success } from "../../src/errors.ts";
import { createMutators } from "../../src/mutators/index.ts";
import type { RuleAction } from "../../src/resources/profile.ts";
import { isLeftAlone } from "../../src/resources/render-baseline.ts";
import type { Resource } from "../../src/resources/resource.ts";
import { HeldInvariants } from "../../src/rules/held-invariants.ts";
import { loadCustomRules } from "../../src/rules/load-custom-rules.ts";
import { NamespaceBaselines } from "../../src/rules/namespace-baselines.ts";
import { createRegistry } from "../../src/rules/registry.ts";
import type { Validator } from "../../src/rules/rule.ts";
import { RuleBook } from "../../src/rules/rule-book.ts";
import { VALIDATORS } from "../../src/validators/index.ts";
import { unreadableNetworkPolicy } from "../../src/wire/network-policy.ts";
import type { Services } from "../../src/wire/service-index.ts";
import { field } from "../../src/wire/shape.ts";
import { upsert } from "../support/dsl.ts";
import { NO_FACTS, NO_VALUES } from "../support/facts.ts";

export type Json = Readonly<Record<string, unknown>>;

/** How the world of a test differs from the usual one. */
export interface WorldOptions {
  readonly freshness?: Freshness;
  readonly authorizer?: Authorizer;
  readonly replicas?: Replicas;
  readonly options?: Partial<AdmissionOptions>;
  readonly terminating?: readonly string[];
  /** Rules beside the shipped ones, in the profile `custom`. */
  readonly rules?: readonly Validator[];
  readonly action?: RuleAction;
  readonly announceChanges?: boolean;
  /** Time that has passed in addition to real time. */
  readonly elapsedMs?: () => number;
  /** In the place of real time. */
  readonly clock?: () => number;
  /** Resources beside the built-in ones and the profile `custom`. */
  readonly resources?: readonly Resource[];
  readonly services?: Services;
}

const compileCustomRule = await loadCustomRules();

const NOBODY_MAY: Authorizer = { mayOptOut: async () => success(false) };

/**
 * The small cluster of the admission tests; all but the API server is real. `shop` and `payments` have opted in
 * to `restricted`, `soft` and `noted` in softer modes, `odd` to a profile that does not exist, `tried` to
 * `custom`, and `dev` not at all. Pods of `dev` may reach only `web` in `shop`.
 */
export function createWorld(options: WorldOptions = {}): {
  readonly around: Surroundings;
  readonly engine: MatchingEngine;
  readonly admission: Admission;
  readonly records: readonly DecisionRecord[];
  /** Have the watches show a Namespace or a NetworkPolicy. */
  readonly watch: (raw: Json) => void;
  /** Have the watches show a pod of that `namespace/name`. */
  readonly addPod: (name: string) => void;
  readonly ask: (
    review: unknown,
    endpoint?: "validate" | "mutate",
  ) => Promise<AdmissionReply["response"]>;
} {
  const clock = options.clock ?? ((): number => performance.now() + (options.elapsedMs?.() ?? 0));
  const engine = createEngine();
  const registry = createRegistry([...VALIDATORS, ...(options.rules ?? [])]);
  const ruleBook = new RuleBook({
    registry,
    ownNamespace: "ringfence-system",
    compileCustomRule,
  });
  const problems = ruleBook.replaceFiles([
    {
      kind: "Profile",
      name: "custom",
      description: "",
      extends: null,
      baseline: null,
      announceChanges: options.announceChanges ?? true,
      maxExemptionDays: null,
      rules: (options.rules ?? []).map(({ id }) => ({
        id,
        action: options.action ?? "Deny",
        parameters: {},
        match: null,
      })),
      customRules: [],
    },
    ...(options.resources ?? []),
  ]);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const rendered = new NamespaceBaselines(ruleBook, () => NO_VALUES);
  const baselines = new BaselineController({
    // Never started; it only gets what the watches show.
    client: new ApiClient({ kubeconfig: null }),
    render: (joined) => rendered.renderFor(joined),
    rollOutPerSecond: 10,
    isLeftAlone: (name) => isLeftAlone(name, "ringfence-system"),
    observe: () => undefined,
  });
  for (const raw of NAMESPACES) baselines.namespaces.upsert(nameOf(raw), raw);
  for (const raw of POLICIES) baselines.policies.upsert(nameOf(raw), raw);
  const around: Surroundings = {
    cluster: {
      engine,
      facts: {
        ...NO_FACTS,
        services: options.services ?? NO_FACTS.services,
        dns: [
          {
            end: { kind: "pod", key: "kube-system/coredns-1" },
            family: null,
            udpPort: 53,
            tcpPort: 53,
          },
        ],
        namespaceManifest: (name) => NAMESPACES.find((raw) => nameOf(raw) === name),
      },
      freshness: () => options.freshness ?? { kind: "fresh" },
      isTerminating: (name) => options.terminating?.includes(name) ?? false,
    },
    ruleBook,
    invariants: new HeldInvariants(engine, ruleBook),
    clusterValues: () => NO_VALUES,
    baselines,
    pending: new PendingChanges(engine, clock),
    replicas: options.replicas ?? NO_REPLICAS,
    authorizer: options.authorizer ?? NOBODY_MAY,
    clock,
    now: () => Date.UTC(2026, 0, 1),
    options: {
      ownUsername: "system:serviceaccount:ringfence-system:ringfence",
      clusterProfile: "restricted",
      onNotSynced: "deny",
      onStale: "warn",
      onDeadline: "deny",
      onUntold: "warn",
      policyPartsLimit: 1_000,
      onTooLarge: "deny",
      podsWaitForBaseline: false,
      ...options.options,
    },
  };
  const records: DecisionRecord[] = [];
  const admission = createAdmission(
    around,
    createMutators(() => "rev-1"),
    {
      answered: (record) => records.push(record),
      ruleFailed: () => undefined,
    },
  );
  return {
    around,
    engine,
    admission,
    records,
    addPod: (name) => engine.apply(upsert(pod(name, "tool", "10.244.9.1"))),
    watch: (raw) => {
      const target = raw["kind"] === "Namespace" ? baselines.namespaces : baselines.policies;
      engine.apply(upsert(raw));
      target.upsert(nameOf(raw), raw);
    },
    ask: async (review, endpoint = "validate") => {
      const reply = await admission.handle(endpoint, review, around.clock() + 1000);
      if (reply === null) throw new Error("no reply");
      return reply.response;
    },
  };
}

/** A rule for tests that applies to everything and returns what `check` does. */
export function testRule(id: string, part: Partial<Validator>): Validator {
  return {
    id,
    title: "A rule for tests",
    why: "It is for tests.",
    fix: "There is nothing to do.",
    kinds: [...POLICY_KINDS, "Namespace"],
    operations: ["CREATE", "UPDATE", "DELETE"],
    shipped: { baseline: null, restricted: null },
    onFault: "deny",
    since: "0.1.0",
    parameters: z.strictObject({}),
    check: () => [],
    ...part,
  };
}

function createEngine(): MatchingEngine {
  const engine = new MatchingEngine();
  for (const raw of [...NAMESPACES, ...POLICIES, ...PODS]) engine.apply(upsert(raw));
  engine.apply({ kind: "policy", op: "upsert", object: unreadableNetworkPolicy(UNREADABLE) });
  return engine;
}

/** `namespace/name`, or the name. */
function nameOf(raw: Json): string {
  const names = ["namespace", "name"].map((key) => field(raw, "metadata", key));
  return names.filter((name) => typeof name === "string").join("/");
}

export function namespace(name: string, labels: Json = {}): Json {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

export function policy(name: string, spec: Json, more: Json = {}): Json {
  const [namespaceName, ownName] = name.split("/");
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { namespace: namespaceName, name: ownName, ...more },
    spec,
  };
}

function pod(name: string, app: string, ip: string, more: Json = {}): Json {
  const [namespaceName, ownName] = name.split("/");
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: namespaceName, name: ownName, labels: { app }, ...more },
    spec: { nodeName: "node-1", containers: [{ name: "main", ports: [{ containerPort: 8080 }] }] },
    status: { phase: "Running", podIPs: [{ ip }] },
  };
}

/** A pod of a Deployment, as a ReplicaSet with a template hash makes it. */
function replica(name: string, app: string, ip: string): Json {
  const labels = { app, "pod-template-hash": "7d4b9c" };
  const owner = {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    name: `${app}-7d4b9c`,
    controller: true,
  };
  return pod(name, app, ip, { labels, ownerReferences: [owner] });
}

const PROFILE = "ringfence.dev/profile";
const MODE = "ringfence.dev/mode";

const NAMESPACES = [
  namespace("shop", { [PROFILE]: "restricted" }),
  namespace("payments", { [PROFILE]: "restricted" }),
  namespace("soft", { [PROFILE]: "restricted", [MODE]: "warn" }),
  namespace("noted", { [PROFILE]: "restricted", [MODE]: "audit" }),
  namespace("odd", { [PROFILE]: "strict" }),
  namespace("tried", { [PROFILE]: "custom" }),
  namespace("dev"),
  namespace("kube-system"),
];

const PODS = [
  replica("shop/web-7d4b9c-x1", "web", "10.244.1.1"),
  replica("shop/web-7d4b9c-x2", "web", "10.244.1.2"),
  replica("shop/db-7d4b9c-y1", "db", "10.244.1.3"),
  pod("payments/vault-0", "vault", "10.244.2.1"),
  pod("dev/tool", "tool", "10.244.3.1"),
  pod("soft/web", "web", "10.244.4.1"),
  pod("noted/web", "web", "10.244.5.1"),
  pod("tried/web", "web", "10.244.6.1"),
  pod("kube-system/coredns-1", "dns", "10.244.0.2"),
];

const BASELINE = { labels: { "ringfence.dev/baseline": "default" } };

const POLICIES = [
  policy("shop/default-deny", { podSelector: {}, policyTypes: ["Ingress"] }, BASELINE),
  policy("payments/default-deny", { podSelector: {}, policyTypes: ["Ingress"] }, BASELINE),
];

/** Stored when the API's validation was laxer. */
const UNREADABLE = policy("payments/old", {
  podSelector: {},
  ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.300/8" } }] }],
});
