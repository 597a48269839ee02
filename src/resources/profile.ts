import { z } from "zod";
import { POLICY_KINDS, type Selector } from "../engine/model.ts";
import { labelSelectorSchema } from "../wire/label-selector.ts";
import { type DeepReadonly, isObject } from "../wire/shape.ts";
import { API_VERSION, clusterMetadataSchema, resourceNameSchema } from "./resource-metadata.ts";

/** What a profile does with a finding of a rule. */
export type RuleAction = "Deny" | "Warn" | "Audit";

/** How a namespace applies its profile: `ringfence.dev/mode`, `enforce` where the label is absent. */
export type Mode = "enforce" | "warn" | "audit";

/** Kinds of the Kubernetes API that a custom rule may judge. */
const JUDGED_KINDS = [...POLICY_KINDS, "Namespace"] as const;

/** The longest CEL expression; Kubernetes' own limit is of the same order. */
const MAX_EXPRESSION = 10_000;

/** What rules are named like. */
export const RULE_ID = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

const ruleIdSchema = z
  .string()
  .regex(RULE_ID, {
    error: (issue) => `\`${String(issue.input)}\` is not an id such as \`owner-set\``,
  })
  .max(63);

const expressionSchema = z.string().min(1).max(MAX_EXPRESSION);

const matchSchema = z
  .strictObject({
    namespaceSelector: labelSelectorSchema.describe("Labels that the namespace has to have."),
  })
  .optional()
  .transform((match): Selector | null => match?.namespaceSelector ?? null)
  .describe(
    "Where the entry applies, by the labels of the object's namespace; everywhere if left out. Where several entries name one rule, the first that applies counts.",
  );

const freeFormSchema = z
  .custom<Readonly<Record<string, unknown>>>(isObject, { error: "is not an object" })
  .default({})
  .meta({ type: "object", "x-kubernetes-preserve-unknown-fields": true });

const ruleSchema = z.strictObject({
  id: z.string().describe("Id of a rule of the reference."),
  action: z
    .enum(["Deny", "Warn", "Audit", "Disabled"])
    .describe(
      "What becomes of a finding. `Disabled` takes a rule out that the profile extended has.",
    ),
  parameters: freeFormSchema.describe("The rule's own parameters; each has a default."),
  match: matchSchema,
});

const customRuleSchema = z.strictObject({
  id: ruleIdSchema.describe("What findings are called; no rule of the reference may have it."),
  description: z.string().default("").describe("Why the rule is there."),
  action: z.enum(["Deny", "Warn", "Audit"]).describe("What becomes of a finding."),
  expression: expressionSchema.describe(
    "CEL that is true where all is well. It sees `object`, `oldObject`, `request`, `namespaceObject`, `params`, `opened`, `closed` and `reaches(from, to, port)`.",
  ),
  message: z
    .string()
    .default("")
    .describe(
      "What is wrong, for the author of the object; that the expression is not true, if left out.",
    ),
  messageExpression: z
    .string()
    .max(MAX_EXPRESSION)
    .default("")
    .describe("CEL that makes the message; `message` is used where it fails."),
  help: z.string().default("").describe("What to do about it."),
  path: z.string().default("").describe("JSON path of the field at fault."),
  kinds: z
    .array(z.enum(JUDGED_KINDS))
    .min(1)
    .default(["NetworkPolicy"])
    .describe("Kinds of objects that the rule judges; `NetworkPolicy` if left out."),
  operations: z
    .array(z.enum(["CREATE", "UPDATE", "DELETE"]))
    .min(1)
    .default(["CREATE", "UPDATE"])
    .describe("Operations that the rule judges; `CREATE` and `UPDATE` if left out."),
  onFault: z
    .enum(["Deny", "Warn"])
    .describe(
      "What happens when the expression fails, costs too much or takes too long: with `Deny` the request is refused if the action is `Deny` too.",
    ),
  params: freeFormSchema.describe("Values for the expression, under `params`."),
  match: matchSchema,
});

const specSchema = z.strictObject({
  description: z.string().default("").describe("What the profile is for."),
  extends: resourceNameSchema
    .optional()
    .transform((name): string | null => name ?? null)
    .describe(
      "A profile whose rules this one has too; its own entries come first. At most 20 may stand upon each other.",
    ),
  baseline: resourceNameSchema
    .optional()
    .transform((name): string | null => name ?? null)
    .describe(
      "The Baseline of namespaces with this profile; that of the profile extended, else `default`, if left out.",
    ),
  announceChanges: z
    .boolean()
    .optional()
    .transform((announces): boolean | null => announces ?? null)
    .describe(
      "Whether an admitted change says in a warning what it opens and closes; as in the profile extended, else true, if left out.",
    ),
  maxExemptionDays: z
    .int()
    .min(1)
    .max(3650)
    .optional()
    .transform((days): number | null => days ?? null)
    .describe(
      "How many days after its creation an Exemption still counts in namespaces with this profile, and one of a file, which has none, before its end; as in the profile extended, else without a limit, if left out.",
    ),
  rules: z.array(ruleSchema).max(500).default([]).describe("Rules and what becomes of findings."),
  customRules: z
    .array(customRuleSchema)
    .max(100)
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["id"] })
    .default([])
    .describe("Rules of your own, in CEL."),
});

export const profileSchema = z
  .strictObject({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal("Profile"),
    metadata: clusterMetadataSchema,
    spec: specSchema,
    status: z.unknown().optional(),
  })
  .meta({
    "x-kubernetes-validations": [
      {
        rule: "!has(self.spec.extends) || self.spec.extends != self.metadata.name",
        message: "a profile cannot extend itself",
      },
    ],
  })
  .transform(({ metadata, spec }) => ({ kind: "Profile" as const, ...metadata, ...spec }));

/** A set of rules that an organisation applies. */
export type Profile = DeepReadonly<z.output<typeof profileSchema>>;

/** An entry for a rule of the reference. `parameters` are checked by the rule's own schema later. */
export type ProfileRule = Profile["rules"][number];

/** A rule in CEL. */
export type CustomRule = Profile["customRules"][number];

/** What the built-in profiles are made of: each rule says where it belongs. */
export interface ShippedRule {
  readonly id: string;
  readonly shipped: {
    readonly baseline: RuleAction | null;
    readonly restricted: RuleAction | null;
  };
}

const BUILT_INS = [
  { name: "baseline", description: "refuses blatant holes and keeps the baseline in place" },
  { name: "restricted", description: "refuses everything that opens more than it says" },
] as const;

/** The profiles `baseline` and `restricted`, with the rules that name them. */
export function builtInProfiles(rules: readonly ShippedRule[]): readonly Profile[] {
  return BUILT_INS.map(({ name, description }) => ({
    kind: "Profile",
    name,
    description,
    extends: null,
    baseline: null,
    announceChanges: null,
    maxExemptionDays: null,
    customRules: [],
    rules: rules.flatMap(({ id, shipped }) => {
      const action = shipped[name];
      return action === null ? [] : [{ id, action, parameters: {}, match: null }];
    }),
  }));
}
