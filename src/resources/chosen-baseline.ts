import type { Labels } from "../engine/model.ts";
import { failure, type Problem, type Result, success } from "../errors.ts";
import { BASELINE_LABEL, PROFILE_LABEL } from "../wire/ringfence-labels.ts";
import { jsonPath } from "../wire/shape.ts";
import type { Baseline } from "./baseline.ts";
import { resourceProblem } from "./resource-problem.ts";

/** The resources there are, by name. */
export interface BaselineChoices {
  /** Name of the Baseline that a profile names or inherits; undefined where there is no such profile. */
  readonly ofProfile: (name: string) => string | undefined;
  readonly named: (name: string) => Baseline | undefined;
}

/**
 * The baseline of a namespace with those labels: the one that it picks, else that of its profile; or what is wrong
 * with the labels.
 */
export function chosenBaseline(
  labels: Labels,
  { ofProfile, named }: BaselineChoices,
): Result<Baseline, readonly Problem[]> {
  const profile = labels.get(PROFILE_LABEL) ?? "";
  const inherited = ofProfile(profile);
  if (inherited === undefined) return lacking(PROFILE_LABEL, `profile \`${profile}\``);
  const name = labels.get(BASELINE_LABEL) ?? inherited;
  const baseline = named(name);
  return baseline === undefined
    ? lacking(BASELINE_LABEL, `Baseline \`${name}\``)
    : success(baseline);
}

function lacking(label: string, what: string): Result<never, readonly Problem[]> {
  const path = jsonPath(["metadata", "labels", label]);
  return failure([resourceProblem(path, `there is no ${what}`)]);
}
