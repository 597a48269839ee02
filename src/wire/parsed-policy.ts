import type { Policy } from "../engine/model.ts";
import type { Problem } from "../errors.ts";

/** A policy as it came, untouched, and as the engine reads it. */
export interface ParsedPolicy<M> {
  readonly manifest: M;
  readonly policy: Policy;
  /** What was read in a way its author may not expect; the policy is usable all the same. */
  readonly notices: readonly Problem[];
}
