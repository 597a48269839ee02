import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { Profile, ProfileRule } from "../../src/config/profile.ts";
import { DATAPLANES } from "../../src/engine/dataplane.ts";
import { MatchingEngine } from "../../src/engine/matching-engine.ts";
import { compileProfile } from "../../src/rules/compile-profile.ts";
import { createRegistry } from "../../src/rules/registry.ts";
import {
  type CompiledProfile,
  defineValidator,
  type RuleSituation,
  type Validator,
} from "../../src/rules/rule.ts";
import { runRules } from "../../src/rules/run-rules.ts";
import { atMost, isWeaker, soften } from "../../src/rules/severity.ts";

const common = {
  title: "A rule",
  why: "It is.",
  fix: "Do.",
  kinds: ["namespace"],
  operations: ["CREATE"],
  shipped: { baseline: null, restricted: null },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({ word: z.string().default("hello") }),
} as const;

const complains = defineValidator({
  ...common,
  id: "complains",
  check: ({ parameters }) => [{ path: "a", message: parameters.word, help: "" }],
});
const isUnsure = defineValidator({
  ...common,
  id: "is-unsure",
  check: () => [{ path: "", message: "perhaps", help: "", unsure: true }],
});
const throws = defineValidator({
  ...common,
  id: "throws",
  onFault: "deny",
  check: () => {
    throw new Error("a defect");
  },
});
const ofPolicies = defineValidator({ ...complains, id: "of-policies", kinds: ["policy"] });
const ofDeletes = defineValidator({ ...complains, id: "of-deletes", operations: ["DELETE"] });

const registry = createRegistry([complains, isUnsure, throws, ofPolicies, ofDeletes]);

const situation: RuleSituation = {
  operation: "CREATE",
  object: { kind: "namespace", manifest: { metadata: { name: "shop" } } },
  oldObject: null,
  delta: { opened: [], closed: [], unsure: [] },
  after: new MatchingEngine({ dataplane: DATAPLANES.generic }),
  facts: {
    dns: [],
    apiServer: [],
    ownNamespace: "ringfence-system",
    ownPods: [],
    webhookPort: 9443,
    templatesOf: () => [],
  },
};

function profile(rules: readonly ProfileRule[]): Profile {
  return { name: "test", description: "", rules, announceChanges: true };
}

function compiled(...rules: readonly ProfileRule[]): CompiledProfile {
  const result = compileProfile(profile(rules), registry);
  if (!result.ok) throw new Error("the profile does not compile");
  return result.value;
}

function rule(validator: Validator, action: ProfileRule["action"] = "Deny"): ProfileRule {
  return { id: validator.id, action, parameters: {} };
}

describe("runRules", () => {
  it("gives every finding its rule and the profile's action", () => {
    const rules = compiled({ id: "complains", action: "Audit", parameters: { word: "no" } });
    expect(runRules(rules, new Map(), situation)).toEqual({
      findings: [
        { ruleId: "complains", action: "Audit", finding: { path: "a", message: "no", help: "" } },
      ],
      faults: [],
    });
  });

  it("lets the other rules answer when one throws, and shows the fault with its cause", () => {
    const rules = compiled(rule(throws), rule(complains));
    const { findings, faults } = runRules(rules, new Map(), situation);
    expect(findings.map(({ ruleId }) => ruleId)).toEqual(["complains"]);
    expect(faults).toMatchObject([
      {
        ruleId: "throws",
        onFault: "deny",
        error: { code: "NP_E_FAULT", cause: { message: "a defect" } },
      },
    ]);
  });

  it("does not refuse for the fault of a rule that may only warn", () => {
    const { faults } = runRules(compiled(rule(throws, "Warn")), new Map(), situation);
    expect(faults.map(({ onFault }) => onFault)).toEqual(["warn"]);
  });

  it("does not refuse for a finding that is not sure", () => {
    const actions = (action: ProfileRule["action"]): readonly string[] =>
      runRules(compiled(rule(isUnsure, action)), new Map(), situation).findings.map(
        (finding) => finding.action,
      );
    expect(actions("Deny")).toEqual(["Warn"]);
    expect(actions("Audit")).toEqual(["Audit"]);
  });

  it("runs only rules of the object's kind and the request's operation", () => {
    const rules = compiled(rule(ofPolicies), rule(ofDeletes));
    expect(runRules(rules, new Map(), situation)).toEqual({ findings: [], faults: [] });
  });

  it("judges a delete by the old object, and nothing at all without one", () => {
    const { object } = situation;
    const rules = compiled(rule(ofDeletes));
    const found = (oldObject: typeof object): number =>
      runRules(rules, new Map(), { ...situation, operation: "DELETE", object: null, oldObject })
        .findings.length;
    expect(found(object)).toBe(1);
    expect(found(null)).toBe(0);
  });
});

describe("compileProfile", () => {
  it("names every rule that does not exist, stands twice or has wrong parameters", () => {
    const result = compileProfile(
      profile([
        { id: "complains", action: "Deny", parameters: { word: 1, wrod: "x" } },
        { id: "constructor", action: "Deny", parameters: {} },
        { id: "is-unsure", action: "Deny", parameters: undefined },
        { id: "is-unsure", action: "Warn", parameters: {} },
        { id: "throws", action: "Deny", parameters: [] },
      ]),
      registry,
    );
    expect(result).toEqual({
      ok: false,
      error: [
        {
          code: "NP_E_PROFILE",
          path: "spec.rules[0].parameters.word",
          message: "`1` is not a string",
        },
        {
          code: "NP_E_PROFILE",
          path: "spec.rules[0].parameters.wrod",
          message: "unknown field `wrod`",
        },
        {
          code: "NP_E_PROFILE",
          path: "spec.rules[1].id",
          message: "`constructor` is no rule",
        },
        {
          code: "NP_E_PROFILE",
          path: "spec.rules[3].id",
          message: "`is-unsure` stands in the profile twice",
        },
        {
          code: "NP_E_PROFILE",
          path: "spec.rules[4].parameters",
          message: "a list is not an object",
        },
      ],
    });
  });

  it("orders the rules as the registry does", () => {
    const { rules } = compiled(rule(throws), rule(complains));
    expect(rules.map(({ validator }) => validator.id)).toEqual(["complains", "throws"]);
  });
});

describe("soften", () => {
  it.each([
    ["Deny", "enforce", "Deny"],
    ["Deny", "warn", "Warn"],
    ["Audit", "warn", "Audit"],
    ["Deny", "audit", "Audit"],
    ["Warn", "audit", "Audit"],
  ] as const)("%s in mode %s is %s", (action, mode, left) => {
    expect(soften(action, mode)).toBe(left);
  });

  it("goes with the order of actions", () => {
    expect(isWeaker("Warn", "Deny")).toBe(true);
    expect(isWeaker("Deny", "Deny")).toBe(false);
    expect(atMost("Warn", "Deny")).toBe("Warn");
  });
});
