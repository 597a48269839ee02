import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { renderCustomResourceDefinition } from "../../src/resources/custom-resource-definition.ts";
import { RESOURCE_KINDS } from "../../src/resources/resource.ts";
import { field, isObject } from "../../src/wire/shape.ts";

/**
 * What there is in a structural schema of apiextensions.k8s.io/v1 (JSONSchemaProps), of which Ringfence's
 * have no `default` but for what has a column: what is stored is what was written.
 */
const KNOWN = [
  ["type", "description", "format", "enum", "pattern", "nullable", "properties", "items"],
  ["additionalProperties", "required", "oneOf", "minimum", "maximum", "minLength", "maxLength"],
  ["minItems", "maxItems", "minProperties", "maxProperties", "x-kubernetes-list-type"],
  [
    "x-kubernetes-list-map-keys",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
  ],
].flat();

/** Every schema within a schema, with where it stands. */
function* schemasIn(schema: unknown, path = ""): Generator<readonly [string, object]> {
  if (!isObject(schema)) return;
  yield [path, schema];
  for (const [name, of] of Object.entries(field(schema, "properties") ?? {})) {
    yield* schemasIn(of, `${path}.${name}`);
  }
  yield* schemasIn(field(schema, "items"), `${path}[]`);
  yield* schemasIn(field(schema, "additionalProperties"), `${path}{}`);
}

describe.each(RESOURCE_KINDS)("the definition of $kind", (definition) => {
  const rendered = renderCustomResourceDefinition(definition);
  const [version] = field(rendered, "spec", "versions") as readonly unknown[];
  const schema = field(version, "schema", "openAPIV3Schema");
  const schemas = [...schemasIn(schema)];
  // An Invariant without an action denies, which its column has to say.
  const shown = new Set(definition.kind === "Invariant" ? [".spec.action"] : []);

  it("is structural: every field has one type, and nothing stands in it that may not", () => {
    expect(schemas.length).toBeGreaterThan(20);
    for (const [path, of] of schemas) {
      expect(typeof field(of, "type"), path).toBe("string");
      expect(
        Object.keys(of).filter((key) => !KNOWN.includes(key)),
        path,
      ).toEqual(shown.has(path) ? ["default"] : []);
    }
  });

  it("describes every field, for `kubectl explain`", () => {
    // The API server has words of its own for those that every object has.
    const everywhere = /^\.(apiVersion|kind|metadata)$|(\[\]|\{\})$/;
    const undescribed = schemas
      .filter(
        ([path, of]) => !everywhere.test(path) && typeof field(of, "description") !== "string",
      )
      .map(([path]) => path);
    expect(undescribed).toEqual([]);
  });

  it("bounds what its validations in CEL cost: every list around one, and every text in one", () => {
    for (const [path, of] of schemas) {
      const validations = (field(of, "x-kubernetes-validations") ?? []) as readonly unknown[];
      if (validations.length === 0) continue;
      // The cost of a rule counts as often as its list may be long.
      const lists = [...path.matchAll(/\[\]/g)].map(({ index }) => path.slice(0, index));
      for (const list of lists) {
        const [, around] = schemas.find(([at]) => at === list) ?? [];
        expect(field(around, "maxItems"), `${path}: ${list}`).toBeLessThanOrEqual(100);
      }
      for (const validation of validations) {
        const rule = String(field(validation, "rule"));
        expect(rule).not.toMatch(/\.(all|exists|map|filter)\(|matches\(/);
        for (const [, named = ""] of rule.matchAll(/self((?:\.\w+)+)/g)) {
          const [, about] = schemas.find(([at]) => at === `${path}${named}`) ?? [];
          const isText = field(about, "type") === "string";
          if (isText) expect(field(about, "maxLength"), `${path}${named}`).toBeLessThanOrEqual(63);
        }
      }
    }
  });

  it("has a status of its own, with conditions", () => {
    expect(field(version, "subresources", "status")).toEqual({});
    expect(field(schema, "properties", "status", "properties", "conditions")).toBeDefined();
  });
});

it("stands in the manifests as it is printed, in words that YAML 1.1 reads alike", () => {
  const path = new URL("../../manifests/base/custom-resource-definitions.yaml", import.meta.url);
  const text = readFileSync(path, "utf8");
  for (const version of ["1.1", "1.2"] as const) {
    const documents = parseAllDocuments(text, { version }).map((document): unknown => {
      const value: unknown = document.toJS();
      return value;
    });
    expect(documents).toEqual(RESOURCE_KINDS.map(renderCustomResourceDefinition));
  }
});
