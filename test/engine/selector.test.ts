import { describe, expect, it } from "vitest";
import type { NamespaceScope, Requirement, Selector } from "../../src/engine/model.ts";
import {
  sameLabels,
  selectionKey,
  selectorKey,
  selectorMatches,
} from "../../src/engine/selector.ts";

const labels = new Map([
  ["app", "web"],
  ["constructor", "x"],
]);

function requirement(
  key: string,
  operator: Requirement["operator"],
  ...values: readonly string[]
): Requirement {
  return { key, operator, values };
}

describe("a selector (LabelSelector, LabelSelectorRequirement)", () => {
  it.for<[string, Selector, boolean]>([
    ["without requirements matches everything", [], true],
    ["In: one of the values", [requirement("app", "In", "api", "web")], true],
    ["In: none of the values", [requirement("app", "In", "api")], false],
    ["In: a missing key", [requirement("tier", "In", "web")], false],
    ["NotIn: one of the values", [requirement("app", "NotIn", "web")], false],
    ["NotIn: none of the values", [requirement("app", "NotIn", "api")], true],
    ["NotIn: a missing key", [requirement("tier", "NotIn", "web")], true],
    ["Exists: a key that is there", [requirement("app", "Exists")], true],
    ["Exists: a missing key", [requirement("tier", "Exists")], false],
    ["DoesNotExist: a key that is there", [requirement("app", "DoesNotExist")], false],
    ["DoesNotExist: a missing key", [requirement("tier", "DoesNotExist")], true],
    [
      "requirements are ANDed",
      [requirement("app", "Exists"), requirement("tier", "Exists")],
      false,
    ],
    ["a key of every object is no label", [requirement("toString", "Exists")], false],
    ["a label may be called as one", [requirement("constructor", "In", "x")], true],
  ])("%s: %j is %s", ([, selector, matches]) => {
    expect(selectorMatches(selector, labels)).toBe(matches);
  });
});

describe("keys of selectors", () => {
  const a = requirement("a", "In", "x", "y");
  const b = requirement("b", "Exists");

  it("are the same in whatever order requirements and values stand", () => {
    expect(selectorKey([a, b])).toBe(selectorKey([b, requirement("a", "In", "y", "x")]));
  });

  it("tell operators, values and scopes apart", () => {
    const named: NamespaceScope = { kind: "name", name: "a" };
    const selected: NamespaceScope = { kind: "selector", selector: [a] };
    const keys = [
      selectionKey({ namespaces: named, pods: [] }),
      selectionKey({ namespaces: named, pods: [a] }),
      selectionKey({ namespaces: selected, pods: [] }),
      selectionKey({ namespaces: selected, pods: [requirement("a", "NotIn", "x", "y")] }),
      selectionKey({ namespaces: selected, pods: [requirement("a", "In", "x")] }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("labels", () => {
  it.for<[string, [string, string][], boolean]>([
    [
      "in another order",
      [
        ["constructor", "x"],
        ["app", "web"],
      ],
      true,
    ],
    [
      "with another value",
      [
        ["constructor", "x"],
        ["app", "api"],
      ],
      false,
    ],
    [
      "with another key",
      [
        ["constructor", "x"],
        ["tier", "web"],
      ],
      false,
    ],
    ["with fewer", [["app", "web"]], false],
  ])("%s", ([, entries, same]) => {
    expect(sameLabels(labels, new Map(entries))).toBe(same);
  });

  it("are the same as themselves", () => {
    expect(sameLabels(labels, labels)).toBe(true);
  });
});
