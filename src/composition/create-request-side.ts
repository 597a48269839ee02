import { type Admission, createAdmission } from "../admission/handle.ts";
import { happeningOf } from "../admission/happening.ts";
import { PendingChanges, POSSIBLE_MS } from "../admission/pending-changes.ts";
import type { AdmissionObserver } from "../admission/record.ts";
import { NO_REPLICAS } from "../admission/replicas.ts";
import type { Surroundings } from "../admission/surroundings.ts";
import { changesOf } from "../admission/told-change.ts";
import { AccessReview } from "../cluster/access-review.ts";
import { EventRecorder, type Happening } from "../cluster/event-recorder.ts";
import { Periodic } from "../cluster/periodic.ts";
import { ReplicaLedger } from "../cluster/replica-ledger.ts";
import { createMutators } from "../mutators/index.ts";
import { ExemptionNotices } from "../rules/exemption-notices.ts";
import type { ClusterSide, ClusterSideOptions } from "./create-cluster-side.ts";

/** The ConfigMap in which the replicas tell each other of changes; `manifests/base/rbac.yaml` names it too. */
const LEDGER_NAME = "ringfence-ledger";

/** Two versions of Ringfence side by side, most likely: what breaks an invariant together with it is not known here. */
const UNHEARD = "another replica told of a change that this one cannot read";

export interface RequestSideOptions extends ClusterSideOptions {
  readonly clusterSide: ClusterSide;
  readonly observer: AdmissionObserver;
}

/** The answers to requests, and the Events that tell of them afterwards. */
export interface RequestSide {
  readonly admission: Admission;
  readonly events: EventRecorder;
  /** Tells of Exemptions ahead of their end; one process at a time is to do so. */
  readonly exemptionWatch: Periodic;
}

/** Build it; nothing is answered or written yet. */
export function createRequestSide(options: RequestSideOptions): RequestSide {
  const { config, client, ruleBook, clock, observe, clusterSide, observer } = options;
  const { cluster, invariants, clusterValues, baselines, baselineController } = clusterSide;
  const { engine } = cluster;
  const now = Date.now;

  const events = new EventRecorder({ client, identity: config.identity, now, observe });
  const leave = (happening: Happening | null): void => {
    if (config.events && happening !== null) events.record(happening);
  };
  const notices = new ExemptionNotices({ ...config, engine, ruleBook, now });
  const exemptionWatch = new Periodic(() => notices.due().forEach(leave));
  const ledger = new ReplicaLedger({
    client,
    namespace: config.ownNamespace,
    name: LEDGER_NAME,
    keptMs: POSSIBLE_MS,
    clock,
    hear: (told) => {
      const changes = changesOf(told, around);
      if (changes !== null) around.pending.admit(changes);
      else observe({ kind: "telling-failed", code: "NP_E_SCHEMA", message: UNHEARD });
    },
    observe,
  });
  const around: Surroundings = {
    cluster,
    ruleBook,
    invariants,
    clusterValues,
    baselines: baselineController,
    pending: new PendingChanges(engine, clock),
    // Whoever needs no election is alone.
    replicas: config.leaderElection ? ledger : NO_REPLICAS,
    authorizer: new AccessReview({ client, observe }),
    clock,
    now,
    options: config,
  };
  const admission = createAdmission(
    around,
    createMutators((labels) => baselines.revisionFor(labels)),
    {
      ...observer,
      answered: (record) => {
        observer.answered(record);
        leave(happeningOf(record));
      },
    },
  );
  return { admission, events, exemptionWatch };
}
