import { counted } from "../../rules/phrases.ts";
import { isObject } from "../../wire/shape.ts";
import { applicableManifest } from "../findings/applicable-manifest.ts";
import { findingData, type ReportedFinding } from "../findings/finding.ts";
import type { MendedPolicy } from "../findings/mend.ts";
import { usageError } from "../input-error.ts";
import { isJson, ManifestEditor } from "../sources/manifest-editor.ts";
import { type DataFormat, renderDocument, renderYaml } from "./document.ts";
import { tally } from "./finding-text.ts";

/** What came of mending. */
export interface Mending {
  readonly mended: readonly MendedPolicy[];
  /** What is still to be found, in all of the policies. */
  readonly left: readonly ReportedFinding[];
  readonly assumptions: readonly string[];
}

/** The mended policies, ready for `kubectl apply -f -`; of files that were written only what was done. */
export function renderMending(
  { mended, left, assumptions }: Mending,
  output: DataFormat | "text",
  isWritten: boolean,
): string {
  const findings = mended.flatMap((policy) => policy.findings);
  if (output === "json") {
    const body = {
      policies: mended.map(({ source }) => source.manifest),
      mended: findings.map(findingData),
      left: left.map(findingData),
      assumptions,
    };
    return renderDocument("Mending", body, output);
  }
  const rest = left.length === 0 ? "nothing is left" : `${tally(left)} left`;
  const head = [
    `# ${counted(findings.length, "finding")} of ${counted(mended.length, "policy")} mended; ${rest}.`,
    ...assumptions.map((text) => `# Assuming that ${text}.`),
    ...findings.map(({ object, fix, place }) => {
      const where = place === null ? "" : `${place.file}:${place.line}: `;
      return `# ${where}${object}: ${fix?.title ?? ""}`;
    }),
  ];
  const documents = isWritten ? [] : mended.map(documentOf);
  return [`${head.join("\n")}\n`, ...documents].join("---\n");
}

/** The texts of the files with their policies mended, by path. Throws an InputError for what is no file. */
export function mendedFiles(mended: readonly MendedPolicy[]): ReadonlyMap<string, string> {
  const editors = new Map<string, ManifestEditor>();
  for (const policy of mended) {
    const { written } = policy.source.origin;
    if (written === null) throw usageError("--write needs files: name them, or use --fix alone");
    const editor = editors.get(written.file) ?? new ManifestEditor(written.text);
    editors.set(written.file, editor);
    edit(editor, policy);
  }
  if (editors.has("standard input"))
    throw usageError("standard input cannot be written: use --fix alone");
  return new Map(Array.from(editors, ([path, editor]) => [path, editor.text()]));
}

function documentOf(policy: MendedPolicy): string {
  const { manifest, origin } = policy.source;
  if (origin.written === null || isJson(origin.written.text))
    return renderYaml(isObject(manifest) ? applicableManifest(manifest) : manifest);
  const editor = new ManifestEditor(origin.written.text);
  return editor.objectText(edit(editor, policy));
}

function edit(
  editor: ManifestEditor,
  { source, patch }: MendedPolicy,
): Parameters<ManifestEditor["edit"]>[0] {
  const { origin, manifest } = source;
  const place = { line: origin.place("")?.line ?? 1, path: origin.written?.path ?? "" };
  editor.edit(place, patch, manifest);
  return place;
}
