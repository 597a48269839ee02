import type { Pod } from "../../engine/model.ts";
import type { Connection } from "../../engine/query.ts";
import { unreachable } from "../../errors.ts";
import { parseRowFilter, type RowFlags, rowData, wantedRows } from "../connection-rows.ts";
import { emptyAssumptions } from "../findings/knowledge.ts";
import { EXIT } from "../input-error.ts";
import type { Outcome } from "../outcome.ts";
import {
  renderCsv,
  renderDot,
  renderList,
  renderMatrix,
  renderMermaid,
} from "../render/connection-text.ts";
import { isDataFormat, renderDocument } from "../render/document.ts";
import { createReport, type Report } from "../report.ts";
import { baselineAssumptions } from "../sources/assumed-baseline.ts";
import { EVERYTHING, openSource, type SourceFlags } from "../sources/load-world.ts";
import { type World, writtenIn } from "../sources/world.ts";

export interface ConnectivityFlags extends SourceFlags, RowFlags {
  readonly output: "text" | "matrix" | "json" | "yaml" | "csv" | "dot" | "mermaid";
}

/** Who can reach whom, by workload. */
export async function connectivity(flags: ConnectivityFlags): Promise<Outcome> {
  const report = createReport();
  const source = await openSource(flags, report);
  const world = await source.load(EVERYTHING);
  const filter = parseRowFilter(flags, world, source);
  const rows = wantedRows(world.engine, filter);
  if (rows.length === 0 && source.kind === "cluster") noteNoPods(filter.namespace, world, report);
  const assumptions = [
    ...baselineAssumptions([world]),
    ...emptyAssumptions(writtenIn(world, null), world),
  ];
  if (!isDataFormat(flags.output)) report.assuming(assumptions);
  return { text: render(rows, assumptions, flags.output), exitCode: EXIT.ok };
}

/** That nothing is listed says something else if there is nobody; of files the assumptions tell. */
function noteNoPods(namespace: string | null, world: World, report: Report): void {
  const isThere = ({ namespace: own }: Pod): boolean => namespace === null || own === namespace;
  if ([...world.pods.values()].some(isThere)) return;
  report.note(
    namespace === null
      ? "there is no pod here"
      : `there is no pod in namespace ${namespace}; -A looks in all`,
  );
}

function render(
  rows: readonly Connection[],
  assumptions: readonly string[],
  format: ConnectivityFlags["output"],
): string {
  switch (format) {
    case "text":
      return renderList(rows);
    case "matrix":
      return renderMatrix(rows);
    case "csv":
      return renderCsv(rows);
    case "dot":
      return renderDot(rows);
    case "mermaid":
      return renderMermaid(rows);
    case "json":
    case "yaml":
      return renderDocument(
        "Connectivity",
        { connections: rows.map(rowData), assumptions },
        format,
      );
    default:
      return unreachable(format);
  }
}
