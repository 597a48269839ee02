import type { Labels } from "../engine/model.ts";
import type { Problem } from "../errors.ts";
import { nearest } from "../nearest.ts";
import { BASELINE_LABEL, MODE_LABEL, PROFILE_LABEL } from "./ringfence-labels.ts";
import { jsonPath } from "./shape.ts";

const PREFIX = "ringfence.dev/";
/** The last lets Prometheus in (manifests/base/network-policy.yaml). */
const KNOWN: readonly string[] = [PROFILE_LABEL, MODE_LABEL, BASELINE_LABEL, `${PREFIX}metrics`];
const MODES: readonly string[] = ["enforce", "warn", "audit"];

/** Labels of a namespace that are meant for Ringfence and that it does not know: most likely slips. */
export function optInNotices(labels: Labels): readonly Problem[] {
  const notices: Problem[] = [];
  const note = (key: string, message: string): void => {
    const path = jsonPath(["metadata", "labels", key]);
    notices.push({ code: "NP_E_VALUE", path, message });
  };
  for (const key of labels.keys()) {
    if (!key.startsWith(PREFIX) || KNOWN.includes(key)) continue;
    // Compared without the common prefix, which would make any two of them near.
    const near = nearest(
      key.slice(PREFIX.length),
      KNOWN.map((known) => known.slice(PREFIX.length)),
    );
    const hint = near === undefined ? "" : `; did you mean \`${PREFIX}${near}\`?`;
    note(key, `Ringfence knows no label \`${key}\`${hint}`);
  }
  const mode = labels.get(MODE_LABEL);
  if (mode !== undefined && !MODES.includes(mode)) {
    const modes = MODES.map((one) => `\`${one}\``).join(", ");
    note(MODE_LABEL, `\`${mode}\` is no mode, and so enforces; there is ${modes}`);
  }
  return notices;
}
