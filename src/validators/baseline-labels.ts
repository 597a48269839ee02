import { z } from "zod";
import { listed } from "../rules/phrases.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { readLabels } from "../wire/metadata.ts";
import { BASELINE_LABEL, PROFILE_LABEL } from "../wire/ringfence-labels.ts";
import { field, textAt } from "../wire/shape.ts";

/** Report namespaces without the labels, or with values, that their baseline cannot be made with. */
export const baselineLabels = defineValidator({
  id: "baseline-labels",
  title: "A namespace's baseline cannot be made",
  why: "A Baseline may use labels and annotations of the namespace, as `$(namespace.labels.team)`, and a namespace may pick another than its profile's by the label `ringfence.dev/baseline`. Where the label or the Baseline is missing, or a value is none that fits where it stands, there is nothing to write, so the namespace is left without a baseline, or with the one it had.",
  fix: "Give the namespace what its Baseline is made with, or pick a Baseline that there is.",
  kinds: ["Namespace"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Deny", restricted: "Deny" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ object, profiles }): readonly Finding[] {
    const labels = field(object?.manifest, "metadata", "labels");
    const profile = profiles.get(String(field(labels, PROFILE_LABEL)));
    if (profile === undefined) return [];
    const picked = field(labels, BASELINE_LABEL);
    const name = typeof picked === "string" ? picked : profile.baseline;
    const needed = profiles.baselineNeeds(name);
    if (needed === undefined) {
      return [
        {
          path: `metadata.labels["${BASELINE_LABEL}"]`,
          message: `there is no Baseline \`${name}\``,
          help: "name one that `kubectl get baselines` shows, or leave the label out",
        },
      ];
    }
    const whose =
      typeof picked === "string"
        ? `baseline \`${name}\``
        : `baseline \`${name}\` of profile \`${profile.name}\``;
    const annotations = field(object?.manifest, "metadata", "annotations");
    const gaps = [
      ...lacking(whose, "label", missing(needed.labels, labels)),
      ...lacking(whose, "annotation", missing(needed.annotations, annotations)),
    ];
    if (gaps.length > 0) return gaps;
    const misfits = profiles.baselineMisfits(name, {
      namespace: textAt(object?.manifest, "metadata", "name"),
      labels: readLabels(labels),
      annotations: readLabels(annotations),
    });
    return misfits.slice(0, 1).map(({ path, message }) => ({
      path: "metadata",
      message: `${whose} cannot be made with these labels and annotations: ${path}: ${message}`,
      help: "give the namespace a value that fits there",
    }));
  },
});

function missing(keys: readonly string[], from: unknown): readonly string[] {
  return keys.filter((key) => typeof field(from, key) !== "string");
}

function lacking(
  baseline: string,
  what: "label" | "annotation",
  keys: readonly string[],
): readonly Finding[] {
  if (keys.length === 0) return [];
  return [
    {
      path: `metadata.${what}s`,
      message: `${baseline} is made with the ${what} ${listed(keys)}, which the namespace does not have`,
      help: `give the namespace the ${what}`,
    },
  ];
}
