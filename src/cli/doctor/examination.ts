import type { Governance } from "../findings/governance.ts";
import type { Report } from "../report.ts";
import type { SourcePolicy, World } from "../sources/world.ts";

/** What one check came to. */
export interface Diagnosis {
  readonly check: string;
  readonly status: "ok" | "warning" | "problem" | "unknown";
  readonly message: string;
  /** What shows it: objects and fields by name. */
  readonly evidence: readonly string[];
  readonly help: string;
}

/** What a check may look at. */
export interface Patient {
  readonly world: World;
  /** The policies in question. */
  readonly policies: readonly SourcePolicy[];
  /** The namespace in question, null for all. */
  readonly namespace: string | null;
  readonly governance: Governance;
  readonly report: Pick<Report, "progress">;
}

/** A check that found nothing. */
export function fine(check: string, message: string, evidence: readonly string[] = []): Diagnosis {
  return { check, status: "ok", message, evidence, help: "" };
}

/** Report whether an object of that namespace is in question. */
export function concerns({ namespace }: Patient, own: string): boolean {
  return namespace === null || namespace === own;
}
