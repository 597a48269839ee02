import { z } from "zod";
import { NAME_LABEL, type Namespace } from "../engine/model.ts";
import { type Problem, type Result, success } from "../errors.ts";
import { metadataSchema } from "./metadata.ts";
import { type DeepReadonly, parseManifest } from "./shape.ts";

const namespaceSchema = z.object({
  apiVersion: z.literal("v1").exactOptional(),
  kind: z.literal("Namespace").exactOptional(),
  metadata: metadataSchema,
  status: z.object({ phase: z.string().nullish() }).nullish(),
});

/** A Namespace as it is written. */
export type NamespaceManifest = DeepReadonly<z.input<typeof namespaceSchema>>;

/** A Namespace as it came, and as the engine reads it. */
export interface ParsedNamespace {
  readonly manifest: NamespaceManifest;
  readonly namespace: Namespace;
}

/** Read a Namespace; its name label is there whatever the document says. */
export function parseNamespace(raw: unknown): Result<ParsedNamespace, readonly Problem[]> {
  const read = parseManifest(namespaceSchema, raw);
  if (!read.ok) return read;
  const { manifest, value } = read.value;
  const { name, labels } = value.metadata;
  return success({ manifest, namespace: bareNamespace(name, labels) });
}

/** A namespace of that name, with the label that every one has. */
export function bareNamespace(name: string, labels: Iterable<[string, string]> = []): Namespace {
  return { name, labels: new Map([...labels, [NAME_LABEL, name]]) };
}
