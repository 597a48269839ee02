import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { POLICY_KINDS } from "../../src/engine/model.ts";
import { applyPatch } from "../../src/rules/json-patch.ts";
import { VALIDATORS } from "../../src/validators/index.ts";
import { field } from "../../src/wire/shape.ts";
import { FIXTURES, type Fixture, judgeAsShipped, judgeFixture, readFixture } from "./fixture.ts";

/**
 * Every linter of this field has had these four wrong, so every rule about policies shows what it
 * makes of them, in `pass` or in `fail`.
 */
const CLASSIC_MISTAKES = [
  "namespace-scope",
  "match-expressions",
  "nil-or-empty-selector",
  "policy-types-default",
];

/** Lower-case start, one line, no final period. */
const HOUSE_STYLE = /^[a-z0-9`].*[^.]$/;

const UPDATE = process.env["UPDATE_GOLDEN"] === "1" && process.env["CI"] !== "true";

function namesIn(folder: string, ending: string): readonly string[] {
  const path = join(FIXTURES, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.endsWith(ending))
    .map((name) => basename(name, ending))
    .toSorted();
}

function foldersIn(folder: string): readonly string[] {
  return readdirSync(join(FIXTURES, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .toSorted();
}

/** Rules of `restricted` that refuse more of `after` than of `before`. */
function newDenials(id: string, before: Fixture, after: Fixture): readonly string[] {
  const [old, now] = [before, after].map((fixture) =>
    judgeAsShipped("restricted", fixture, id)
      .findings.filter(({ action }) => action === "Deny")
      .map(({ ruleId }) => ruleId),
  );
  const countIn = (ids: readonly string[] | undefined, one: string): number =>
    (ids ?? []).filter((other) => other === one).length;
  return (now ?? []).filter((one) => countIn(now, one) > countIn(old, one));
}

/** Switching the kind is no way around a rule, unless the other kind has nothing of what it looks at. */
function scopeOf(kind: unknown): string {
  if (kind === "NetworkPolicy" || kind === "Namespace") return kind;
  return "policies of the cluster";
}

function parametersOf(schema: z.ZodType): readonly string[] {
  const { properties } = z
    .object({ properties: z.record(z.string(), z.unknown()) })
    .parse(z.toJSONSchema(schema, { io: "input" }));
  return Object.keys(properties);
}

function isPolicy(object: unknown): boolean {
  return POLICY_KINDS.some((kind) => field(object, "kind") === kind);
}

/** The policy as it might have been before, when it concerned no pod. */
function selectingNobody(object: unknown): unknown {
  const nobody = { matchLabels: { nobody: "here" } };
  const [namespace, name] = ["namespace", "name"].map((key) => field(object, "metadata", key));
  const { spec, ...rest } = z.looseObject({ spec: z.looseObject({}) }).parse(object);
  return {
    ...rest,
    metadata: { namespace, name },
    spec:
      field(object, "kind") === "NetworkPolicy"
        ? { podSelector: nobody }
        : { ...spec, subject: { namespaces: nobody }, ingress: [], egress: [] },
  };
}

describe("fixtures", () => {
  it("are there for every rule, and for nothing else", () => {
    expect(foldersIn(".")).toEqual(VALIDATORS.map(({ id }) => id).toSorted());
  });

  describe.each([...VALIDATORS])("$id", ({ id, kinds, operations, parameters }) => {
    const passing = namesIn(`${id}/pass`, ".yaml");
    const failing = namesIn(`${id}/fail`, ".yaml");

    const creations = failing.filter((name) => {
      const { operation, object } = readFixture(join(FIXTURES, id, "fail", `${name}.yaml`));
      return operation === "CREATE" && operations.includes("UPDATE") && isPolicy(object);
    });

    it("has a pass and a fail folder, nothing beside them and no stray findings", () => {
      expect(foldersIn(id)).toEqual(["fail", "pass"]);
      expect(passing).not.toEqual([]);
      if (!UPDATE) expect(namesIn(`${id}/fail`, ".findings.json")).toEqual(failing);
      expect(readdirSync(join(FIXTURES, id, "pass"))).toHaveLength(passing.length);
      if (!UPDATE) expect(readdirSync(join(FIXTURES, id, "fail"))).toHaveLength(2 * failing.length);
    });

    it.runIf(kinds.includes("NetworkPolicy"))("shows the classic mistakes", () => {
      expect([...passing, ...failing]).toEqual(expect.arrayContaining(CLASSIC_MISTAKES));
    });

    it("finds something in policies of its namespace, in those of the cluster and in Namespaces", () => {
      const found = failing.map((name) => {
        const { object, oldObject } = readFixture(join(FIXTURES, id, "fail", `${name}.yaml`));
        return scopeOf(field(object ?? oldObject, "kind"));
      });
      expect([...new Set(found)].toSorted()).toEqual([...new Set(kinds.map(scopeOf))].toSorted());
    });

    it.each(parametersOf(parameters))("has a fixture that its parameter %s decides", (name) => {
      const all = [
        ...passing.map((one) => `pass/${one}`),
        ...failing.map((one) => `fail/${one}`),
      ].map((one) => readFixture(join(FIXTURES, id, `${one}.yaml`)));
      const decided = all.filter((fixture) => {
        const { [name]: set, ...others } = fixture.parameters;
        if (set === undefined) return false;
        const byDefault = judgeFixture([id], { ...fixture, parameters: others });
        return !isDeepStrictEqual(byDefault.findings, judgeFixture([id], fixture).findings);
      });
      expect(decided).not.toEqual([]);
    });

    it.each(passing)("has nothing to say: %s", (name) => {
      const { findings, faults } = judgeFixture(
        [id],
        readFixture(join(FIXTURES, id, "pass", `${name}.yaml`)),
      );
      expect(faults).toEqual([]);
      expect(findings).toEqual([]);
    });

    it.each(failing)("finds: %s", (name) => {
      const path = join(FIXTURES, id, "fail", name);
      const { findings, faults } = judgeFixture([id], readFixture(`${path}.yaml`));
      expect(faults).toEqual([]);
      const found = findings.map(({ finding, action }) => ({ action, ...finding }));
      expect(found).not.toEqual([]);
      for (const { message, help } of found) {
        expect(message).toMatch(HOUSE_STYLE);
        expect(help).toMatch(HOUSE_STYLE);
      }
      if (UPDATE) writeFileSync(`${path}.findings.json`, `${JSON.stringify(found, null, 2)}\n`);
      expect(found).toEqual(JSON.parse(readFileSync(`${path}.findings.json`, "utf8")));
    });

    it.each(creations)("finds it in an update, too: %s", (name) => {
      const fixture = readFixture(join(FIXTURES, id, "fail", `${name}.yaml`));
      const update = {
        ...fixture,
        operation: "UPDATE",
        oldObject: selectingNobody(fixture.object),
      } as const;
      expect(judgeFixture([id], update).findings).toEqual(judgeFixture([id], fixture).findings);
    });

    it.each(failing)("is rid of what a fix is for, and no worse off: %s", (name) => {
      const fixture = readFixture(join(FIXTURES, id, "fail", `${name}.yaml`));
      for (const { finding } of judgeFixture([id], fixture).findings) {
        if (finding.fix === undefined) continue;
        const fixed = { ...fixture, object: applyPatch(fixture.object, finding.fix.patch) };
        const left = judgeFixture([id], fixed).findings.map((one) => one.finding);
        expect(left).not.toContainEqual(finding);
        expect(left.length).toBeLessThan(judgeFixture([id], fixture).findings.length);
        expect(newDenials(id, fixture, fixed)).toEqual([]);
      }
    });
  });
});
