import { expect, it } from "vitest";
import { z } from "zod";
import { knownFields } from "../../src/wire/known-fields.ts";

const item = z.strictObject({ port: z.int(), name: z.string().nullish() });
const schema = z.strictObject({
  name: z.string(),
  items: z.array(z.preprocess((raw) => raw ?? {}, item)).default([]),
  inner: z
    .strictObject({ deep: item.optional() })
    .prefault({})
    .transform((inner) => inner.deep),
  labels: z.record(z.string(), z.string()).nullable(),
});

it.each<[string, readonly PropertyKey[], readonly string[]]>([
  ["at the top", [], ["name", "items", "inner", "labels"]],
  ["of the items of a list", ["items", 3], ["port", "name"]],
  ["of what may be left out", ["inner", "deep"], ["port", "name"]],
  ["nowhere but in objects", ["name"], []],
  ["of a list itself", ["items"], []],
  ["of what has any keys", ["labels"], []],
  ["of what there is not", ["constructor"], []],
])("knows the fields %s", (_, path, expected) => {
  expect(knownFields(schema, path)).toEqual(expected);
});
