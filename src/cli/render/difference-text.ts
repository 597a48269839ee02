import type { Connection } from "../../engine/query.ts";
import { counted } from "../../rules/phrases.ts";
import type { Difference } from "../difference.ts";
import type { Severity } from "../findings/finding.ts";
import type { Objections } from "../findings/objections.ts";
import { differenceLines } from "./difference-lines.ts";
import { renderFindings } from "./finding-text.ts";
import { alignColumns, indent, type Paint, renderAssumptions } from "./text.ts";

/** What a change does, as people read it: `+` opens, `-` closes, `?` becomes or was undecidable. */
export function renderDifference(
  { opened, closed, unsure, objections, assumptions }: Difference,
  paint: Paint,
): string {
  const blocks = [
    { sign: "+", lines: differenceLines(opened, objections), head: "opened", style: "red" },
    { sign: "-", lines: differenceLines(closed, null), head: "closed", style: "green" },
    { sign: "?", lines: differenceLines(unsure, null), head: "not certain", style: "yellow" },
  ] as const;
  const shown = blocks.filter(({ lines }) => lines.length > 0);
  const none = shown.length === 0 ? ["no connection is opened or closed\n"] : [];
  const connections = shown.map(({ sign, lines, head, style }) => {
    const title = paint("bold", `${counted(lines.length, "connection")} ${head}`);
    const columns = lines.map(({ from, to, ports, rules: forbidding }) => {
      const mark = forbidding.length === 0 ? [] : [`! forbidden by ${forbidding.join(", ")}`];
      return [sign, from, "→", to, ports, ...mark];
    });
    return `${title}\n${paint(style, indent(alignColumns(columns), 2))}\n`;
  });
  const { findings } = objections;
  const rules = findings.length === 0 ? [] : [renderFindings(findings, "by the rules", paint)];
  return [...none, ...connections, ...rules].join("\n") + renderAssumptions(assumptions);
}

/** Rows of one table; GitHub cuts comments at 65,536 characters. */
const MAX_ROWS = 200;

const MARKS: Readonly<Record<Severity, string>> = { error: "❌", warning: "⚠️", note: "ℹ️" };

/** The same as the comment of a pull request. */
export function renderDifferenceMarkdown(difference: Difference): string {
  const { opened, closed, unsure, objections, assumptions } = difference;
  const parts = [
    ...table("opened", opened, objections),
    ...table("closed", closed, null),
    ...table("not certain", unsure, null),
  ];
  const body = parts.length === 0 ? ["No connection is opened or closed."] : parts;
  const rules = objections.findings.map(({ rule, severity, object, message }) => {
    return `- ${MARKS[severity]} **${rule}** in ${cell(object)}: ${message}`;
  });
  const said = rules.length === 0 ? [] : ["**What the rules say**", rules.join("\n")];
  const taken = assumptions.map((text) => `_Assuming that ${text}._`);
  return `${["### Who can reach whom", ...body, ...said, ...taken].join("\n\n")}\n`;
}

function table(
  head: string,
  rows: readonly Connection[],
  objections: Objections | null,
): readonly string[] {
  if (rows.length === 0) return [];
  const lines = differenceLines(rows, objections);
  const shown = lines.slice(0, MAX_ROWS).map(({ from, to, ports, rules }) => {
    const mark = rules.length === 0 ? "" : ` ❌ ${rules.join(", ")}`;
    return `| ${[cell(from), cell(to), ports + mark].join(" | ")} |`;
  });
  const rest = lines.length - shown.length;
  return [
    `**${counted(lines.length, "connection")} ${head}**`,
    ["| from | to | ports |", "| --- | --- | --- |", ...shown].join("\n"),
    ...(rest > 0 ? [`and ${rest} more`] : []),
  ];
}

function cell(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}
