import { z } from "zod";
import { parseCidr } from "../../engine/address.ts";

/** A CIDR among the parameters of a rule. */
export const cidrSchema = z.string().refine((text) => parseCidr(text) !== null, {
  error: (issue) => `\`${String(issue.input)}\` is not a CIDR`,
});
