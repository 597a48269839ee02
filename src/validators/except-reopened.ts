import { z } from "zod";
import { parseCidr } from "../engine/address.ts";
import type { AddressRange } from "../engine/model.ts";
import { accepting, type PlacedRule } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { field } from "../wire/shape.ts";

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
    const blocks = accepting(placedRules).flatMap(blocksOf);
    return blocks.flatMap((block) =>
      block.holes.flatMap((hole, index) => {
        const other = blocks.find((candidate) => reopens(candidate, block, hole.range));
        return other === undefined ? [] : [finding(block, index, hole.text, other)];
      }),
    );
  },
});

interface Block {
  readonly path: string;
  readonly placed: PlacedRule;
  readonly ranges: readonly AddressRange[];
  readonly holes: readonly { readonly text: string; readonly range: AddressRange }[];
}

function blocksOf(placed: PlacedRule): readonly Block[] {
  return placed.peers.flatMap(({ peer, paths, raw }) => {
    if (peer.kind !== "addresses") return [];
    const except = field(raw, "except");
    const holes = (Array.isArray(except) ? except : []).flatMap((text: unknown) => {
      const range = parseCidr(String(text));
      return range === null ? [] : [{ text: String(text), range }];
    });
    return [{ path: paths.item, placed, ranges: peer.ranges, holes }];
  });
}

/**
 * Report whether `other` covers all of `hole`, on the ports of `block` at least. One that covers a part
 * is the usual way to allow a few of the addresses that are excepted.
 */
function reopens(other: Block, block: Block, hole: AddressRange): boolean {
  const samePorts = other.placed === block.placed || other.placed.rule.ports === "all";
  return (
    samePorts &&
    other.placed.direction === block.placed.direction &&
    other.ranges.some(({ first, last }) => first <= hole.first && hole.last <= last)
  );
}

function finding(block: Block, index: number, text: string, other: Block): Finding {
  return {
    path: `${block.path}.except[${index}]`,
    message: `\`${text}\` is let through all the same by ${other.path}`,
    help: "give that block the same `except`",
  };
}
