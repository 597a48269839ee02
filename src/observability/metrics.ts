import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "@prometheus-io/client";
import type { DecisionRecord } from "../admission/record.ts";
import type { ClusterNotice } from "../cluster/notice.ts";
import type { EngineStats } from "../engine/query.ts";
import { METRICS, type MetricDescription } from "./metric-list.ts";

/** A decision is to take less than a millisecond; beyond its deadline nothing is of interest. */
const DURATION_BUCKETS = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1, 5];

/** Labels of a review that could not be read. */
const UNREAD = { kind: "unknown", operation: "unknown", dryRun: false };

/** Current values, read when Prometheus asks. */
export interface Levels {
  readonly isSynced: boolean;
  /** Null before the first sync. */
  readonly snapshotAgeMs: number | null;
  readonly unreadable: number;
  readonly engine: EngineStats;
  readonly certificateExpiry: Date;
  readonly certificateRefused: boolean;
  readonly resourceProblems: number;
  readonly brokenInvariants: number;
  /** Since the process began. */
  readonly logLinesLost: number;
}

/** The metrics of this process, in a registry of their own. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #replies = counter(this.#registry, METRICS.replies);
  readonly #duration = histogram(this.#registry, METRICS.duration);
  readonly #findings = counter(this.#registry, METRICS.findings);
  readonly #ruleFaults = counter(this.#registry, METRICS.ruleFaults);
  readonly #waivers = counter(this.#registry, METRICS.waivers);
  readonly #watchFailures = counter(this.#registry, METRICS.watchFailures);
  readonly #baselineWrites = counter(this.#registry, METRICS.baselineWrites);
  readonly #baselineGap = histogram(this.#registry, METRICS.baselineGap);
  /** Counters of failures, by what failed; each has the code as its label. */
  readonly #failures = {
    "baseline-failed": counter(this.#registry, METRICS.baselineFailures),
    "status-failed": counter(this.#registry, METRICS.statusFailures),
    "audit-failed": counter(this.#registry, METRICS.auditFailures),
    "event-failed": counter(this.#registry, METRICS.eventFailures),
    "telling-failed": counter(this.#registry, METRICS.tellingFailures),
    "access-review-failed": counter(this.#registry, METRICS.accessReviewFailures),
  };
  readonly #leader = gauge(this.#registry, METRICS.leader);
  /** PERF: a look-up by one string instead of the client's hash of six labels. */
  readonly #replyChildren = new Map<string, Counter.Internal>();

  constructor(levels: () => Levels) {
    collectDefaultMetrics({ register: this.#registry });
    this.#level(METRICS.synced, () => Number(levels().isSynced));
    this.#level(METRICS.snapshotAge, () => {
      const { snapshotAgeMs } = levels();
      return snapshotAgeMs === null ? -1 : snapshotAgeMs / 1000;
    });
    this.#level(METRICS.unreadable, () => levels().unreadable);
    this.#level(METRICS.certificateExpiry, () => levels().certificateExpiry.getTime() / 1000);
    this.#level(METRICS.certificateRefused, () => Number(levels().certificateRefused));
    this.#level(METRICS.resourceProblems, () => levels().resourceProblems);
    this.#level(METRICS.brokenInvariants, () => levels().brokenInvariants);
    counter(this.#registry, METRICS.logLinesLost, (lost) => {
      lost.reset();
      lost.inc(levels().logLinesLost);
    });
    gauge(this.#registry, METRICS.engine, (entries) => {
      for (const [of, value] of Object.entries(levels().engine)) entries.set({ of }, Number(value));
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    return this.#registry.metrics();
  }

  answered(record: DecisionRecord): void {
    this.#countReply(record);
    this.#duration.observe({ endpoint: record.endpoint }, record.durationMs / 1000);
    if (record.decision?.kind !== "judged") return;
    const { denials, warnings, audits, notices } = record.decision;
    for (const { ruleId: rule } of denials) this.#findings.inc({ rule, action: "Deny" });
    for (const { ruleId: rule } of warnings) this.#findings.inc({ rule, action: "Warn" });
    for (const { ruleId: rule } of audits) this.#findings.inc({ rule, action: "Audit" });
    if (notices.some((notice) => notice.kind === "waived")) this.#waivers.inc();
  }

  ruleFailed(rule: string): void {
    this.#ruleFaults.inc({ rule });
  }

  cluster(notice: ClusterNotice): void {
    const { kind } = notice;
    if (kind === "watch-failed") {
      this.#watchFailures.inc({ resource: notice.resource, code: notice.code });
    } else if (kind === "baseline-written") this.#baselineWrites.inc();
    else if (kind === "baseline-in-place") this.#baselineGap.observe(notice.gapMs / 1000);
    else if (kind === "leadership") this.#leader.set(Number(notice.leading));
    else if (kind === "event-dropped") this.#failures["event-failed"].inc({ code: "dropped" });
    else if ("code" in notice) this.#failures[notice.kind].inc({ code: notice.code });
  }

  #countReply({ endpoint, outcome, isAllowed, request }: DecisionRecord): void {
    const { kind, operation, dryRun } = request ?? UNREAD;
    const labels = [endpoint, kind, operation, outcome, String(isAllowed), String(dryRun)];
    const key = labels.join();
    const child = this.#replyChildren.get(key) ?? this.#replies.labels(...labels);
    this.#replyChildren.set(key, child);
    child.inc();
  }

  #level(description: MetricDescription, value: () => number): void {
    gauge(this.#registry, description, (level) => level.set(value()));
  }
}

function counter<const L extends string>(
  registry: Registry,
  of: Described<L>,
  collect?: (counter: Counter<L>) => void,
): Counter<L> {
  const made: Counter<L> = new Counter({
    ...optionsOf(registry, of),
    ...(collect === undefined ? {} : { collect: () => collect(made) }),
  });
  return made;
}

function gauge<const L extends string>(
  registry: Registry,
  of: Described<L>,
  collect?: (gauge: Gauge<L>) => void,
): Gauge<L> {
  const made: Gauge<L> = new Gauge({
    ...optionsOf(registry, of),
    ...(collect === undefined ? {} : { collect: () => collect(made) }),
  });
  return made;
}

function histogram<const L extends string>(registry: Registry, of: Described<L>): Histogram<L> {
  return new Histogram({ ...optionsOf(registry, of), buckets: DURATION_BUCKETS });
}

function optionsOf<const L extends string>(registry: Registry, of: Described<L>) {
  return { name: of.name, help: of.help, labelNames: of.labels, registers: [registry] };
}

interface Described<L extends string> extends MetricDescription {
  readonly labels: readonly L[];
}
