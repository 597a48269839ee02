import { familyOf } from "../../engine/address.ts";
import type { AddressRange } from "../../engine/model.ts";
import type { Connection, Endpoint } from "../../engine/query.ts";
import { mostAddresses } from "../../rules/most-addresses.ts";
import { endText, portsText } from "../connection-rows.ts";
import type { Objections } from "../findings/objections.ts";

/** A connection as people read it. */
export interface DifferenceLine {
  readonly from: string;
  readonly to: string;
  readonly ports: string;
  /** Rules that forbid it. */
  readonly rules: readonly string[];
}

/** How many of the addresses that are missing from all a line names. */
const MAX_NAMED = 4;

/**
 * Connections as lines, in their order. Stretches that together are most addresses of a family, as `0.0.0.0/0` with
 * exceptions has many, are one line.
 */
export function differenceLines(
  rows: readonly Connection[],
  objections: Objections | null,
): readonly DifferenceLine[] {
  const judged = rows.map((row) => {
    const rules = objections?.forbiddenBy(row) ?? [];
    return { row, rules, place: placeOf(row, rules) };
  });
  const worlds = new Map(
    Array.from(
      Map.groupBy(judged, ({ place }) => place),
      ([place, alike]) => [place, worldOf(alike.map(({ row }) => row))] as const,
    ),
  );
  return judged.flatMap(({ row, rules, place }) => {
    const world = worlds.get(place) ?? null;
    const line = {
      from: endText(row.from),
      to: endText(row.to),
      ports: portsText(row.allowed),
      rules,
    };
    if (world === null) return [line];
    if (world.first !== row) return [];
    return [{ ...line, [row.from.kind === "addresses" ? "from" : "to"]: world.text }];
  });
}

/** What rows that are alike say together, if they are about most addresses. */
function worldOf(
  rows: readonly Connection[],
): { readonly first: Connection; readonly text: string } | null {
  const ranges = rows.flatMap(({ from, to }) => [from, to].flatMap(rangeOf));
  const [first] = rows;
  const [range] = ranges;
  if (first === undefined || range === undefined) return null;
  const text = mostAddresses(familyOf(range.first), ranges, MAX_NAMED);
  return text === null ? null : { first, text };
}

/** The same for rows that differ in nothing but which addresses of a family they are about. */
function placeOf({ from, to, allowed }: Connection, rules: readonly string[]): string {
  return JSON.stringify([kindOf(from), kindOf(to), allowed.key, rules]);
}

function kindOf(end: Endpoint): string {
  return end.kind === "addresses" ? `IPv${familyOf(end.range.first)}` : endText(end);
}

function rangeOf(end: Endpoint): readonly AddressRange[] {
  return end.kind === "addresses" ? [end.range] : [];
}
