import { ApiClient } from "./cluster/api-client.ts";
import { LoneWork } from "./cluster/lone-work.ts";
import { createClusterSide } from "./composition/create-cluster-side.ts";
import { createRequestSide } from "./composition/create-request-side.ts";
import { type Config, loadConfig } from "./config/load-config.ts";
import { ResourceFolder } from "./config/resource-folder.ts";
import { usage } from "./config/usage.ts";
import { Logger } from "./observability/logger.ts";
import { Metrics } from "./observability/metrics.ts";
import { createObservers } from "./observability/observers.ts";
import { loadCustomRules } from "./rules/load-custom-rules.ts";
import { createRegistry } from "./rules/registry.ts";
import { RuleBook } from "./rules/rule-book.ts";
import { usersOf } from "./rules/users-of.ts";
import { CertificateFiles } from "./server/certificate.ts";
import { keepGarbageYoung } from "./server/heap.ts";
import { Listeners } from "./server/listeners.ts";
import { stopSignal } from "./server/shutdown.ts";
import { VALIDATORS } from "./validators/index.ts";

/** How often a mounted folder of resources is compared; a kubelet takes a minute to update it. */
const FOLDER_POLL_MS = 1_000;

const LEASE_NAME = "ringfence";

const clock = (): number => performance.now();

keepGarbageYoung();
const argv = process.argv.slice(2);
// oxlint-disable-next-line node/no-process-env -- the one place where the process's surroundings come in
const read = loadConfig(argv, process.env);
if (argv.includes("--help") || argv.includes("-h")) process.stdout.write(usage());
else if (read.ok) await run(read.value);
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
  const { ownNamespace, identity, leaderElection } = config;
  const certificate = await CertificateFiles.open(config);
  const metrics = new Metrics(() => ({
    isSynced: cluster.synced(),
    snapshotAgeMs: cluster.ageMs(),
    unreadable: cluster.unreadable().length,
    engine: cluster.engine.stats(),
    certificateExpiry: certificate.current.notAfter,
    certificateRefused: certificate.problem !== null,
    resourceProblems: ruleBook.problems().size,
    brokenInvariants: clusterSide.audit.broken(),
    logLinesLost: logger.lostLines,
  }));
  const { observe, observer } = createObservers(logger, metrics, () => cluster.ageMs());

  const client = new ApiClient({ kubeconfig: config.kubeconfig });
  const ruleBook = new RuleBook({
    registry: createRegistry(VALIDATORS),
    ownNamespace,
    compileCustomRule: await loadCustomRules(),
  });
  const resourceFolder = new ResourceFolder({
    folder: config.resourceFolder,
    receive: (resources) => ruleBook.replaceFiles(resources, (key) => usersOf(key, cluster.engine)),
    report: (problems) => {
      ruleBook.noteFiles(problems);
      logger.problems(problems);
    },
    pollMs: FOLDER_POLL_MS,
  });
  const parts = { config, client, ruleBook, clock, observe };
  const clusterSide = createClusterSide(parts);
  const { cluster } = clusterSide;
  const { admission, events, exemptionWatch } = createRequestSide({
    ...parts,
    clusterSide,
    observer,
  });
  const loneWork = new LoneWork({
    workers: [...clusterSide.writers, exemptionWatch],
    leaderElection,
    client,
    namespace: ownNamespace,
    name: LEASE_NAME,
    identity,
    observe,
  });
  const listeners = new Listeners({
    addresses: config,
    certificate,
    certificateListener: {
      replaced: ({ notAfter }) =>
        logger.info("certificate replaced", { notAfter: notAfter.toISOString() }),
      refused: (problem) => logger.problems([problem]),
    },
    admission,
    deadlineMs: config.decisionDeadlineMs,
    clock,
    metrics,
    unready: () =>
      cluster.synced() ? null : ["the cluster has not been read", ...cluster.problems()].join("\n"),
  });

  await resourceFolder.start();
  cluster.start();
  void cluster.whenSynced().then(() => loneWork.start());
  logger.info("serving", { host: config.listenAddress, ...(await listeners.listen()) });

  const signal = await stopSignal();
  logger.info("stopping", { signal });
  await Promise.all([listeners.drain(), loneWork.stop()]);
  await events.stop();
  await cluster.stop();
  resourceFolder.stop();
  client.close();
  await listeners.close();
}
