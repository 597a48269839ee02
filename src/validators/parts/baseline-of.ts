import type { GovernedObject } from "../../rules/rule.ts";
import { BASELINE_LABEL } from "../../wire/ringfence-labels.ts";
import { field } from "../../wire/shape.ts";

/** The baseline that a policy says it is of; null if of none. */
export function baselineOf(object: GovernedObject | null): string | null {
  const label = field(object?.manifest, "metadata", "labels", BASELINE_LABEL);
  return typeof label === "string" ? label : null;
}
