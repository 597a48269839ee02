import { expect, it } from "vitest";
import { builtInProfiles, parseProfile } from "../../src/config/profile-document.ts";
import { complaints, succeed } from "../wire/describe-policy.ts";

const profile = (spec: object, name = "ours") => ({
  apiVersion: "ringfence.dev/v1alpha1",
  kind: "Profile",
  metadata: { name, uid: "1", labels: { team: "a" } },
  spec,
});

it("reads a profile, with defaults for what it need not say", () => {
  const rules = [
    { id: "open-world", action: "Deny", parameters: { maxShare: 0.5 } },
    { id: "allow-all", action: "Warn" },
  ];
  expect(succeed(parseProfile(profile({ rules })))).toEqual({
    name: "ours",
    description: "",
    announceChanges: true,
    rules: [rules[0], { ...rules[1], parameters: {} }],
  });
});

it.each<[string, unknown, readonly string[]]>([
  [
    "a typo",
    profile({ rules: [], anounceChanges: false }),
    ["spec.anounceChanges: unknown field `anounceChanges`"],
  ],
  [
    "a typo in a rule",
    profile({ rules: [{ id: "a", action: "Deny", parameter: {} }] }),
    ["spec.rules[0].parameter: unknown field `parameter`"],
  ],
  [
    "an action that there is not",
    profile({ rules: [{ id: "a", action: "deny" }] }),
    ["spec.rules[0].action: `deny` is not one of `Deny`, `Warn`, `Audit`"],
  ],
  ["no rules", profile({}), ["spec.rules: is missing; expected a list"]],
  [
    "a name no label can carry",
    profile({ rules: [] }, "Our Profile"),
    ["metadata.name: is not a name: it has to be the value of a label, in lower case"],
  ],
  [
    "the name of a built-in profile",
    profile({ rules: [] }, "restricted"),
    ["metadata.name: `restricted` is built in and cannot be replaced; choose another name"],
  ],
  [
    "another kind",
    { ...profile({ rules: [] }), kind: "Invariant" },
    ["kind: `Invariant` is not `Profile`"],
  ],
])("refuses %s", (_name, raw, expected) => {
  const read = parseProfile(raw);
  expect(complaints(read)).toEqual(expected);
  expect(read.ok ? [] : read.error).toMatchObject([{ code: "NP_E_PROFILE" }]);
});

it("builds in what the rules say of themselves", () => {
  const shipped = builtInProfiles([
    { id: "a", shipped: { baseline: "Deny", restricted: "Deny" } },
    { id: "b", shipped: { baseline: null, restricted: "Warn" } },
  ]);
  expect(shipped).toMatchObject([
    { name: "baseline", rules: [{ id: "a", action: "Deny", parameters: {} }] },
    { name: "restricted", rules: [{ id: "a" }, { id: "b", action: "Warn" }] },
  ]);
});
