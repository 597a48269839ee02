import { z } from "zod";
import { POLICY_KINDS } from "../engine/model.ts";
import { defineValidator, type Finding, type GovernedObject } from "../rules/rule.ts";
import { field, jsonPath } from "../wire/shape.ts";
import { matchesPattern, patternSchema } from "./parts/pattern.ts";

const wantedSchema = z.strictObject({
  key: z.string().min(1),
  pattern: patternSchema.default(".+"),
});

const wantedListSchema = z.array(wantedSchema).default([]);

const parameters = z.strictObject({
  labels: wantedListSchema.describe(
    "labels that every policy has to have, each with its `key` and a `pattern` for the whole value",
  ),
  annotations: wantedListSchema.describe(
    "the same for annotations; admission does not see one taken off later, since an update that leaves spec and labels alone is not judged, but `check` does",
  ),
});

/** Report policies without the labels and annotations that an organisation wants on them. */
export const requiredMetadata = defineValidator({
  id: "required-metadata",
  title: "A label or an annotation is missing",
  why: "Whoever finds a connection cut off has to find out whom to ask, and why the policy is as it is.",
  fix: "Add what is missing to `metadata`.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: null, restricted: null },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ object, parameters: { labels, annotations } }): readonly Finding[] {
    return [
      ...labels.flatMap((wanted) => judge(object, "labels", wanted)),
      ...annotations.flatMap((wanted) => judge(object, "annotations", wanted)),
    ];
  },
});

function judge(
  object: GovernedObject | null,
  kind: "labels" | "annotations",
  { key, pattern }: z.output<typeof wantedSchema>,
): readonly Finding[] {
  const value = field(object?.manifest, "metadata", kind, key);
  const noun = kind === "labels" ? "label" : "annotation";
  if (typeof value !== "string") {
    const help = `add it, with a value that matches \`${pattern}\``;
    return [{ path: `metadata.${kind}`, message: `has no ${noun} \`${key}\``, help }];
  }
  if (matchesPattern(pattern, value)) return [];
  return [
    {
      path: jsonPath(["metadata", kind, key]),
      message: `\`${value}\` does not match \`${pattern}\``,
      help: `give the ${noun} a value that does`,
    },
  ];
}
