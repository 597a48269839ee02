import type { Labels, NamespaceScope, Requirement, Selection, Selector } from "./model.ts";

/**
 * Report whether every requirement holds. A missing key satisfies `NotIn` and `DoesNotExist`
 * (LabelSelectorRequirement, apimachinery `labels.Requirement.Matches`).
 */
export function selectorMatches(selector: Selector, labels: Labels): boolean {
  return selector.every((requirement) =>
    requirementHolds(requirement, labels.get(requirement.key)),
  );
}

/** Report whether one requirement holds for the value of its key; undefined is a missing key. */
export function requirementHolds(requirement: Requirement, value: string | undefined): boolean {
  switch (requirement.operator) {
    case "In":
      return value !== undefined && requirement.values.includes(value);
    case "NotIn":
      return value === undefined || !requirement.values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
  }
}

/** A selector as text; selectors that differ only in order have the same key. */
export function selectorKey(selector: Selector): string {
  const [only] = selector;
  // PERF: nearly all have one requirement of one value, with nothing to sort (`bench -- engine`).
  if (selector.length < 2) return only === undefined ? "" : requirementKey(only);
  return selector.map(requirementKey).toSorted().join(";");
}

function requirementKey({ key, operator, values }: Requirement): string {
  const sorted = values.length < 2 ? (values[0] ?? "") : values.toSorted().join(",");
  return `${key} ${operator} ${sorted}`;
}

/** A namespace scope as text. */
export function scopeKey(scope: NamespaceScope): string {
  return scope.kind === "name" ? `=${scope.name}` : `~${selectorKey(scope.selector)}`;
}

/** A selection as text. */
export function selectionKey(selection: Selection): string {
  return `${scopeKey(selection.namespaces)} / ${selectorKey(selection.pods)}`;
}

/** Report whether two label maps say the same. */
export function sameLabels(a: Labels, b: Labels): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
