import { z } from "zod";
import { failure, type Problem, type Result, success } from "../errors.ts";
import { parseShape } from "../wire/shape.ts";
import type { Profile, RuleAction } from "./profile.ts";

const actionSchema = z.enum(["Deny", "Warn", "Audit"]);

const profileDocumentSchema = z
  .strictObject({
    apiVersion: z.literal("ringfence.dev/v1alpha1"),
    kind: z.literal("Profile"),
    // The API server adds fields of its own to `metadata`.
    metadata: z.object({
      name: z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, {
        error: "is not a name: it has to be the value of a label, in lower case",
      }),
    }),
    spec: z.strictObject({
      description: z.string().default(""),
      announceChanges: z.boolean().default(true),
      rules: z.array(
        z.strictObject({
          id: z.string(),
          action: actionSchema,
          parameters: z.record(z.string(), z.unknown()).default({}),
        }),
      ),
    }),
  })
  .transform(({ metadata, spec }): Profile => ({ name: metadata.name, ...spec }));

/** Read a `ringfence.dev/v1alpha1` Profile. A field that there is not is named with its path. */
export function parseProfile(raw: unknown): Result<Profile, readonly Problem[]> {
  const read = parseShape(profileDocumentSchema, raw);
  if (!read.ok) return failure(read.error.map((it) => ({ ...it, code: "NP_E_PROFILE" as const })));
  if (!isBuiltIn(read.value.name)) return success(read.value);
  const message = `\`${read.value.name}\` is built in and cannot be replaced; choose another name`;
  return failure([{ code: "NP_E_PROFILE", path: "metadata.name", message }]);
}

/** What the built-in profiles are made of: each rule says where it belongs. */
export interface ShippedRule {
  readonly id: string;
  readonly shipped: {
    readonly baseline: RuleAction | null;
    readonly restricted: RuleAction | null;
  };
}

/** The profiles `baseline` and `restricted`, with the rules that name them. */
export function builtInProfiles(rules: readonly ShippedRule[]): readonly Profile[] {
  return BUILT_INS.map(({ name, description }) => ({
    name,
    description,
    announceChanges: true,
    rules: rules.flatMap(({ id, shipped }) => {
      const action = shipped[name];
      return action === null ? [] : [{ id, action, parameters: {} }];
    }),
  }));
}

const BUILT_INS = [
  { name: "baseline", description: "refuses blatant holes and keeps the baseline in place" },
  { name: "restricted", description: "refuses everything that opens more than it says" },
] as const;

function isBuiltIn(name: string): boolean {
  return BUILT_INS.some((profile) => profile.name === name);
}
