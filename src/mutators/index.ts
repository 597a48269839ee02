import type { Labels } from "../engine/model.ts";
import type { Mutator } from "../rules/mutator.ts";
import { namespaceBaseline } from "./namespace-baseline.ts";
import { policyDefaults } from "./policy-defaults.ts";

/** Every mutation, in the order in which they are made. */
export function createMutators(baselineRevision: (labels: Labels) => string): readonly Mutator[] {
  return [namespaceBaseline(baselineRevision), policyDefaults];
}
