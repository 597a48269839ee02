import type { Labels } from "../engine/model.ts";
import type { Mutator } from "../rules/mutator.ts";
import { BASELINE_REVISION_ANNOTATION, PROFILE_LABEL } from "../rules/names.ts";
import { readLabels } from "../wire/metadata.ts";
import { field } from "../wire/shape.ts";

/**
 * Stamps a namespace that opts in with the revision of the baseline it is to have, which tells the
 * baseline controller, and people, what to expect there. `revision` is asked each time, for the
 * namespace's labels: it follows the cluster's DNS and the resources.
 */
export function namespaceBaseline(revision: (labels: Labels) => string): Mutator {
  return {
    id: "namespace-baseline",
    title: "Stamp a namespace with its baseline",
    why: "The baseline controller works from the annotation `ringfence.dev/baseline-revision`: it is there from the first moment, so the two baseline policies are too.",
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
