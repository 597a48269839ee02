import { z } from "zod";
import { mergeRanges, parseCidr, rangesCover, rangesOverlap } from "../engine/address.ts";
import type { Effort } from "../engine/effort.ts";
import type { AddressRange, PortMatch, Rule } from "../engine/model.ts";
import { listed } from "../rules/phrases.ts";
import { accepting, type Block, type PlacedRule } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { field } from "../wire/shape.ts";
import { withExceptions } from "./parts/blocks.ts";

/** Report exceptions of an address block that another block of the policy lets through again. */
export const exceptReopened = defineValidator({
  id: "except-reopened",
  title: "An exception that another block takes back",
  why: "`except` only narrows the block it stands in; it denies nothing. Where another block covers the same addresses, they are let through all the same.",
  fix: "Give every block that covers the addresses the same `except`.",
  kinds: ["NetworkPolicy"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ placedRules, effortUpTo }): readonly Finding[] {
    const blocks = accepting(placedRules).flatMap(holedBlocks);
    // Each exception parts a range in two.
    const size = blocks.reduce((sum, { ranges }) => sum + 1 + ranges.length, 0);
    const effort = effortUpTo(MAX_LOOKS);
    return blocks.flatMap((block) =>
      block.holes.flatMap((hole, index) => {
        // The block itself is not looked at.
        const isLooked = effort.take(size - 1 - block.ranges.length);
        const others = isLooked ? reopening(hole.range, block, blocks, effort) : [];
        return others.length === 0 ? [] : [finding(block, index, hole, others)];
      }),
    );
  },
});

interface Hole {
  readonly text: string;
  readonly range: AddressRange;
}

interface HoledBlock extends Block {
  readonly placed: PlacedRule;
  readonly holes: readonly Hole[];
}

function holedBlocks(placed: PlacedRule): readonly HoledBlock[] {
  return placed.blocks.map((block) => {
    const except = field(block.raw, "except");
    const holes = (Array.isArray(except) ? except : []).flatMap((text: unknown) => {
      const range = parseCidr(String(text));
      return range === null ? [] : [{ text: String(text), range }];
    });
    return { ...block, placed, holes };
  });
}

/** PERF: exceptions times ranges of other blocks that are compared in one policy, and ports of theirs: two thousand of each. */
const MAX_LOOKS = 4_000_000;

/** PERF: to put ranges of several blocks together takes more than to compare each. */
const LOOKS_TOGETHER = 20;

/**
 * The other `blocks` that together cover all of `hole`, on the ports of `block` at least: one alone, where there is one.
 * Covering a part is the usual way to allow a few of the excepted addresses.
 */
function reopening(
  hole: AddressRange,
  block: HoledBlock,
  blocks: readonly HoledBlock[],
  effort: Effort,
): readonly HoledBlock[] {
  const near = blocks.filter(
    (one) =>
      one !== block &&
      one.placed.direction === block.placed.direction &&
      one.ranges.some((range) => rangesOverlap(range, hole)) &&
      hasPortsOf(one.placed.rule, block.placed.rule, effort),
  );
  const alone = near.find(({ ranges }) => rangesCover(ranges, hole));
  if (alone !== undefined) return [alone];
  const ranges = near.flatMap((one) => one.ranges);
  if (!effort.take(LOOKS_TOGETHER * ranges.length)) return [];
  return rangesCover(mergeRanges(ranges), hole) ? near : [];
}

/** Report whether a rule has at least the ports of another, as far as their text says and effort allows. */
function hasPortsOf({ ports }: Rule, { ports: wanted }: Rule, effort: Effort): boolean {
  if (ports === "all" || ports === wanted) return true;
  if (wanted === "all") return false;
  return (
    effort.take(ports.length * wanted.length) &&
    wanted.every((port) => ports.some((one) => takesIn(one, port)))
  );
}

function takesIn(outer: PortMatch, inner: PortMatch): boolean {
  if (outer.protocol !== inner.protocol) return false;
  if (outer.kind === "named" || inner.kind === "named") {
    return outer.kind === "named" && inner.kind === "named" && outer.name === inner.name;
  }
  return outer.first <= inner.first && inner.last <= outer.last;
}

function finding(
  block: HoledBlock,
  index: number,
  { text, range }: Hole,
  others: readonly HoledBlock[],
): Finding {
  const fix = withExceptions(others.map((other) => ({ block: other, cidr: text, range })));
  return {
    path: `${block.path}.except[${index}]`,
    message: `\`${text}\` is let through all the same by ${listed(others.map(({ path }) => path))}`,
    help:
      fix === null
        ? "take out what covers it, or the exception"
        : "give that block the same `except`",
    ...(fix === null ? {} : { fix }),
  };
}
