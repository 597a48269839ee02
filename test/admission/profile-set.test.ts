import { expect, it } from "vitest";
import { ProfileSet } from "../../src/admission/profile-set.ts";
import type { Profile } from "../../src/config/profile.ts";
import { builtInProfiles } from "../../src/config/profile-document.ts";
import { createRegistry } from "../../src/rules/registry.ts";
import { VALIDATORS } from "../../src/validators/index.ts";

const registry = createRegistry(VALIDATORS);

function profile(name: string, rule: string): Profile {
  const rules = [{ id: rule, action: "Deny", parameters: {} }] as const;
  return { name, description: "", announceChanges: true, rules };
}

it("holds the built-in profiles", () => {
  const profiles = new ProfileSet(registry, builtInProfiles(VALIDATORS));
  expect(profiles.names()).toEqual(["baseline", "restricted"]);
});

it("puts new profiles in the place of the last", () => {
  const profiles = new ProfileSet(registry, builtInProfiles(VALIDATORS));
  expect(profiles.replace([profile("ours", "allow-all")])).toEqual([]);
  expect(profiles.replace([profile("theirs", "allow-all")])).toEqual([]);
  expect(profiles.names()).toEqual(["baseline", "restricted", "theirs"]);
});

it("stays as it is while one of them cannot be used, and says which", () => {
  const profiles = new ProfileSet(registry, builtInProfiles(VALIDATORS));
  profiles.replace([profile("ours", "allow-all")]);
  const problems = profiles.replace([profile("ours", "no-such-rule"), profile("b", "allow-all")]);
  expect(problems).toEqual([
    {
      code: "NP_E_PROFILE",
      path: "spec.rules[0].id",
      message: "profile `ours`: `no-such-rule` is no rule",
    },
  ]);
  expect(profiles.get("ours")?.rules.map(({ validator }) => validator.id)).toEqual(["allow-all"]);
});
