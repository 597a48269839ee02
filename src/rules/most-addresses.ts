import {
  type Family,
  familyOf,
  formatRange,
  IPV4_SPACE,
  IPV6_SPACE,
  rangeSize,
  subtractRanges,
} from "../engine/address.ts";
import type { AddressRange } from "../engine/model.ts";
import { someOf } from "./phrases.ts";

/**
 * Ranges that hold most addresses of a family, in words: `any IPv4 address (but 10.0.0.0/8 and 2 more)`, of what is
 * missing the `named` largest. Null where they hold less, which is told by what it is.
 */
export function mostAddresses(
  family: Family,
  ranges: readonly AddressRange[],
  named: number,
): string | null {
  const space = family === 4 ? IPV4_SPACE : IPV6_SPACE;
  const held = ranges.filter(({ first }) => familyOf(first) === family);
  // PERF: nearly always that is clear before they are put together, and there may be tens of thousands.
  if (sizeOf(held) * 2n <= rangeSize(space)) return null;
  const missing = subtractRanges([space], held);
  if (sizeOf(missing) * 2n >= rangeSize(space)) return null;
  const largest = missing
    .map((range) => ({ range, size: Number(rangeSize(range)) }))
    .toSorted((a, b) => b.size - a.size)
    .slice(0, named);
  const names = largest.map(({ range }) => formatRange(range));
  return `any IPv${family} address${missing.length === 0 ? "" : ` (but ${someOf(names, missing.length)})`}`;
}

function sizeOf(ranges: readonly AddressRange[]): bigint {
  let size = 0n;
  for (const range of ranges) size += rangeSize(range);
  return size;
}
