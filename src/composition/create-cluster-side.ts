import type { ApiClient } from "../cluster/api-client.ts";
import { BaselineController } from "../cluster/baseline-controller.ts";
import { ClusterState } from "../cluster/cluster-state.ts";
import { followDnsPorts } from "../cluster/dns-ports.ts";
import { faultOf } from "../cluster/fault.ts";
import { listPages } from "../cluster/list-pages.ts";
import type { Observe } from "../cluster/notice.ts";
import { asking, both } from "../cluster/reflector-target.ts";
import { ResourceStatus } from "../cluster/resource-status.ts";
import { NETWORK_POLICIES } from "../cluster/resource-type.ts";
import { Rounds } from "../cluster/rounds.ts";
import type { Config } from "../config/load-config.ts";
import { formatAddress } from "../engine/address.ts";
import { DATAPLANES } from "../engine/dataplane.ts";
import { MatchingEngine } from "../engine/matching-engine.ts";
import type { ClusterValues } from "../resources/baseline-variables.ts";
import { isLeftAlone } from "../resources/render-baseline.ts";
import { HeldInvariants } from "../rules/held-invariants.ts";
import { InvariantAudit } from "../rules/invariant-audit.ts";
import { NamespaceBaselines } from "../rules/namespace-baselines.ts";
import { reportOn } from "../rules/resource-report.ts";
import { resourceTargets } from "../rules/resource-targets.ts";
import type { RuleBook } from "../rules/rule-book.ts";
import { StoredFindings } from "../rules/stored-findings.ts";

export interface ClusterSideOptions {
  readonly config: Config;
  readonly client: ApiClient;
  readonly ruleBook: RuleBook;
  /** Milliseconds, on a clock that never goes back. */
  readonly clock: () => number;
  readonly observe: Observe;
}

/** The cluster as the watches show it, and what is written to it because of that. */
export interface ClusterSide {
  /** Follows the API server from its `start` on, and fills the engine. */
  readonly cluster: ClusterState;
  readonly invariants: HeldInvariants;
  readonly audit: InvariantAudit;
  /** What the templates of baselines are filled with at the moment. */
  readonly clusterValues: () => ClusterValues;
  readonly baselines: NamespaceBaselines;
  readonly baselineController: BaselineController;
  /** What writes to the cluster; one process at a time is to do so. */
  readonly writers: readonly [BaselineController, ResourceStatus, Rounds, Rounds];
}

/** How often invariants are looked at: after a change of policies, and at the latest for pods that came. */
const INVARIANT_TIMES = { restMs: 2_000, atLatestMs: 10_000 };

/** Build it, each part asking the others only once they run. Nothing is read or written yet. */
export function createClusterSide(options: ClusterSideOptions): ClusterSide {
  const { config, client, ruleBook, clock, observe } = options;
  const { ownNamespace } = config;
  const engine = new MatchingEngine({
    dataplane: DATAPLANES[config.dataplane === "auto" ? "generic" : config.dataplane],
  });
  const invariants = new HeldInvariants(engine, ruleBook);
  const audit = new InvariantAudit({
    engine,
    invariants,
    clock,
    onAudited: (name) => status.look(`Invariant ${name}`),
  });
  const invariantRounds = new Rounds({
    work: (signal) => audit.audit(signal),
    onFailure: (error) => observe({ kind: "audit-failed", ...faultOf(error) }),
    ...INVARIANT_TIMES,
  });

  const dnsPorts = followDnsPorts(() => cluster.facts.dns);
  const clusterValues = (): ClusterValues => ({
    dns: {
      namespace: config.dnsNamespace,
      podLabels: config.dnsPodLabels,
      addresses: config.dnsAddresses,
      ports: dnsPorts(),
    },
    podCidrs: config.podCidrs,
    serviceCidrs: config.serviceCidrs,
    apiServerAddresses: cluster.facts.apiServer.map(formatAddress),
  });
  const baselines = new NamespaceBaselines(ruleBook, clusterValues);
  const baselineController = new BaselineController({
    client,
    render: (namespace) => baselines.renderFor(namespace),
    rollOutPerSecond: config.baselineRollOutPerSecond,
    onProgress: (name) => status.look(`Baseline ${name}`),
    isLeftAlone: (namespace) => isLeftAlone(namespace, ownNamespace),
    observe,
  });
  const status = new ResourceStatus({
    client,
    report: (key) =>
      reportOn(key, {
        ...config,
        ruleBook,
        engine,
        audit,
        rollOutOf: (name) => baselineController.rollOutOf(name),
        findingsOf: (profile) => storedFindings.of(profile),
        nowMs: Date.now(),
      }),
    observe,
  });
  // What is stored is looked at after a change, and now and then although none was seen.
  const rounds = new Rounds({
    work: (signal) => storedFindings.audit(signal).finally(() => status.refresh()),
    onFailure: (error) => observe({ kind: "audit-failed", ...faultOf(error) }),
  });
  const news = asking(() => {
    rounds.ask();
    invariantRounds.ask();
  });
  const cluster: ClusterState = new ClusterState({
    client,
    engine,
    detectDataplane: config.dataplane === "auto",
    dnsService: { namespace: config.dnsNamespace, name: config.dnsService },
    ownNamespace,
    webhookPort: config.webhookPort,
    staleAfterMs: config.stalenessLimitMs,
    policyPartsLimit: config.policyPartsLimit,
    observe,
    listener: {
      namespaces: both(baselineController.namespaces, news),
      policies: both(baselineController.policies, news),
    },
    others: resourceTargets(ruleBook).map(({ kind, type, ...target }) => [
      { type, optional: true },
      both(target, status.target(kind, type)),
    ]),
  });
  const storedFindings: StoredFindings = new StoredFindings({
    engine,
    ruleBook,
    facts: cluster.facts,
    pages: (signal) => listPages(client, NETWORK_POLICIES, signal),
    clock,
    now: Date.now,
  });
  ruleBook.onChange((kinds) => {
    // PERF: thousands of namespaces are not to be looked at for each Exemption.
    if (kinds.has("Profile") || kinds.has("Baseline")) baselineController.refresh();
    status.refresh();
    rounds.ask();
    invariantRounds.ask();
  });
  const writers = [baselineController, status, rounds, invariantRounds] as const;
  return { cluster, invariants, audit, clusterValues, baselines, baselineController, writers };
}
