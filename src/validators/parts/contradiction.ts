import type { Requirement, Selection, Selector } from "../../engine/model.ts";
import type { Finding } from "../../rules/rule.ts";
import { renderSelector } from "./render-selector.ts";

/**
 * What a selection asks for that can never hold all at once, whatever pods and namespaces there are, for the paths of
 * its selectors; null if there may be a match.
 */
export function contradictionIn(
  { namespaces, pods }: Selection,
  paths: Record<"namespaces" | "pods", string>,
): Finding | null {
  const clash = namespaces.kind === "selector" ? clashIn(namespaces.selector) : null;
  if (clash !== null) return finding(clash, paths.namespaces);
  const among = clashIn(pods);
  return among === null ? null : finding(among, paths.pods);
}

function finding(clash: Selector, path: string): Finding {
  const isOfValues = clash.every(({ operator }) => operator === "In");
  return {
    path,
    message: `\`${renderSelector(clash)}\` can match nothing: what is asked of one label has to hold all at once`,
    help: isOfValues
      ? "to mean any of them write one `In` with all the values"
      : "take out one of the requirements",
  };
}

/** The requirements on one label that exclude each other. */
function clashIn(selector: Selector): Selector | null {
  if (selector.length < 2) return null;
  return [...Map.groupBy(selector, ({ key }) => key).values()].find(isClash) ?? null;
}

function isClash(requirements: Selector): boolean {
  const by = (operator: Requirement["operator"]): Selector =>
    requirements.filter((requirement) => requirement.operator === operator);
  if (by("DoesNotExist").length > 0) return by("In").length + by("Exists").length > 0;
  const [first, ...others] = by("In").map(({ values }) => new Set(values));
  if (first === undefined) return false;
  const excluded = new Set(by("NotIn").flatMap(({ values }) => values));
  return others.reduce((left, other) => left.intersection(other), first).isSubsetOf(excluded);
}
