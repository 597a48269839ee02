import { z } from "zod";
import { PROFILE_LABEL } from "../rules/names.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { field } from "../wire/shape.ts";
import { listed } from "./parts/phrases.ts";

/** Report namespaces without the labels that their baseline is filled in with. */
export const baselineLabels = defineValidator({
  id: "baseline-labels",
  title: "A namespace lacks a label that its baseline needs",
  why: "A Baseline may use labels of the namespace, as `$(namespace.labels.team)`. Where the label is missing there is nothing to fill in, so the namespace is left without the baseline, or with the one it had.",
  fix: "Give the namespace the label, or a profile whose baseline does not need it.",
  kinds: ["namespace"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Deny", restricted: "Deny" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ object, profiles }): readonly Finding[] {
    const labels = field(object?.manifest, "metadata", "labels");
    const profile = profiles.get(String(field(labels, PROFILE_LABEL)));
    const missing = (profile?.baselineLabels ?? []).filter(
      (key) => typeof field(labels, key) !== "string",
    );
    if (profile === undefined || missing.length === 0) return [];
    return [
      {
        path: "metadata.labels",
        message: `baseline \`${profile.baseline}\` of profile \`${profile.name}\` is made with the label ${listed(missing)}, which the namespace does not have`,
        help: "give the namespace the label",
      },
    ];
  },
});
