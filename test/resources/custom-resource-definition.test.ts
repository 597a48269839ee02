import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { renderCustomResourceDefinition } from "../../src/resources/custom-resource-definition.ts";
import { RESOURCE_KINDS } from "../../src/resources/resource.ts";
import { field, isObject } from "../../src/wire/shape.ts";

/**
 * What there is in a structural schema of apiextensions.k8s.io/v1 (JSONSchemaProps), of which Ringfence's
 * have no `default`: what is stored is what was written.
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

  it("is structural: every field has one type, and nothing stands in it that may not", () => {
    expect(schemas.length).toBeGreaterThan(20);
    for (const [path, of] of schemas) {
      expect(typeof field(of, "type"), path).toBe("string");
      expect(
        Object.keys(of).filter((key) => !KNOWN.includes(key)),
        path,
      ).toEqual([]);
    }
  });

  it("describes every field of its spec", () => {
    const undescribed = Object.entries(field(schema, "properties", "spec", "properties") ?? {})
      .filter(([, of]) => typeof field(of, "description") !== "string")
      .map(([name]) => name);
    expect(undescribed).toEqual([]);
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
