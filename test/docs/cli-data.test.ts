import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { z } from "zod";
import { VALIDATORS } from "../../src/validators/index.ts";

const page = readFileSync(new URL("../../docs/reference/cli-data.md", import.meta.url), "utf8");
const golden = new URL("../cli/golden/", import.meta.url);
const answers = readdirSync(golden).filter((name) => name.endsWith(".json"));
/** There only if the families differ. */
const OPTIONAL = ["families"];

/** The fields that the page's table gives a kind; one may begin with those of another verb. */
function documented(kind: string): readonly string[] {
  const [, row = ""] = new RegExp(`^\\|[^|]*\\| \`${kind}\` \\| (.*) \\|$`, "m").exec(page) ?? [];
  const own = Array.from(row.matchAll(/`(\w+)`/g), ([, name = ""]) => name);
  const as = row.startsWith("as `simulate`; ") ? documented("Simulation") : [];
  const nested = new Set(["simulate"]);
  return [...as, ...own.filter((name) => !nested.has(name))];
}

/** The texts of a union of TypeScript, or of the codes in one. */
function textsOf(file: string, type: string, pattern: RegExp): readonly string[] {
  const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), "utf8");
  const [, union = ""] = new RegExp(`export type ${type} =([\\s\\S]*?);\\n\\n`).exec(source) ?? [];
  return Array.from(union.matchAll(pattern), ([, text = ""]) => text);
}

it("names every cause", () => {
  const codes = textsOf("engine/query.ts", "CauseCode", /"([a-z-]+)"/g);
  expect(codes.length).toBeGreaterThan(10);
  expect(codes.filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
});

it("names every rule that the reference of rules does not have", () => {
  const rules = new Set<string>(VALIDATORS.map(({ id }) => id));
  const found = textsOf("engine/query.ts", "ClusterFinding", /code: ([a-z" |-]+);/g).flatMap(
    (union) => Array.from(union.matchAll(/"([a-z-]+)"/g), ([, code = ""]) => code),
  );
  expect(found).toContain("mergeable-rules");
  const own = [...found, "reading", "unknown-profile"].filter((id) => !rules.has(id));
  expect(own.filter((id) => !page.includes(`\`${id}\``))).toEqual([]);
});

it("there are answers to hold the page to", () => {
  expect(answers.length).toBeGreaterThan(8);
});

it.each(answers)("%s has the fields that the page lists", (name) => {
  const text = readFileSync(new URL(name, golden), "utf8");
  const { apiVersion, kind, ...fields } = z
    .looseObject({ apiVersion: z.string(), kind: z.string() })
    .parse(JSON.parse(text));
  expect(apiVersion).toBe("ringfence.dev/v1alpha1");
  const listed = new Set(documented(kind));
  expect(listed.size).toBeGreaterThan(0);
  const isThere = (field: string): boolean => field in fields || !OPTIONAL.includes(field);
  expect(Object.keys(fields).toSorted()).toEqual([...listed].filter(isThere).toSorted());
});
