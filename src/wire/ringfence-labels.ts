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
