import type { Labels } from "../engine/model.ts";
import type { Mutator } from "../rules/mutator.ts";
import { readLabels } from "../wire/metadata.ts";
import { BASELINE_REVISION_ANNOTATION, PROFILE_LABEL } from "../wire/ringfence-labels.ts";
import { field } from "../wire/shape.ts";

/**
 * Stamps a namespace that opts in with the revision of the baseline it is to have, for people and
 * scripts. `revision` is asked each time, for the namespace's labels: it follows the cluster's DNS and
 * the resources.
 */
export function namespaceBaseline(revision: (labels: Labels) => string): Mutator {
  return {
    id: "namespace-baseline",
    title: "Stamp a namespace with its baseline",
    why: "The annotation `ringfence.dev/baseline-revision` tells people and scripts which version of its baseline a namespace is to have. It changes only when the namespace is written, so it may lag behind a change of the Baseline.",
    kinds: ["Namespace"],
    since: "0.1.0",
    assign: (object) => {
      const labels = readLabels(field(object, "metadata", "labels"));
      if (!labels.has(PROFILE_LABEL)) return [];
      const path = ["metadata", "annotations", BASELINE_REVISION_ANNOTATION];
      return [{ path, value: revision(labels) }];
    },
  };
}
