import { createAdmission } from "./admission/handle.ts";
import { happeningOf } from "./admission/happening.ts";
import { PendingChanges } from "./admission/pending-changes.ts";
import { AccessReview } from "./cluster/access-review.ts";
import { ApiClient } from "./cluster/api-client.ts";
import { BaselineController } from "./cluster/baseline-controller.ts";
import { ClusterState } from "./cluster/cluster-state.ts";
import { followDnsPorts } from "./cluster/dns-ports.ts";
import { EventRecorder, type Happening } from "./cluster/event-recorder.ts";
import { faultOf } from "./cluster/fault.ts";
import { LeaderElection } from "./cluster/leader-election.ts";
import { listPages } from "./cluster/list-pages.ts";
import type { Observe } from "./cluster/notice.ts";
import { Periodic } from "./cluster/periodic.ts";
import { asking, both } from "./cluster/reflector-target.ts";
import { ResourceStatus } from "./cluster/resource-status.ts";
import { NETWORK_POLICIES } from "./cluster/resource-type.ts";
import { Rounds } from "./cluster/rounds.ts";
import { type Config, loadConfig } from "./config/load-config.ts";
import { ResourceFolder } from "./config/resource-folder.ts";
import { formatAddress } from "./engine/address.ts";
import { DATAPLANES } from "./engine/dataplane.ts";
import { MatchingEngine } from "./engine/matching-engine.ts";
import { createMutators } from "./mutators/index.ts";
import { Logger } from "./observability/logger.ts";
import { Metrics } from "./observability/metrics.ts";
import { DEFAULT_BASELINE } from "./resources/baseline.ts";
import type { ClusterValues } from "./resources/baseline-variables.ts";
import type { DnsTarget } from "./resources/dns-target.ts";
import { baselineRevision, isLeftAlone, renderBaseline } from "./resources/render-baseline.ts";
import { ExemptionNotices } from "./rules/exemption-notices.ts";
import { HeldInvariants } from "./rules/held-invariants.ts";
import { InvariantAudit } from "./rules/invariant-audit.ts";
import { loadCustomRules } from "./rules/load-custom-rules.ts";
import { createRegistry } from "./rules/registry.ts";
import { reportOn } from "./rules/resource-report.ts";
import { resourceTargets } from "./rules/resource-targets.ts";
import type { ClusterFacts } from "./rules/rule.ts";
import { RuleBook } from "./rules/rule-book.ts";
import { StoredFindings } from "./rules/stored-findings.ts";
import { CertificateFiles } from "./server/certificate.ts";
import { createServer, secureContextOf } from "./server/create-server.ts";
import { keepGarbageYoung } from "./server/heap.ts";
import { createMetricsServer, createProbes } from "./server/probes.ts";
import { drain } from "./server/shutdown.ts";
import { VALIDATORS } from "./validators/index.ts";

/** How often a mounted folder of resources is compared; a kubelet takes a minute to update it. */
const FOLDER_POLL_MS = 1_000;

/** Well inside the pod's `terminationGracePeriodSeconds` of 45 s, of which preStop takes 10 s. */
const HARD_CUT_MS = 20_000;

const LEASE_NAME = "ringfence";

const clock = (): number => performance.now();

keepGarbageYoung();
// oxlint-disable-next-line node/no-process-env -- the one place where the process's surroundings come in
const read = loadConfig(process.argv.slice(2), process.env);
if (read.ok) await run(read.value);
else {
  for (const { code, path, message } of read.error) {
    process.stderr.write(`${code} ${path}: ${message}\n`);
  }
  process.exitCode = 1;
}

/** Run until a signal says stop. Exit code 1 where the process cannot start. */
async function run(config: Config): Promise<void> {
  const logger = new Logger(config.logLevel);
  // A promise that nobody waited for is a defect, but no reason to leave the API server unanswered.
  process.on("unhandledRejection", (error) => logger.failed(error));
  const exitCode = await serve(config, logger).then(
    () => 0,
    (error: unknown) => {
      logger.failed(error);
      return 1;
    },
  );
  logger.flush();
  process.exit(exitCode);
}

/** Build everything, start it, and settle when it has been stopped by a signal. */
async function serve(config: Config, logger: Logger): Promise<void> {
  let draining = false;
  const { ownNamespace, webhookPort, listenAddress: host } = config;

  const certificate = await CertificateFiles.open(config);
  const metrics = new Metrics(() => ({
    isSynced: cluster.synced(),
    snapshotAgeMs: snapshotAgeMs(),
    unreadable: cluster.unreadable().length,
    engine: cluster.engine.stats(),
    certificateExpiry: certificate.current.notAfter,
    resourceProblems: ruleBook.problems().size,
    brokenInvariants: audit.broken(),
  }));
  const observe: Observe = (notice) => {
    logger.cluster(notice);
    metrics.cluster(notice);
  };

  const client = new ApiClient({ kubeconfig: config.kubeconfig });
  const ruleBook = new RuleBook({
    registry: createRegistry(VALIDATORS),
    ownNamespace,
    compileCustomRule: await loadCustomRules(),
  });
  // The controller comes before the cluster that tells it: until then the ports are the usual ones.
  let facts: ClusterFacts | null = null;
  const dnsPorts = followDnsPorts(() => facts?.dns ?? []);
  const dns = (): DnsTarget => ({
    namespace: config.dnsNamespace,
    podLabels: config.dnsPodLabels,
    addresses: config.dnsAddresses,
    ports: dnsPorts(),
  });
  const clusterValues = (): ClusterValues => ({
    ...config,
    dns: dns(),
    apiServerAddresses: (facts?.apiServer ?? []).map(formatAddress),
  });
  const baseline = new BaselineController({
    client,
    render: (joined) => {
      const chosen = ruleBook.baselineFor(joined.labels);
      if (!chosen.ok) return { baseline: null, policies: chosen };
      const policies = renderBaseline(chosen.value, { ...clusterValues(), ...joined });
      return { baseline: chosen.value.name, policies };
    },
    rollOutPerSecond: config.baselineRollOutPerSecond,
    onProgress: (name) => status.look(`Baseline ${name}`),
    isLeftAlone: (namespace) => isLeftAlone(namespace, ownNamespace),
    observe,
  });
  const status: ResourceStatus = new ResourceStatus({
    client,
    report: (key) =>
      reportOn(key, {
        ...config,
        ruleBook,
        engine: cluster.engine,
        audit,
        rollOutOf: (name) => baseline.progress().get(name),
        findingsOf: (profile) => storedFindings.of(profile),
        nowMs: Date.now(),
      }),
    observe,
  });
  const cluster: ClusterState = new ClusterState({
    client,
    engine: new MatchingEngine({
      dataplane: DATAPLANES[config.dataplane === "auto" ? "generic" : config.dataplane],
    }),
    detectDataplane: config.dataplane === "auto",
    dnsService: { namespace: config.dnsNamespace, name: config.dnsService },
    ownNamespace,
    webhookPort,
    staleAfterMs: config.stalenessLimitMs,
    observe,
    listener: {
      namespaces: both(
        baseline.namespaces,
        asking(() => rounds.ask()),
      ),
      policies: both(
        baseline.policies,
        asking(() => rounds.ask()),
      ),
    },
    others: resourceTargets(ruleBook).map(({ kind, type, ...target }) => [
      { type, optional: true },
      both(target, status.target(kind, type)),
    ]),
  });
  ruleBook.onChange(() => {
    baseline.refresh();
    status.refresh();
    rounds.ask();
  });
  facts = cluster.facts;
  const storedFindings: StoredFindings = new StoredFindings({
    engine: cluster.engine,
    ruleBook,
    facts: cluster.facts,
    pages: (signal) => listPages(client, NETWORK_POLICIES, signal),
    clock,
    now: Date.now,
  });
  // What is stored is looked at after a change, and now and then although none was seen.
  const rounds: Rounds = new Rounds({
    work: (signal) => storedFindings.audit(signal).finally(() => status.refresh()),
    onFailure: (error) => observe({ kind: "audit-failed", ...faultOf(error) }),
  });
  const invariants = new HeldInvariants(cluster.engine, ruleBook);
  const audit: InvariantAudit = new InvariantAudit({ engine: cluster.engine, invariants, clock });
  const snapshotAgeMs = (): number | null =>
    cluster.synced() ? Math.round(Math.max(...cluster.staleMs().values())) : null;

  const resourceFolder = new ResourceFolder({
    folder: config.resourceFolder,
    receive: (resources) => ruleBook.replaceFiles(resources),
    report: (problems) => {
      ruleBook.noteFiles(problems);
      logger.problems(problems);
    },
    pollMs: FOLDER_POLL_MS,
  });
  const events = new EventRecorder({
    client,
    identity: config.identity,
    now: Date.now,
    observe,
  });
  const leave = (happening: Happening | null): void => {
    if (config.events && happening !== null) events.record(happening);
  };
  const expiry = new ExemptionNotices({
    ...config,
    engine: cluster.engine,
    ruleBook,
    now: Date.now,
  });
  const admission = createAdmission(
    {
      cluster,
      ruleBook,
      invariants,
      clusterValues,
      baselines: baseline,
      pending: new PendingChanges(cluster.engine, clock),
      authorizer: new AccessReview({ client, observe }),
      clock,
      now: Date.now,
      options: config,
    },
    createMutators((labels) => {
      const chosen = ruleBook.baselineFor(labels);
      return baselineRevision(chosen.ok ? chosen.value : DEFAULT_BASELINE, clusterValues());
    }),
    {
      answered: (record) => {
        logger.answered(record, snapshotAgeMs());
        metrics.answered(record);
        leave(happeningOf(record));
      },
      ruleFailed: (ruleId, error) => {
        logger.ruleFailed(ruleId, error);
        metrics.ruleFailed(ruleId);
      },
    },
  );
  const webhook = createServer({
    admission,
    certificate: certificate.current,
    deadlineMs: config.decisionDeadlineMs,
    clock,
    isDraining: () => draining,
  });
  const probes = createProbes(() => {
    if (draining) return "stopping";
    if (certificate.current.notAfter < new Date()) return "the certificate has expired";
    return cluster.synced()
      ? null
      : ["the cluster has not been read", ...cluster.problems()].join("\n");
  });
  const metricsServer = createMetricsServer(metrics);
  // What only one process at a time does.
  const expiryWatch = new Periodic(() => {
    for (const notice of expiry.due()) leave(notice);
  });
  const writers = [baseline, status, expiryWatch, rounds];
  const startWriting = (): void => writers.forEach((writer) => writer.start());
  const stopWriting = async (): Promise<void> => {
    await Promise.all(writers.map((writer) => writer.stop()));
  };
  const election = new LeaderElection({
    client,
    namespace: ownNamespace,
    name: LEASE_NAME,
    identity: config.identity,
    onLead: startWriting,
    onLose: () => void stopWriting(), // waits for running writes; never rejects
    observe,
  });

  certificate.follow({
    replaced: (pair) => {
      webhook.server.setSecureContext(secureContextOf(pair));
      logger.info("certificate replaced", { notAfter: pair.notAfter.toISOString() });
    },
    refused: (problem) => {
      logger.problems([problem]);
      metrics.certificateRefused();
    },
  });
  await resourceFolder.start();
  cluster.start();
  void cluster.whenSynced().then(() => (config.leaderElection ? election.start() : startWriting()));
  await probes.listen({ host, port: config.healthPort });
  await metricsServer.listen({ host, port: config.metricsPort });
  await webhook.listen({ host, port: webhookPort });
  logger.info("serving", { host, webhookPort });

  const signal = await new Promise<string>((resolve) => {
    for (const name of ["SIGTERM", "SIGINT"]) process.once(name, resolve);
  });
  logger.info("stopping", { signal });
  draining = true;
  await Promise.all([drain(webhook, HARD_CUT_MS), election.stop(), stopWriting()]);
  await events.stop();
  await cluster.stop();
  resourceFolder.stop();
  certificate.stop();
  client.close();
  await Promise.all([probes.close(), metricsServer.close()]);
}
