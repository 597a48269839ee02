import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { referencePages } from "../../scripts/print-reference.ts";
import { createMutators } from "../../src/mutators/index.ts";
import { createRegistry } from "../../src/rules/registry.ts";
import { defineValidator, type Validator } from "../../src/rules/rule.ts";
import { isWeaker } from "../../src/rules/severity.ts";
import { VALIDATORS } from "../../src/validators/index.ts";

const ROOT = join(import.meta.dirname, "../..");

function filesOf(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(".ts") && name !== "index.ts")
    .map((name) => name.slice(0, -3))
    .toSorted();
}

const wellFormed = defineValidator({
  id: "no-cats",
  title: "A cat",
  why: "Cats sleep.",
  fix: "Get a dog.",
  kinds: ["NetworkPolicy"],
  operations: ["CREATE"],
  shipped: { baseline: null, restricted: null },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check: () => [],
});

describe("the list of rules", () => {
  it("is well-formed", () => {
    expect(createRegistry(VALIDATORS).get("open-world")?.id).toBe("open-world");
    expect(createRegistry(VALIDATORS).get("constructor")).toBeUndefined();
  });

  it("is such that `restricted` does at least what `baseline` does", () => {
    const weaker = VALIDATORS.filter(({ shipped: { baseline, restricted } }) => {
      if (baseline === null) return false;
      return restricted === null || isWeaker(restricted, baseline);
    });
    expect(weaker.map(({ id }) => id)).toEqual([]);
  });

  it("holds every rule file under the id that is its name, and every mutator", () => {
    expect(VALIDATORS.map(({ id }) => id).toSorted()).toEqual(filesOf("src/validators"));
    const mutators = createMutators(() => "");
    expect(mutators.map(({ id }) => id).toSorted()).toEqual(filesOf("src/mutators"));
  });

  it.each<readonly [string, readonly Validator[], string]>([
    ["two rules of one id", [wellFormed, wellFormed], "two rules have the same id"],
    ["an id in other letters", [{ ...wellFormed, id: "No_Cats" }], "its id is not kebab-case"],
    ["a title that is a sentence", [{ ...wellFormed, title: "A cat." }], "its title"],
    ["a reason that does not end", [{ ...wellFormed, why: "Cats sleep" }], "`why`"],
    ["no remedy", [{ ...wellFormed, fix: "" }], "`fix`"],
    ["no kinds", [{ ...wellFormed, kinds: [] }], "no kinds"],
    ["no operations", [{ ...wellFormed, operations: [] }], "no operations"],
    ["a version that is none", [{ ...wellFormed, since: "soon" }], "`since`"],
    [
      "a parameter without a default",
      [{ ...wellFormed, parameters: z.object({ cats: z.int() }) }],
      "a parameter has no default",
    ],
  ])("refuses %s", (_, validators, complaint) => {
    expect(() => createRegistry(validators)).toThrow(complaint);
  });
});

describe("the reference", () => {
  it.each([...referencePages()])("%s is what `npm run docs` prints", (name, text) => {
    expect(readFileSync(join(ROOT, "docs/reference", name), "utf8")).toBe(text);
  });

  it("has every rule", () => {
    const rules = referencePages().get("rules.md") ?? "";
    for (const { id } of VALIDATORS) expect(rules).toContain(`\n## ${id}\n`);
  });
});
