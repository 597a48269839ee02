import { pino } from "pino";
import type { Judged } from "../admission/decision.ts";
import type { DecisionRecord } from "../admission/record.ts";
import type { AdmissionRequest } from "../admission/review.ts";
import type { ClusterNotice } from "../cluster/notice.ts";
import { AppError, type Problem } from "../errors.ts";
import type { JudgedFinding } from "../rules/run-rules.ts";
import { LineBunches } from "./line-bunches.ts";
import { LogOutput } from "./log-output.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

const STDOUT = 1;

const LEVELS: Readonly<Record<ClusterNotice["kind"], "warn" | "info">> = {
  "watch-failed": "warn",
  unreadable: "warn",
  "baseline-failed": "warn",
  "status-failed": "warn",
  "audit-failed": "warn",
  "event-failed": "warn",
  "event-dropped": "warn",
  "telling-failed": "warn",
  "access-review-failed": "warn",
  "lease-failed": "warn",
  listed: "info",
  absent: "info",
  dataplane: "info",
  "baseline-written": "info",
  "baseline-deleted": "info",
  "baseline-in-place": "info",
  leadership: "info",
};

/** The log: JSON lines on stdout, constant messages, data in fields, no object contents. */
export class Logger {
  readonly #output: LogOutput;
  readonly #lines: LineBunches;
  readonly #pino: pino.Logger;

  constructor(level: LogLevel, fileDescriptor = STDOUT) {
    this.#output = new LogOutput(fileDescriptor);
    this.#lines = new LineBunches(this.#output);
    this.#pino = pino({ level, base: null }, this.#lines);
  }

  /** How many lines could not be written. */
  get lostLines(): number {
    return this.#output.lost;
  }

  /** Write what is still in memory. */
  flush(): void {
    this.#lines.flushSync();
  }

  /** One line per reply. */
  answered(record: DecisionRecord, snapshotAgeMs: number | null): void {
    const { endpoint, uid, outcome, isAllowed, request, decision, error } = record;
    const line = {
      uid,
      endpoint,
      outcome,
      isAllowed,
      durationMs: Math.round(record.durationMs * 1000) / 1000,
      snapshotAgeMs,
      request: request === null ? null : namesOf(request),
      judged: decision?.kind === "judged" ? judgedFields(decision) : null,
    };
    if (outcome === "fault") this.#pino.error({ ...line, err: error }, "request failed");
    else this.#pino.info(line, "request answered");
  }

  ruleFailed(ruleId: string, error: AppError): void {
    this.#pino.error({ ruleId, err: error }, "rule failed");
  }

  cluster(notice: ClusterNotice): void {
    if (LEVELS[notice.kind] === "warn") this.#pino.warn(notice, "trouble with the cluster");
    else this.#pino.info(notice, "news of the cluster");
  }

  /** Something in the process's surroundings cannot be used; what was there before stays in use. */
  problems(problems: readonly Problem[]): void {
    for (const problem of problems) this.#pino.error(problem, "cannot be used");
  }

  info(message: string, fields: Readonly<Record<string, string | number>> = {}): void {
    this.#pino.info(fields, message);
  }

  /** A defect, or the end of the process. */
  failed(error: unknown): void {
    const code = error instanceof AppError ? error.code : "NP_E_FAULT";
    this.#pino.fatal({ code, err: error }, "failed");
  }
}

function namesOf({ kind, namespace, name, operation, dryRun }: AdmissionRequest): object {
  return { kind, namespace, name, operation, dryRun };
}

function judgedFields({ profile, mode, denials, warnings, audits }: Judged): object {
  return {
    profile: profile.name,
    mode,
    denials: ids(denials),
    warnings: ids(warnings),
    audits: ids(audits),
  };
}

function ids(findings: readonly JudgedFinding[]): readonly string[] {
  return findings.map(({ ruleId }) => ruleId);
}
