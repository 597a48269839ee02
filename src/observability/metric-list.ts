/** One metric as it is served and as the reference lists it. */
export interface MetricDescription {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  /** Their values come from closed lists: kinds, codes, rules, resources. Never names of objects. */
  readonly labels: readonly string[];
}

/** Every metric of Ringfence's own. `docs/reference/metrics.md` is printed from this. */
export const METRICS = {
  replies: {
    name: "ringfence_admission_replies_total",
    type: "counter",
    help: "Replies to AdmissionReviews.",
    labels: ["endpoint", "kind", "operation", "outcome", "allowed", "dry_run"],
  },
  duration: {
    name: "ringfence_admission_duration_seconds",
    type: "histogram",
    help: "Time from a parsed AdmissionReview to its reply.",
    labels: ["endpoint"],
  },
  findings: {
    name: "ringfence_findings_total",
    type: "counter",
    help: "Findings of rules in admitted and denied requests, by what was done about them.",
    labels: ["rule", "action"],
  },
  ruleFaults: {
    name: "ringfence_rule_faults_total",
    type: "counter",
    help: "Rules that failed instead of answering.",
    labels: ["rule"],
  },
  waivers: {
    name: "ringfence_waivers_total",
    type: "counter",
    help: "Denials lifted by the right to opt out.",
    labels: [],
  },
  synced: {
    name: "ringfence_cluster_synced",
    type: "gauge",
    help: "Whether every resource has been read once.",
    labels: [],
  },
  snapshotAge: {
    name: "ringfence_cluster_snapshot_age_seconds",
    type: "gauge",
    help: "Time since the API server last confirmed what is known of the cluster; -1 before the first sync.",
    labels: [],
  },
  unreadable: {
    name: "ringfence_cluster_unreadable_objects",
    type: "gauge",
    help: "Stored objects that cannot be read.",
    labels: [],
  },
  watchFailures: {
    name: "ringfence_cluster_watch_failures_total",
    type: "counter",
    help: "Lists and watches that failed; each is tried again.",
    labels: ["resource", "code"],
  },
  baselineWrites: {
    name: "ringfence_baseline_writes_total",
    type: "counter",
    help: "Baseline policies written to the API server.",
    labels: [],
  },
  baselineGap: {
    name: "ringfence_baseline_gap_seconds",
    type: "histogram",
    help: "How long a namespace that opted in was without its baseline, from when the watch showed it.",
    labels: [],
  },
  baselineFailures: {
    name: "ringfence_baseline_failures_total",
    type: "counter",
    help: "Baseline policies that could not be written; each is tried again.",
    labels: ["code"],
  },
  statusFailures: {
    name: "ringfence_status_failures_total",
    type: "counter",
    help: "Statuses of Ringfence's own resources that could not be written; each is tried again.",
    labels: ["code"],
  },
  auditFailures: {
    name: "ringfence_audit_failures_total",
    type: "counter",
    help: "Looks at the stored policies, to count their findings, that failed; each is tried again.",
    labels: ["code"],
  },
  eventFailures: {
    name: "ringfence_event_failures_total",
    type: "counter",
    help: "Events that could not be written, and those that were dropped because there were too many at once (code `dropped`).",
    labels: ["code"],
  },
  leader: {
    name: "ringfence_baseline_leader",
    type: "gauge",
    help: "Whether this process is the one that writes baselines and statuses.",
    labels: [],
  },
  tellingFailures: {
    name: "ringfence_telling_failures_total",
    type: "counter",
    help: "Attempts to tell the other replicas of changes that concern an Invariant before they are admitted, or to read what they told, that failed.",
    labels: ["code"],
  },
  accessReviewFailures: {
    name: "ringfence_access_review_failures_total",
    type: "counter",
    help: "Questions about a user's right to opt out that the API server did not answer.",
    labels: ["code"],
  },
  engine: {
    name: "ringfence_engine_entries",
    type: "gauge",
    help: "What the engine holds.",
    labels: ["of"],
  },
  certificateExpiry: {
    name: "ringfence_certificate_expiry_timestamp_seconds",
    type: "gauge",
    help: "When the serving certificate expires, in seconds since 1970.",
    labels: [],
  },
  certificateRefused: {
    name: "ringfence_certificate_refused",
    type: "gauge",
    help: "Whether the files hold a certificate that cannot be used or is not valid; one from before that is valid stays in use.",
    labels: [],
  },
  logLinesLost: {
    name: "ringfence_log_lines_lost_total",
    type: "counter",
    help: "Lines of the log that could not be written.",
    labels: [],
  },
  brokenInvariants: {
    name: "ringfence_invariants_broken",
    type: "gauge",
    help: "Invariants that the cluster as it is breaks, as the process that writes statuses last found; 0 in the others.",
    labels: [],
  },
  resourceProblems: {
    name: "ringfence_resource_problems",
    type: "gauge",
    help: "Problems of Profiles, Invariants, Baselines and Exemptions; with any, the last good ones stay in force.",
    labels: [],
  },
} as const satisfies Readonly<Record<string, MetricDescription>>;
