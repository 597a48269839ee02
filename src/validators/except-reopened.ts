import { z } from "zod";
import { parseCidr } from "../engine/address.ts";
import type { AddressRange } from "../engine/model.ts";
import { addAt, appendTo } from "../rules/json-patch.ts";
import { accepting, type PlacedRule } from "../rules/placed-rules.ts";
import { defineValidator, type Finding, type Fix } from "../rules/rule.ts";
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
  readonly raw: unknown;
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
    return [{ path: paths.item, raw, placed, ranges: peer.ranges, holes }];
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
  const fix = sameExcept(other, text);
  return {
    path: `${block.path}.except[${index}]`,
    message: `\`${text}\` is let through all the same by ${other.path}`,
    help: "give that block the same `except`",
    ...(fix === null ? {} : { fix }),
  };
}

/** The block with that exception; null where it is all that the block is, or blocks have none. */
function sameExcept({ path, raw, ranges }: Block, text: string): Fix | null {
  const hole = parseCidr(text);
  const isWhole = ranges.every(({ first, last }) => first === hole?.first && last === hole.last);
  if (isWhole || field(raw, "cidr") === undefined) return null;
  const except = `${path}.except`;
  const isFirst = field(raw, "except") == null;
  const operation = isFirst ? addAt(except, [text]) : appendTo(except, text);
  return { title: `give ${path} the same \`except\``, patch: [operation] };
}
