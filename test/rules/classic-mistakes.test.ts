import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { fixtureSchema, judgeAsShipped } from "./fixture.ts";

/**
 * What people get wrong about NetworkPolicies, each with what `restricted` has to say of it: no less, and no
 * more. The cluster is that of the rules' fixtures, where nothing denies by default: that is said of all of them.
 */
const FOLDER = join(import.meta.dirname, "classic-mistakes");

const mistakeSchema = fixtureSchema.extend({
  /** Ids of the rules that say something, in any order; in brackets those that are for the audit log alone. */
  finds: z.array(z.string()),
});

const mistakes = readdirSync(FOLDER).flatMap((file) =>
  parseAllDocuments(readFileSync(join(FOLDER, file), "utf8")).map((document) =>
    mistakeSchema.parse(document.toJS()),
  ),
);

describe("a classic mistake", () => {
  it("is told by what is told of it alone", () => {
    expect(new Set(mistakes.map(({ about }) => about)).size).toBe(mistakes.length);
    expect(mistakes.length).toBeGreaterThan(25);
  });

  it.each(mistakes)("$about", ({ finds, ...fixture }) => {
    const { findings, faults } = judgeAsShipped("restricted", fixture);
    expect(faults).toEqual([]);
    const found = findings
      .filter(({ ruleId }) => ruleId !== "no-default-deny")
      .map(({ ruleId, action }) => (action === "Audit" ? `(${ruleId})` : ruleId));
    expect([...new Set(found)].toSorted()).toEqual(finds.toSorted());
  });
});
