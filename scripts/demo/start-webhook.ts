import { createAdmission } from "../../src/admission/handle.ts";
import { PendingChanges } from "../../src/admission/pending-changes.ts";
import type { AdmissionObserver } from "../../src/admission/record.ts";
import { NO_REPLICAS } from "../../src/admission/replicas.ts";
import type { Config } from "../../src/config/load-config.ts";
import { success } from "../../src/errors.ts";
import { createMutators } from "../../src/mutators/index.ts";
import { DEFAULT_BASELINE } from "../../src/resources/baseline.ts";
import type { ClusterValues } from "../../src/resources/baseline-variables.ts";
import { baselineRevision } from "../../src/resources/render-baseline.ts";
import type { Resource } from "../../src/resources/resource.ts";
import { HeldInvariants } from "../../src/rules/held-invariants.ts";
import { customRulesFor } from "../../src/rules/load-custom-rules.ts";
import { createRegistry } from "../../src/rules/registry.ts";
import { RuleBook } from "../../src/rules/rule-book.ts";
import { createServer } from "../../src/server/create-server.ts";
import { VALIDATORS } from "../../src/validators/index.ts";
import type { EmbeddedCluster } from "./embedded-cluster.ts";
import { createSelfSignedCertificate } from "./self-signed-certificate.ts";

const QUIET: AdmissionObserver = { answered: () => undefined, ruleFailed: () => undefined };

const clock = (): number => performance.now();

/** A webhook that listens on loopback. */
export interface RunningWebhook {
  readonly url: string;
  /** What a webhook configuration would carry as its caBundle, PEM. */
  readonly ca: string;
  stop(): Promise<void>;
}

/**
 * The webhook as `src/main.ts` builds it, except that `cluster` stands for the watches, the
 * certificate is made here, and nobody holds the right to opt out. Port 0 takes a free one.
 */
export async function startWebhook(
  cluster: EmbeddedCluster,
  clusterValues: ClusterValues,
  {
    config,
    port,
    resources,
  }: {
    readonly config: Config;
    readonly port: number;
    /** What the example's organisation has decided. */
    readonly resources: readonly Resource[];
  },
): Promise<RunningWebhook> {
  const registry = createRegistry(VALIDATORS);
  const mutators = createMutators(() => baselineRevision(DEFAULT_BASELINE, clusterValues));
  const ruleBook = new RuleBook({
    registry,
    ownNamespace: config.ownNamespace,
    compileCustomRule: await customRulesFor(resources),
  });
  const problems = ruleBook.replaceFiles(resources);
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join("; "));
  const around = {
    cluster,
    ruleBook,
    invariants: new HeldInvariants(cluster.engine, ruleBook),
    clusterValues: () => clusterValues,
    baselines: { policiesIn: () => [], wantedIn: () => null, annotationsOf: () => new Map() },
    pending: new PendingChanges(cluster.engine, clock),
    replicas: NO_REPLICAS,
    authorizer: { mayOptOut: async () => success(false) },
    clock,
    now: Date.now,
    options: config,
  };
  const certificate = createSelfSignedCertificate("ringfence demo");
  const app = createServer({
    admission: createAdmission(around, mutators, QUIET),
    certificate,
    deadlineMs: config.decisionDeadlineMs,
    clock,
    isDraining: () => false,
  });
  const url = await app.listen({ host: "127.0.0.1", port });
  return {
    url,
    ca: certificate.certificate,
    async stop() {
      app.server.closeIdleConnections();
      await app.close();
    },
  };
}
