import { closestMatch } from "leven";
import type { Labels, Requirement, Selection, Selector } from "../../engine/model.ts";
import { requirementHolds, selectorMatches } from "../../engine/selector.ts";
import { nearest } from "../../nearest.ts";
import { labelText, listed } from "../../rules/phrases.ts";
import { bearersIn, MAX_READ, namespaceOfMatch, type Surroundings } from "./bearers.ts";

/** PERF: a pod has a dozen labels, but may have thousands. */
const MAX_LABELS = 20_000;

/**
 * What a selector that matches none of `bearers` may have meant, to stand after what is wrong; null if nothing
 * is near. Looked for among bearers that meet the other requirements, if there are any:
 * - the same key with a value spelled nearly so,
 * - the same value under another key, as `name: web` for `app: web`,
 * - else the values that the key has.
 */
export function suggestLabel(
  selector: Selector,
  bearers: Iterable<{ readonly labels: Labels }>,
): string | null {
  const known: Labels[] = [];
  let left = MAX_LABELS;
  for (const { labels } of bearers) {
    left -= labels.size;
    if (known.push(labels) === MAX_READ || left < 0) break;
  }
  const missed =
    selector.find((requirement) => !isMetBySome(requirement, known)) ?? selector.at(-1);
  if (missed === undefined) return null;
  const others = selector.filter((requirement) => requirement !== missed);
  const close = known.filter((labels) => selectorMatches(others, labels));
  return suggestFor(missed, close.length > 0 ? close : known);
}

/** The same for a selection of pods that matches none: it may have meant another namespace. */
export function suggestPods(selection: Selection, surroundings: Surroundings): string | null {
  const elsewhere = namespaceOfMatch(selection.pods, surroundings.after);
  return elsewhere === null
    ? suggestLabel(selection.pods, bearersIn(selection.namespaces, surroundings))
    : `namespace \`${elsewhere}\` has such pods`;
}

function isMetBySome(requirement: Requirement, known: readonly Labels[]): boolean {
  return known.some((labels) => requirementHolds(requirement, labels.get(requirement.key)));
}

function suggestFor(
  { key, operator, values }: Requirement,
  known: readonly Labels[],
): string | null {
  if (operator === "NotIn" || operator === "DoesNotExist") return null;
  const keys = [...new Set(known.flatMap((labels) => [...labels.keys()]))];
  if (operator === "Exists") {
    const nearKey = nearest(key, keys);
    return nearKey === undefined ? null : `did you mean \`${nearKey}\`?`;
  }
  const wanted = values[0] ?? "";
  const present = valuesOf(key, known);
  const nearValue = nearest(wanted, present);
  if (nearValue !== undefined) return didYouMean(key, nearValue);
  const otherKey = closestMatch(key, [...keysWith(wanted, known)]);
  if (otherKey !== undefined) return didYouMean(otherKey, wanted);
  return present.length === 0 ? null : `the key \`${key}\` has ${listed(present.toSorted())} there`;
}

function keysWith(value: string, known: readonly Labels[]): ReadonlySet<string> {
  return new Set(
    known.flatMap((labels) => [...labels].flatMap(([key, each]) => (each === value ? key : []))),
  );
}

function valuesOf(key: string, known: readonly Labels[]): readonly string[] {
  return [...new Set(known.flatMap((labels) => labels.get(key) ?? []))];
}

function didYouMean(key: string, value: string): string {
  return `did you mean \`${labelText(key, value)}\`?`;
}
