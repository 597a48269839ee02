import type { DataplaneName } from "../engine/dataplane.ts";
import type { ErrorCode, Problem } from "../errors.ts";

/** What happens in the cluster layer and may be worth a log line or a metric. Names only, no contents. */
export type ClusterNotice =
  /** A list or watch failed; it is tried again by itself. */
  | {
      readonly kind: "watch-failed";
      readonly resource: string;
      readonly code: ErrorCode;
      readonly message: string;
      /** Failures in a row, this one included. */
      readonly failures: number;
      readonly retryMs: number;
    }
  /** A full list was read: `changed` of `objects` were news, `deleted` were gone. */
  | {
      readonly kind: "listed";
      readonly resource: string;
      readonly objects: number;
      readonly changed: number;
      readonly deleted: number;
    }
  /** The cluster does not serve an optional kind; looked for again by and by. */
  | { readonly kind: "absent"; readonly resource: string }
  /** A stored object that Ringfence cannot read. */
  | {
      readonly kind: "unreadable";
      readonly resource: string;
      readonly key: string;
      readonly problems: readonly Problem[];
    }
  /** The agents on the nodes have shown what enforces policies; verdicts follow it from now on. */
  | {
      readonly kind: "dataplane";
      readonly dataplane: DataplaneName;
      readonly evidence: readonly string[];
    }
  | { readonly kind: "baseline-written"; readonly namespace: string; readonly policy: string }
  /** A policy that the namespace's baseline no longer has. */
  | { readonly kind: "baseline-deleted"; readonly namespace: string; readonly policy: string }
  /** A namespace that opted in has its whole baseline for the first time. */
  | {
      readonly kind: "baseline-in-place";
      readonly namespace: string;
      /** How long it was without it, from when the watch showed it. */
      readonly gapMs: number;
    }
  | {
      readonly kind: "baseline-failed";
      readonly namespace: string;
      readonly code: ErrorCode;
      readonly message: string;
      readonly retryMs: number;
    }
  /** The status of one of Ringfence's own resources could not be written. */
  | {
      readonly kind: "status-failed";
      /** `Profile ours` */
      readonly key: string;
      readonly code: ErrorCode;
      readonly message: string;
      readonly retryMs: number;
    }
  /** What is stored could not be looked at; it is tried again. */
  | { readonly kind: "audit-failed"; readonly code: ErrorCode; readonly message: string }
  /** An Event could not be written. */
  | { readonly kind: "event-failed"; readonly code: ErrorCode; readonly message: string }
  /** There were too many at once to remember. */
  | { readonly kind: "event-dropped" }
  | { readonly kind: "leadership"; readonly leading: boolean; readonly message: string }
  /** The lease could not be looked at or renewed; it is tried again. */
  | { readonly kind: "lease-failed"; readonly leading: boolean; readonly message: string }
  /** The other replicas could not be told of a change before it was admitted. */
  | { readonly kind: "telling-failed"; readonly code: ErrorCode; readonly message: string }
  | { readonly kind: "access-review-failed"; readonly code: ErrorCode; readonly message: string };

/** Takes every notice; must not throw. */
export type Observe = (notice: ClusterNotice) => void;
