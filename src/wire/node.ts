import { z } from "zod";
import { parseAddress } from "../engine/address.ts";
import type { Node } from "../engine/model.ts";
import { type Problem, type Result, success } from "../errors.ts";
import { metadataSchema } from "./metadata.ts";
import { parseShape } from "./shape.ts";

const nodeSchema = z.object({
  metadata: metadataSchema,
  status: z.object({ addresses: z.array(z.object({ address: z.string() })).nullish() }).nullish(),
});

/** Read a Node. Its addresses are those of `status.addresses` that are IP addresses, not names. */
export function parseNode(raw: unknown): Result<Node, readonly Problem[]> {
  const read = parseShape(nodeSchema, raw);
  if (!read.ok) return read;
  const { metadata, status } = read.value;
  const addresses = (status?.addresses ?? []).flatMap(({ address }) => parseAddress(address) ?? []);
  return success({ name: metadata.name, labels: metadata.labels, addresses });
}
