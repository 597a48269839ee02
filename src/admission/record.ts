import { type AppError, unreachable } from "../errors.ts";
import type { RuleFault } from "../rules/run-rules.ts";
import { type Decision, isRefused, type Trouble } from "./decision.ts";
import type { AdmissionRequest } from "./review.ts";

export type Endpoint = "validate" | "mutate";

/** What became of a request, for metrics and logs. */
export type Outcome =
  | "allowed"
  | "denied"
  | "let-through"
  | "not-opted-in"
  | Trouble["kind"]
  /** A review that asks nothing that can be answered. */
  | "unusable"
  /** Ringfence itself failed. */
  | "fault";

/** One reply: to what, why, and how long it took. */
export interface DecisionRecord {
  readonly endpoint: Endpoint;
  readonly uid: string;
  readonly outcome: Outcome;
  readonly isAllowed: boolean;
  /** Null where it could not be read. */
  readonly request: AdmissionRequest | null;
  /** Null for mutations, and where nothing was decided. */
  readonly decision: Decision | null;
  readonly durationMs: number;
  /** What failed, where the outcome is `fault`. */
  readonly error: unknown;
}

/** Hears of every reply and of every rule that failed; must not throw. */
export interface AdmissionObserver {
  answered(record: DecisionRecord): void;
  ruleFailed(ruleId: string, error: AppError): void;
}

/** The outcome of a decision. */
export function outcomeOf(decision: Decision): Outcome {
  switch (decision.kind) {
    case "judged":
      return decision.denials.length > 0 ? "denied" : "allowed";
    case "resource":
      return isRefused(decision) ? "denied" : "allowed";
    case "troubled":
      return decision.trouble.kind;
    case "let-through":
    case "not-opted-in":
      return decision.kind;
    default:
      return unreachable(decision);
  }
}

/** The rules that failed on the way to a decision. */
export function faultsOf(decision: Decision): readonly RuleFault[] {
  if (decision.kind === "judged") return decision.faults;
  const isFault = decision.kind === "troubled" && decision.trouble.kind === "rule-fault";
  return isFault ? decision.trouble.faults : [];
}
