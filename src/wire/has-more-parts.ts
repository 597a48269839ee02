import { isObject } from "./shape.ts";

/** No part is written with more fields and items: a peer that asks for the absence of a label takes seven for two. */
const VALUES_PER_PART = 4;

/**
 * Report whether there are so many fields and items below `raw` that a policy of them has more than `limit` parts,
 * without reading it: to say of each that it is wrong would take longer than to judge as many.
 */
export function hasMoreParts(raw: unknown, limit: number): boolean {
  const open = [raw];
  let left = limit * VALUES_PER_PART;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const values: readonly unknown[] = Array.isArray(next)
      ? next
      : isObject(next)
        ? Object.values(next)
        : [];
    left -= values.length;
    if (left < 0) return true;
    for (const value of values) if (typeof value === "object" && value !== null) open.push(value);
  }
  return false;
}
