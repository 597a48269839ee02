import { rowData } from "../connection-rows.ts";
import { type Difference, differenceBetween } from "../difference.ts";
import { counts, findingData } from "../findings/finding.ts";
import { Governance } from "../findings/governance.ts";
import { EXIT, usageError } from "../input-error.ts";
import type { Outcome } from "../outcome.ts";
import { renderDifference, renderDifferenceMarkdown } from "../render/difference-text.ts";
import { renderDocument } from "../render/document.ts";
import { createPaint } from "../render/text.ts";
import { createReport, type Report } from "../report.ts";
import { readConfig } from "../sources/config-files.ts";
import { EVERYTHING, openSource, type SourceFlags } from "../sources/load-world.ts";
import type { World } from "../sources/world.ts";

export interface DiffFlags extends SourceFlags {
  readonly profile?: string;
  readonly config?: readonly string[];
  readonly output: "text" | "json" | "yaml" | "markdown";
}

/** Rules ask for more than connections do. */
const SCOPE = { ...EVERYTHING, services: true, workloads: true, resources: true };

/** Compare two sets of manifests, or a cluster or folder with files as if they were applied to it. */
export async function diff(flags: DiffFlags, trees: readonly string[]): Promise<Outcome> {
  const report = createReport();
  const { before, after } = await readBoth(flags, trees, report);
  const governance = await Governance.read(after, report, flags.profile);
  const difference = differenceBetween(before, after, governance, report);
  const { opened, closed, unsure } = difference;
  const isForbidden = difference.objections.findings.some((finding) => counts(finding, "error"));
  const found = opened.length + closed.length + unsure.length > 0 || isForbidden;
  return { text: render(difference, flags.output), exitCode: found ? EXIT.found : EXIT.ok };
}

async function readBoth(
  flags: DiffFlags,
  [old, next, ...others]: readonly string[],
  report: Report,
): Promise<{ readonly before: World; readonly after: World }> {
  const config = await readConfig(flags.config);
  if (old === undefined) {
    if (flags.filename === undefined) {
      throw usageError("nothing to compare: give two folders OLD NEW, or -f FILE");
    }
    return (await openSource(flags, report, config)).loadWithFiles(SCOPE);
  }
  const isOther = flags.manifests !== undefined || flags.filename !== undefined;
  if (next === undefined || others.length > 0 || isOther) {
    throw usageError("give two folders OLD NEW, or -f FILE against a cluster or --manifests");
  }
  const read = async (path: string): Promise<World> =>
    (await openSource({ ...flags, manifests: [path] }, report, config)).load(SCOPE);
  const [before, after] = await Promise.all([read(old), read(next)]);
  return { before, after };
}

function render(difference: Difference, format: DiffFlags["output"]): string {
  if (format === "text") return renderDifference(difference, createPaint());
  if (format === "markdown") return renderDifferenceMarkdown(difference);
  const { opened, closed, unsure, objections, assumptions } = difference;
  const body = {
    opened: opened.map((row) => {
      const rules = objections.forbiddenBy(row);
      return rules.length === 0 ? rowData(row) : { ...rowData(row), forbiddenBy: rules };
    }),
    closed: closed.map(rowData),
    unsure: unsure.map(rowData),
    findings: objections.findings.map(findingData),
    assumptions,
  };
  return renderDocument("Difference", body, format);
}
