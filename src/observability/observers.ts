import type { AdmissionObserver } from "../admission/record.ts";
import type { Observe } from "../cluster/notice.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";

/** Who is told of what happens. */
interface Observers {
  readonly observe: Observe;
  readonly observer: AdmissionObserver;
}

/** Log and count whatever happens in the cluster layer and at admission. */
export function createObservers(
  logger: Logger,
  metrics: Metrics,
  snapshotAgeMs: () => number | null,
): Observers {
  return {
    observe: (notice) => {
      logger.cluster(notice);
      metrics.cluster(notice);
    },
    observer: {
      answered: (record) => {
        logger.answered(record, snapshotAgeMs());
        metrics.answered(record);
      },
      ruleFailed: (ruleId, error) => {
        logger.ruleFailed(ruleId, error);
        metrics.ruleFailed(ruleId);
      },
    },
  };
}
