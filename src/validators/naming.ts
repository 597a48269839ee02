import { z } from "zod";
import { POLICY_KINDS } from "../engine/model.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { field } from "../wire/shape.ts";
import { matchesPattern, patternSchema } from "./parts/pattern.ts";

const parameters = z.strictObject({
  pattern: patternSchema
    .default("[a-z0-9-]+")
    .describe("what the whole name of a policy has to match"),
});

/** Report policies with a name that does not follow the organisation's pattern. */
export const naming = defineValidator({
  id: "naming",
  title: "The name does not follow the pattern",
  why: "Names are what people see in denials, in logs and in flow records; a pattern makes them tell what a policy is for.",
  fix: "Give the policy a name that matches: under another name it is another object, so delete the old one after.",
  kinds: POLICY_KINDS,
  operations: ["CREATE"],
  shipped: { baseline: null, restricted: null },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ object, parameters: { pattern } }): readonly Finding[] {
    const name = field(object?.manifest, "metadata", "name");
    if (typeof name !== "string" || matchesPattern(pattern, name)) return [];
    const message = `\`${name}\` does not match \`${pattern}\``;
    return [{ path: "metadata.name", message, help: "choose a name that does" }];
  },
});
