import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { VALIDATORS } from "../../src/validators/index.ts";
import { field } from "../../src/wire/shape.ts";
import { FIXTURES } from "./fixture.ts";

const page = readFileSync(
  join(import.meta.dirname, "../../docs/explanation/rule-coverage.md"),
  "utf8",
);
const ids = VALIDATORS.map(({ id }) => id);

it("every rule has its idea in the table of what is covered", () => {
  const rows = page.split("\n").filter((line) => line.startsWith("| "));
  const named = rows.flatMap((row) => idsIn(row.split("|")[2] ?? ""));
  expect(ids.filter((id) => !named.includes(id))).toEqual([]);
});

it("the rules that it says have a fix are those whose fixtures have one", () => {
  const [, list = ""] = page.split("for every finding:");
  expect(idsIn(list).toSorted()).toEqual(ids.filter(hasFix).toSorted());
});

function idsIn(text: string): readonly string[] {
  return Array.from(text.matchAll(/`([a-z][a-z-]*)`/g), ([, id = ""]) => id).filter((id) =>
    ids.includes(id),
  );
}

function hasFix(id: string): boolean {
  const folder = join(FIXTURES, id, "fail");
  return readdirSync(folder)
    .filter((name) => name.endsWith(".findings.json"))
    .some((name) => {
      const findings: unknown = JSON.parse(readFileSync(join(folder, name), "utf8"));
      return Array.isArray(findings) && findings.some((one) => field(one, "fix") !== undefined);
    });
}
