import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { JsonPlaces } from "../../src/cli/sources/json-places.ts";
import { parseYaml } from "../../src/config/yaml-documents.ts";
import { isObject, jsonKeys, jsonPath } from "../../src/wire/shape.ts";

type Keys = readonly (string | number)[];

/** What leads to every value in there, and to one that is not there. */
function pathsIn(value: unknown, keys: Keys = []): readonly Keys[] {
  const children = Array.isArray(value)
    ? [...value.entries()]
    : isObject(value)
      ? Object.entries(value)
      : [];
  return [
    keys,
    [...keys, "no-such-field"],
    ...children.flatMap(([key, of]) => pathsIn(of, [...keys, key])),
  ];
}

const text = fc.stringMatching(/^[a-z"\\{}[\],: \n/é]{0,8}$/);
const json = fc.jsonValue({ maxDepth: 4, stringUnit: "grapheme-ascii" });
const value = fc.oneof(
  json,
  fc.dictionary(text, fc.oneof(json, text)),
  fc.array(fc.dictionary(text, text)),
);

test("fields of JSON are where a reader of YAML finds them", () => {
  let found = 0;
  fc.assert(
    fc.property(
      value,
      fc.constantFrom(0, 2, "\t"),
      fc.constantFrom("", "\n\n  "),
      (of, indent, before) => {
        const written = `${before}${JSON.stringify(of, null, indent)}`;
        const documents = parseYaml(written, "file");
        const places = new JsonPlaces(written, 0);
        const [document] = documents.ok ? documents.value : [];
        if (document === undefined) return;
        for (const keys of pathsIn(document.value)) {
          // Not every key can be part of a path.
          if (!isDeepStrictEqual(jsonKeys(jsonPath(keys)), keys)) continue;
          found += 1;
          expect([keys, places.position(keys)]).toEqual([keys, document.position(jsonPath(keys))]);
        }
      },
    ),
    { numRuns: 1000 },
  );
  expect(found).toBeGreaterThan(1000);
});

test("of several values one after the other each has its own fields", () => {
  const written = '{"a": 1}\n{"a": {"b": "}"}}';
  expect(new JsonPlaces(written, 8).position(["a", "b"])).toEqual({ line: 2, column: 8 });
});
