import type { Labels } from "../engine/model.ts";
import type { Mode } from "../resources/profile.ts";
import { BASELINE_LABEL, MODE_LABEL, PROFILE_LABEL } from "../wire/ringfence-labels.ts";
import { field } from "../wire/shape.ts";

/** What a namespace's labels say: which profile, how hard it is applied, and which baseline. */
export interface OptIn {
  readonly profile: string;
  readonly mode: Mode;
  /** The Baseline that the namespace picks; null: that of the profile. */
  readonly picked: string | null;
}

/** The opt-in of a namespace with these labels; null without the profile label. */
export function optInOf(labels: Labels | undefined): OptIn | null {
  return readOptIn((key) => labels?.get(key));
}

/** The opt-in of a Namespace as it came, which need not be readable. */
export function optInOfObject(object: unknown): OptIn | null {
  const labels = field(object, "metadata", "labels");
  return readOptIn((key) => field(labels, key));
}

function readOptIn(label: (key: string) => unknown): OptIn | null {
  const [profile, mode, picked] = [PROFILE_LABEL, MODE_LABEL, BASELINE_LABEL].map(label);
  if (typeof profile !== "string") return null;
  return {
    profile,
    // SECURITY: any other mode enforces, as the webhook configurations select it: a typo opens no gate.
    mode: mode === "warn" || mode === "audit" ? mode : "enforce",
    picked: typeof picked === "string" ? picked : null,
  };
}
