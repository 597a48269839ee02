import type { Address, AddressRange } from "./model.ts";
import type { SelectorIndex } from "./selector-index.ts";

/** A stretch that is cut takes over its selectors, which is quicker than to match them anew. */
const COPIES_PER_MATCH = 4;

/**
 * How often the addresses of rules, `blocks`, would have to be matched: each with everybody who is in it, and with every
 * stretch of it that they or other policies tell apart. An upper bound, and a rough one where it is less than `limit`.
 */
export function addressEffort(
  { partition, size }: SelectorIndex,
  blocks: readonly (readonly AddressRange[])[],
  limit: number,
): number {
  const distinct = [...new Map(blocks.map((ranges) => [textOf(ranges), ranges])).values()];
  const cuts = new Set(distinct.flat().flatMap(({ first, last }) => [first, last + 1n]));
  const { atoms, classes } = partition;
  const most = distinct.length * (cuts.size + classes.size) + cuts.size * size;
  if (most <= limit) return most;
  let copies = 0;
  for (const cut of cuts) copies += atoms.find(cut).outside.selectors.size;
  const points = [...cuts];
  for (const { first } of atoms.all()) points.push(first);
  for (const { sample } of classes) points.push(...(sample?.addresses ?? []));
  points.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const matches = distinct
    .flat()
    .reduce((sum, { first, last }) => sum + below(points, last + 1n) - below(points, first), 0);
  return matches + copies / COPIES_PER_MATCH;
}

function textOf(ranges: readonly AddressRange[]): string {
  return ranges.map(({ first, last }) => `${first}-${last}`).join();
}

/** How many of the `points`, which are ascending, are less than `limit`. */
function below(points: readonly Address[], limit: Address): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle] as Address) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
