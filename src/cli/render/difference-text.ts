import type { Connection } from "../../engine/query.ts";
import { counted } from "../../rules/phrases.ts";
import type { Difference } from "../commands/diff.ts";
import { endText, portsText } from "../connection-rows.ts";
import type { Severity } from "../findings/finding.ts";
import type { Objections } from "../findings/objections.ts";
import { renderFindings } from "./finding-text.ts";
import { alignColumns, indent, type Paint, renderAssumptions } from "./text.ts";

/** What a change does, as people read it: `+` opens, `-` closes, `?` becomes or was undecidable. */
export function renderDifference(
  { opened, closed, unsure, objections, assumptions }: Difference,
  paint: Paint,
): string {
  const blocks = [
    { sign: "+", rows: opened, head: "opened", style: "red" },
    { sign: "-", rows: closed, head: "closed", style: "green" },
    { sign: "?", rows: unsure, head: "not certain", style: "yellow" },
  ] as const;
  const shown = blocks.filter(({ rows }) => rows.length > 0);
  const none = shown.length === 0 ? ["no connection is opened or closed\n"] : [];
  const connections = shown.map(({ sign, rows, head, style }) => {
    const title = paint("bold", `${counted(rows.length, "connection")} ${head}`);
    const lines = rows.map((row) => {
      const rules = sign === "+" ? objections.forbiddenBy(row) : [];
      const mark = rules.length === 0 ? [] : [`! forbidden by ${rules.join(", ")}`];
      return [sign, endText(row.from), "→", endText(row.to), portsText(row.allowed), ...mark];
    });
    return `${title}\n${paint(style, indent(alignColumns(lines), 2))}\n`;
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
  const shown = rows.slice(0, MAX_ROWS);
  const lines = shown.map((row) => {
    const rules = objections?.forbiddenBy(row) ?? [];
    const mark = rules.length === 0 ? "" : ` ❌ ${rules.join(", ")}`;
    const cells = [cell(endText(row.from)), cell(endText(row.to)), portsText(row.allowed) + mark];
    return `| ${cells.join(" | ")} |`;
  });
  const rest = rows.length - shown.length;
  return [
    `**${counted(rows.length, "connection")} ${head}**`,
    ["| from | to | ports |", "| --- | --- | --- |", ...lines].join("\n"),
    ...(rest > 0 ? [`and ${rest} more`] : []),
  ];
}

function cell(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}
