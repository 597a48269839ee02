import { z } from "zod";
import { parseCidr, rangeEncloses, rangeSize, subtractRanges } from "../engine/address.ts";
import type { AddressRange } from "../engine/model.ts";

/** A CIDR as it is written. */
export const cidrTextSchema = z.string().refine((text) => parseCidr(text) !== null, {
  error: (issue) => `\`${String(issue.input)}\` is not a CIDR`,
});

/** A CIDR as a range of addresses, host bits masked. */
export const cidrSchema = z.string().transform((text, context): AddressRange => {
  const range = parseCidr(text);
  if (range !== null) return range;
  context.addIssue({ code: "custom", message: `\`${text}\` is not a CIDR`, input: text });
  return z.NEVER;
});

/**
 * `ipBlock`: the CIDR less its exceptions, as disjoint ascending ranges.
 * IPBlock API: "Except values will be rejected if they are outside the cidr range".
 */
export const ipBlockSchema = z
  .strictObject({ cidr: cidrSchema, except: z.array(cidrSchema).nullish() })
  .transform(({ cidr, except }, context): readonly AddressRange[] => {
    const holes = except ?? [];
    for (const [index, hole] of holes.entries()) {
      if (isStrictSubset(hole, cidr)) continue;
      context.addIssue({
        code: "custom",
        path: ["except", index],
        message: "is not a strict subset of `cidr`",
        input: hole,
      });
    }
    return subtractRanges([cidr], holes);
  });

/** Report whether `hole` lies within `cidr` and is not all of it. */
export function isStrictSubset(hole: AddressRange, cidr: AddressRange): boolean {
  return rangeEncloses(cidr, hole) && rangeSize(hole) < rangeSize(cidr);
}
