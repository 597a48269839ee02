import { z } from "zod";
import { parseCidr, rangesCover } from "../engine/address.ts";
import type { AddressRange } from "../engine/model.ts";
import { accepting, type PlacedRule } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { field } from "../wire/shape.ts";
import { type Block, blocksOf, withExceptions } from "./parts/blocks.ts";

/** Report exceptions of an address block that another block of the policy lets through again. */
export const exceptReopened = defineValidator({
  id: "except-reopened",
  title: "An exception that another block takes back",
  why: "`except` only narrows the block it stands in; it denies nothing. Where another block covers the same addresses, they are let through all the same.",
  fix: "Give every block that covers the addresses the same `except`.",
  kinds: ["policy"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ placedRules }): readonly Finding[] {
    const blocks = accepting(placedRules).flatMap(holedBlocks);
    return blocks.flatMap((block) =>
      block.holes.flatMap((hole, index) => {
        const other = blocks.find((candidate) => reopens(candidate, block, hole.range));
        return other === undefined ? [] : [finding(block, index, hole, other)];
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
  return blocksOf(placed).map((block) => {
    const except = field(block.raw, "except");
    const holes = (Array.isArray(except) ? except : []).flatMap((text: unknown) => {
      const range = parseCidr(String(text));
      return range === null ? [] : [{ text: String(text), range }];
    });
    return { ...block, placed, holes };
  });
}

/**
 * Report whether `other` covers all of `hole`, on the ports of `block` at least. Covering a part is the usual
 * way to allow a few of the excepted addresses.
 */
function reopens(other: HoledBlock, block: HoledBlock, hole: AddressRange): boolean {
  const samePorts = other.placed === block.placed || other.placed.rule.ports === "all";
  return (
    samePorts &&
    other.placed.direction === block.placed.direction &&
    rangesCover(other.ranges, hole)
  );
}

function finding(
  block: HoledBlock,
  index: number,
  { text, range }: Hole,
  other: HoledBlock,
): Finding {
  const fix = withExceptions([{ block: other, cidr: text, range }]);
  return {
    path: `${block.path}.except[${index}]`,
    message: `\`${text}\` is let through all the same by ${other.path}`,
    help: "give that block the same `except`",
    ...(fix === null ? {} : { fix }),
  };
}
