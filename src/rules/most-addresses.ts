import {
  type Family,
  familyOf,
  formatRange,
  IPV4_SPACE,
  IPV6_SPACE,
  mergeRanges,
  rangeSize,
  subtractRanges,
} from "../engine/address.ts";
import type { AddressRange } from "../engine/model.ts";
import { capped } from "./phrases.ts";

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
  const held = mergeRanges(ranges.filter(({ first }) => familyOf(first) === family));
  const size = held.reduce((sum, range) => sum + rangeSize(range), 0n);
  if (size * 2n <= rangeSize(space)) return null;
  const missing = subtractRanges([space], held);
  const most = missing.toSorted((a, b) => Number(rangeSize(b) - rangeSize(a)));
  const but = missing.length === 0 ? "" : ` (but ${capped(most.map(formatRange), named)})`;
  return `any IPv${family} address${but}`;
}
