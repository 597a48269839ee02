import { z } from "zod";
import type { Requirement, Selector } from "../engine/model.ts";
import { isSubdomain, stringMapSchema } from "./metadata.ts";
import { MAX_PROBLEMS } from "./shape.ts";

/** `qualified name` of Kubernetes, without its prefix. */
const NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/;

const requirementSchema = z.strictObject({
  key: z.string().describe("Key of the label."),
  operator: z
    .enum(["In", "NotIn", "Exists", "DoesNotExist"])
    .describe("How the label has to stand to the values."),
  values: z
    .array(z.string())
    .nullish()
    .describe("Values, for `In` and `NotIn` at least one; else none."),
});

/**
 * `LabelSelector` as the API server validates it, `matchLabels` and `matchExpressions` ANDed into
 * one list. An unknown field is a problem: it could only narrow what we believe is selected.
 */
export const labelSelectorSchema = z
  .strictObject({
    matchLabels: stringMapSchema.nullish().describe("Labels with the values they have to have."),
    matchExpressions: z
      .array(requirementSchema)
      .nullish()
      .describe("Requirements, all of which have to be met."),
  })
  .transform(toSelector);

/** A selector where a newer API may know more than we do: `"unknown"` if it has other fields. */
export const openLabelSelectorSchema = z
  .looseObject({
    matchLabels: stringMapSchema.nullish(),
    matchExpressions: z.array(requirementSchema).nullish(),
  })
  .transform((selector, context): Selector | "unknown" => {
    const fields = Object.keys(selector);
    return fields.every((name) => name === "matchLabels" || name === "matchExpressions")
      ? toSelector(selector, context)
      : "unknown";
  });

interface SelectorShape {
  readonly matchLabels?: ReadonlyMap<string, string> | null | undefined;
  readonly matchExpressions?: readonly z.output<typeof requirementSchema>[] | null | undefined;
}

function toSelector(selector: SelectorShape, context: z.RefinementCtx): Selector {
  const complain = (path: PropertyKey[], message: string): void => {
    if (context.issues.length >= MAX_PROBLEMS) return;
    context.addIssue({ code: "custom", path, message, input: selector });
  };
  const equalities = Array.from(selector.matchLabels ?? [], ([key, value]): Requirement => {
    if (!isLabelKey(key)) complain(["matchLabels", key], `\`${key}\` is not a label key`);
    if (!isLabelValue(value)) complain(["matchLabels", key], `\`${value}\` is not a label value`);
    return { key, operator: "In", values: [value] };
  });
  const expressions = (selector.matchExpressions ?? []).map((expression, index): Requirement => {
    const at = ["matchExpressions", index];
    const { key, operator } = expression;
    const values = expression.values ?? [];
    const takesValues = operator === "In" || operator === "NotIn";
    if (!isLabelKey(key)) complain([...at, "key"], `\`${key}\` is not a label key`);
    if (takesValues && values.length === 0) {
      complain([...at, "values"], `operator \`${operator}\` needs at least one value`);
    }
    if (!takesValues && values.length > 0) {
      complain([...at, "values"], `operator \`${operator}\` takes no values`);
    }
    for (const [position, value] of values.entries()) {
      if (isLabelValue(value)) continue;
      complain([...at, "values", position], `\`${value}\` is not a label value`);
    }
    return { key, operator, values };
  });
  return [...equalities, ...expressions];
}

/** Report whether the API server takes this for the key of a label. */
export function isLabelKey(key: string): boolean {
  const slash = key.indexOf("/");
  const isPrefixed = slash < 0 || isSubdomain(key.slice(0, slash));
  return isPrefixed && NAME.test(key.slice(slash + 1));
}

/** Report whether the API server takes this for the value of a label. */
export function isLabelValue(value: string): boolean {
  return value === "" || NAME.test(value);
}
