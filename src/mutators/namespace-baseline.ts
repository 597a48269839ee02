import type { Mutator } from "../rules/mutator.ts";
import { BASELINE_REVISION_ANNOTATION, PROFILE_LABEL } from "../rules/names.ts";
import { field } from "../wire/shape.ts";

/**
 * Stamps a namespace that opts in with the revision of the baseline it is to have, which tells the
 * baseline controller, and people, what to expect there. `revision` is asked each time: it follows
 * the cluster's DNS.
 */
export function namespaceBaseline(revision: () => string): Mutator {
  return {
    id: "namespace-baseline",
    title: "Stamp a namespace with its baseline",
    why: "The baseline controller works from the annotation `ringfence.dev/baseline-revision`: it is there from the first moment, so the two baseline policies are too.",
    kinds: ["Namespace"],
    since: "0.1.0",
    assign: (object) =>
      typeof field(object, "metadata", "labels", PROFILE_LABEL) === "string"
        ? [{ path: ["metadata", "annotations", BASELINE_REVISION_ANNOTATION], value: revision() }]
        : [],
  };
}
