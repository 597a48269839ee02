import { z } from "zod";
import { type Family, familyOf, mergeRanges, rangeSize } from "../engine/address.ts";
import { DIRECTIONS, type Direction, POLICY_KINDS } from "../engine/model.ts";
import { listed } from "../rules/phrases.ts";
import { accepting, type Block, type PlacedRule } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { blockText } from "./parts/blocks.ts";

/** Room for all private ranges together: 10/8, 172.16/12 and 192.168/16; fc00::/7. */
const DEFAULT_PREFIX = 6;

const parameters = z.strictObject({
  ipv4Prefix: z
    .int()
    .min(0)
    .max(32)
    .default(DEFAULT_PREFIX)
    .describe("the most of IPv4 that may be covered, as a prefix length: 6 is one part in 64"),
  ipv6Prefix: z.int().min(0).max(128).default(DEFAULT_PREFIX).describe("the same of IPv6"),
});

const FAMILIES: readonly Family[] = [4, 6];

/** Report policies whose address blocks, taken together, cover too much of IPv4 or of IPv6. */
export const openWorld = defineValidator({
  id: "open-world",
  title: "Address blocks cover too much of the address space",
  why: "`0.0.0.0/0` lets in, or lets out to, the whole internet and on most networks every pod as well. Split into `0.0.0.0/1` and `128.0.0.0/1`, or over several rules, it is the same; so the blocks are added up.",
  fix: "List the networks that are meant. Where the internet is meant, say so in a profile that allows a shorter prefix.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Deny" },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ placedRules, parameters: { ipv4Prefix, ipv6Prefix } }): readonly Finding[] {
    const rules = accepting(placedRules);
    return DIRECTIONS.flatMap((direction) =>
      FAMILIES.flatMap((family) =>
        judge(blocksIn(rules, direction, family), {
          family,
          prefix: family === 4 ? ipv4Prefix : ipv6Prefix,
          section: `spec.${direction}`,
        }),
      ),
    );
  },
});

/** A block of one direction and family, with the rule it stands in. */
interface RuleBlock extends Block {
  readonly rule: string;
}

function blocksIn(
  rules: readonly PlacedRule[],
  direction: Direction,
  family: Family,
): readonly RuleBlock[] {
  return rules
    .filter((rule) => rule.direction === direction)
    .flatMap((rule) =>
      rule.blocks.flatMap((block) => {
        const ranges = block.ranges.filter(({ first }) => familyOf(first) === family);
        return ranges.length === 0 ? [] : [{ ...block, rule: rule.peersPath, ranges }];
      }),
    );
}

interface Limit {
  readonly family: Family;
  readonly prefix: number;
  readonly section: string;
}

function judge(
  blocks: readonly RuleBlock[],
  { family, prefix, section }: Limit,
): readonly Finding[] {
  const [first, ...others] = blocks;
  if (first === undefined) return [];
  const width = family === 4 ? 32 : 128;
  const ranges = mergeRanges(blocks.flatMap((block) => block.ranges));
  const covered = ranges.reduce((sum, range) => sum + rangeSize(range), 0n);
  if (covered <= 1n << BigInt(width - prefix)) return [];
  const sameRule = others.every(({ rule }) => rule === first.rule);
  const covers = others.length === 0 ? "covers" : "together cover";
  return [
    {
      path: others.length === 0 ? first.path : sameRule ? first.rule : section,
      message: `${listed(blocks.map(blockText))} ${covers} ${share(covered, width)} of IPv${family}; a /${prefix} is allowed`,
      help: "list the networks that are meant",
    },
  ];
}

/** A share of an address space, never rounded up to all of it. */
function share(covered: bigint, width: number): string {
  const space = 1n << BigInt(width);
  if (covered === space) return "all";
  const tenths = Number((covered * 1000n) / space);
  return `${tenths < 1 ? "under 0.1" : tenths / 10} %`;
}
