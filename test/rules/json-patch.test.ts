import { describe, expect, it } from "vitest";
import {
  addAt,
  appendTo,
  applyPatch,
  type PatchOperation,
  pointer,
  pointerKeys,
  removeAt,
  replaceAt,
} from "../../src/rules/json-patch.ts";

const object = { spec: { list: [1, 2, 3], "a/b": { "~": "x" } } };

describe("a JSON Patch", () => {
  it.each<readonly [string, PatchOperation, unknown]>([
    ["gives a field another value", replaceAt('spec["a/b"]["~"]', "y"), { "~": "y" }],
    ["adds a field", addAt('spec["a/b"].new', 1), { "~": "x", new: 1 }],
    ["takes a field away", removeAt('spec["a/b"]["~"]'), {}],
  ])("%s", (_, operation, expected) => {
    expect(applyPatch(object, [operation])).toEqual({ spec: { ...object.spec, "a/b": expected } });
  });

  it.each<readonly [string, PatchOperation, readonly unknown[]]>([
    ["replaces an item", replaceAt("spec.list[1]", "b"), [1, "b", 3]],
    ["inserts one", addAt("spec.list[1]", "b"), [1, "b", 2, 3]],
    ["appends one", appendTo("spec.list", 4), [1, 2, 3, 4]],
    ["takes one out", removeAt("spec.list[0]"), [2, 3]],
  ])("%s", (_, operation, expected) => {
    expect(applyPatch(object, [operation])).toEqual({ spec: { ...object.spec, list: expected } });
  });

  it("is carried out in order, and leaves what it was given as it is", () => {
    const before = structuredClone(object);
    const patch = [removeAt("spec.list[0]"), replaceAt("spec.list[0]", "b")];
    expect(applyPatch(object, patch)).toMatchObject({ spec: { list: ["b", 3] } });
    expect(object).toEqual(before);
  });

  it.each<readonly [string, PatchOperation, string]>([
    ["a field that is not there", replaceAt("spec.gone", 1), "/spec/gone: no `gone`"],
    ["something below it", addAt("spec.gone.below", 1), "/spec/gone/below: no `gone`"],
    ["an item beyond the list", removeAt("spec.list[3]"), "/spec/list/3: no item 3"],
    ["an item that is no number", removeAt("spec.list.x"), "/spec/list/x: no item x"],
    ["a field of a number", addAt("spec.list[0].x", 1), "/spec/list/0/x: nothing there to change"],
  ])("refuses %s", (_, operation, message) => {
    expect(() => applyPatch(object, [operation])).toThrow(message);
  });

  it("writes keys as RFC 6901 has it, and reads them back", () => {
    const keys = ["spec", "a/b", "~", "~1", 0];
    expect(pointer(keys)).toBe("/spec/a~1b/~0/~01/0");
    expect(pointerKeys(pointer(keys))).toEqual(keys.map(String));
  });
});
