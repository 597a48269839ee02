import { describe, expect, it } from "vitest";
import { z } from "zod";
import { DATAPLANES } from "../../src/engine/dataplane.ts";
import { MatchingEngine } from "../../src/engine/matching-engine.ts";
import { type Labels, POLICY_KINDS, type Selector } from "../../src/engine/model.ts";
import { DEFAULT_BASELINE } from "../../src/resources/baseline.ts";
import type { Profile, ProfileRule } from "../../src/resources/profile.ts";
import { compileProfile } from "../../src/rules/compile-profile.ts";
import { loadCustomRules } from "../../src/rules/load-custom-rules.ts";
import { createRegistry } from "../../src/rules/registry.ts";
import {
  type CompiledProfile,
  type CompiledProfiles,
  defineValidator,
  type RuleSituation,
  type Validator,
} from "../../src/rules/rule.ts";
import { runRules } from "../../src/rules/run-rules.ts";
import { atMost, isWeaker, soften } from "../../src/rules/severity.ts";
import { unasked } from "../../src/rules/unasked.ts";
import { NO_FACTS } from "../support/facts.ts";

const common = {
  title: "A rule",
  why: "It is.",
  fix: "Do.",
  kinds: ["Namespace"],
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
/** Takes a tenth of a second of the test's time for each question. */
let nowMs = 0;
const endless = defineValidator({
  ...common,
  id: "endless",
  check: ({ after }) => {
    while (after.namespaceCount() >= 0) nowMs += 100;
    return [];
  },
});
const ofPolicies = defineValidator({ ...complains, id: "of-policies", kinds: POLICY_KINDS });
const ofDeletes = defineValidator({ ...complains, id: "of-deletes", operations: ["DELETE"] });

const registry = createRegistry([endless, complains, isUnsure, throws, ofPolicies, ofDeletes]);

const compileCustomRule = await loadCustomRules();

const delta = { opened: [], closed: [], unsure: [], nodesLose: () => [] };
const situation: RuleSituation = {
  operation: "CREATE",
  object: { kind: "namespace", manifest: { metadata: { name: "shop" } } },
  oldObject: null,
  namespaceLabels: null,
  request: unasked({ kind: "Namespace", namespace: "shop", name: "shop" }),
  clock: () => 0,
  deadline: 1,
  delta,
  ownDelta: delta,
  after: new MatchingEngine({ dataplane: DATAPLANES.generic }),
  facts: NO_FACTS,
};

const NO_PROFILES: CompiledProfiles = {
  get: () => undefined,
  baselineNeeds: () => undefined,
  baselinePolicies: () => [],
  baselineMisfits: () => [],
};

function profile(rules: readonly ProfileRule[]): Profile {
  return {
    kind: "Profile",
    name: "test",
    description: "",
    extends: null,
    baseline: null,
    announceChanges: null,
    maxExemptionDays: null,
    rules,
    customRules: [],
  };
}

function compiled(...rules: readonly ProfileRule[]): CompiledProfile {
  const result = compileProfile(profile(rules), {
    registry,
    parent: null,
    baseline: DEFAULT_BASELINE.name,
    compileCustomRule,
  });
  if (!result.ok) throw new Error("the profile does not compile");
  return result.value;
}

function rule(validator: Validator, action: ProfileRule["action"] = "Deny"): ProfileRule {
  return { id: validator.id, action, parameters: {}, match: null };
}

describe("runRules", () => {
  it("gives every finding its rule and the profile's action", () => {
    const rules = compiled({ ...rule(complains, "Audit"), parameters: { word: "no" } });
    expect(runRules(rules, NO_PROFILES, situation)).toEqual({
      findings: [
        { ruleId: "complains", action: "Audit", finding: { path: "a", message: "no", help: "" } },
      ],
      faults: [],
    });
  });

  it("lets the other rules answer when one throws, and shows the fault with its cause", () => {
    const rules = compiled(rule(throws), rule(complains));
    const { findings, faults } = runRules(rules, NO_PROFILES, situation);
    expect(findings.map(({ ruleId }) => ruleId)).toEqual(["complains"]);
    expect(faults).toMatchObject([
      {
        ruleId: "throws",
        onFault: "deny",
        error: { code: "NP_E_FAULT", cause: { message: "a defect" } },
      },
    ]);
  });

  it.each([
    ["Deny", "at the deadline", 4_000],
    ["Warn", "after half a second", 500],
  ] as const)("ends a rule that would %s and asks without end %s, and goes on", (action, _, ms) => {
    nowMs = 0;
    const asked = { ...situation, clock: () => nowMs, deadline: 4_000 };
    const rules = compiled(rule(endless, action), rule(complains));
    const { findings, faults } = runRules(rules, NO_PROFILES, asked);
    expect(nowMs).toBe(ms + 100);
    expect(faults.map(({ error }) => error.message)).toEqual([
      "rule `endless` failed: it took too long",
    ]);
    expect(findings.map(({ ruleId }) => ruleId)).toEqual(["complains"]);
  });

  it("does not refuse for the fault of a rule that may only warn", () => {
    const { faults } = runRules(compiled(rule(throws, "Warn")), NO_PROFILES, situation);
    expect(faults.map(({ onFault }) => onFault)).toEqual(["warn"]);
  });

  it("does not refuse for a finding that is not sure", () => {
    const actions = (action: ProfileRule["action"]): readonly string[] =>
      runRules(compiled(rule(isUnsure, action)), NO_PROFILES, situation).findings.map(
        (finding) => finding.action,
      );
    expect(actions("Deny")).toEqual(["Warn"]);
    expect(actions("Audit")).toEqual(["Audit"]);
  });

  it("runs only rules of the object's kind and the request's operation", () => {
    const rules = compiled(rule(ofPolicies), rule(ofDeletes));
    expect(runRules(rules, NO_PROFILES, situation)).toEqual({ findings: [], faults: [] });
  });

  it("judges a delete by the old object, and nothing at all without one", () => {
    const { object } = situation;
    const rules = compiled(rule(ofDeletes));
    const found = (oldObject: typeof object): number =>
      runRules(rules, NO_PROFILES, { ...situation, operation: "DELETE", object: null, oldObject })
        .findings.length;
    expect(found(object)).toBe(1);
    expect(found(null)).toBe(0);
  });
});

describe("compileProfile", () => {
  it("names every rule that does not exist, stands twice or has wrong parameters", () => {
    const result = compileProfile(
      profile([
        { ...rule(complains), parameters: { word: 1, wrod: "x" } },
        { ...rule(complains), id: "constructor" },
        rule(isUnsure),
        { ...rule(isUnsure, "Warn"), match: [] },
        { ...rule(throws), parameters: { word: [] } },
      ]),
      { registry, parent: null, baseline: DEFAULT_BASELINE.name, compileCustomRule },
    );
    expect(result).toEqual({
      ok: false,
      error: [
        {
          code: "NP_E_RESOURCE",
          path: "spec.rules[0].parameters.word",
          message: "`1` is not a string; put it in quotes",
        },
        {
          code: "NP_E_RESOURCE",
          path: "spec.rules[0].parameters.wrod",
          message: "unknown field `wrod`; did you mean `word`?",
        },
        {
          code: "NP_E_RESOURCE",
          path: "spec.rules[1].id",
          message: "`constructor` is no rule",
        },
        {
          code: "NP_E_RESOURCE",
          path: "spec.rules[3].id",
          message: "`is-unsure` stands above already, for all namespaces",
        },
        {
          code: "NP_E_RESOURCE",
          path: "spec.rules[4].parameters.word",
          message: "a list is not a string",
        },
      ],
    });
  });

  it("orders the rules as the registry does", () => {
    const { rules } = compiled(rule(throws), rule(complains));
    expect(rules.map(({ validator }) => validator.id)).toEqual(["complains", "throws"]);
  });
});

describe("entries of a rule with a match", () => {
  const prod: Selector = [{ key: "tier", operator: "In", values: ["prod"] }];
  const actionsIn = (rules: CompiledProfile, labels: Labels | null): readonly string[] =>
    runRules(rules, NO_PROFILES, { ...situation, namespaceLabels: labels }).findings.map(
      ({ action }) => action,
    );
  const rules = compiled(
    { ...rule(complains, "Deny"), match: prod },
    { ...rule(complains, "Warn"), match: [{ key: "tier", operator: "Exists", values: [] }] },
  );

  it.each<[string, Labels | null, readonly string[]]>([
    ["the first that matches", new Map([["tier", "prod"]]), ["Deny"]],
    ["else the next", new Map([["tier", "dev"]]), ["Warn"]],
    ["none where none matches", new Map(), []],
    ["none for what has no namespace", null, []],
  ])("counts %s", (_, labels, actions) => {
    expect(actionsIn(rules, labels)).toEqual(actions);
  });

  it("come before those of the profile that is extended, which count where they do not match", () => {
    const parent = compiled(rule(complains, "Audit"), rule(isUnsure, "Warn"));
    const child = profile([
      { ...rule(complains, "Disabled"), match: prod },
      { ...rule(isUnsure, "Disabled") },
    ]);
    const result = compileProfile(child, {
      registry,
      parent,
      baseline: DEFAULT_BASELINE.name,
      compileCustomRule,
    });
    if (!result.ok) throw new Error("the profile does not compile");
    expect(actionsIn(result.value, new Map([["tier", "prod"]]))).toEqual([]);
    expect(actionsIn(result.value, new Map())).toEqual(["Audit"]);
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
