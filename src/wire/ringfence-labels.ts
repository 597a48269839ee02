import type { Labels } from "../engine/model.ts";

/** Label of a namespace that opts it in; its value names the profile. */
export const PROFILE_LABEL = "ringfence.dev/profile";

/** Label of a namespace that softens its profile: `enforce`, `warn` or `audit`. */
export const MODE_LABEL = "ringfence.dev/mode";

/**
 * Label of the policies that the baseline controller keeps; its value names the baseline. On a namespace it
 * picks another one than the profile's.
 */
export const BASELINE_LABEL = "ringfence.dev/baseline";

/** Annotation of a namespace: the revision of the baseline that it is to have. */
export const BASELINE_REVISION_ANNOTATION = "ringfence.dev/baseline-revision";

/** Report whether a pod in Ringfence's own namespace is one of its own, as its manifests label them. */
export function isOwnPod({ labels }: { readonly labels: Labels }): boolean {
  return labels.get("app.kubernetes.io/name") === "ringfence";
}
