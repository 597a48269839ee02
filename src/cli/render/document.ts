import { stringify } from "yaml";

/** Formats that carry a whole answer as data. */
export type DataFormat = "json" | "yaml";

/** Report whether the format is one of them. */
export function isDataFormat(format: string): format is DataFormat {
  return format === "json" || format === "yaml";
}

const API_VERSION = "ringfence.dev/v1alpha1";

/** An answer as a document of its own kind: `docs/reference/cli.md` describes each. */
export function renderDocument(kind: string, body: object, format: DataFormat): string {
  const document = { apiVersion: API_VERSION, kind, ...body };
  return format === "yaml" ? renderYaml(document) : `${JSON.stringify(document, null, 2)}\n`;
}

/** An object as a YAML manifest. */
export function renderYaml(object: unknown): string {
  return stringify(object, { lineWidth: 0, aliasDuplicateObjects: false });
}
