import type { Connection } from "../../engine/query.ts";
import type { Difference } from "../commands/diff.ts";
import { endText, portsText } from "../connection-rows.ts";
import { alignColumns, count, indent, type Paint } from "./text.ts";

/** What a change does, as people read it: `+` opens, `-` closes, `?` becomes or was undecidable. */
export function renderDifference({ opened, closed, unsure }: Difference, paint: Paint): string {
  const blocks = [
    { sign: "+", rows: opened, head: "opened", style: "red" },
    { sign: "-", rows: closed, head: "closed", style: "green" },
    { sign: "?", rows: unsure, head: "not certain", style: "yellow" },
  ] as const;
  const shown = blocks.filter(({ rows }) => rows.length > 0);
  if (shown.length === 0) return "no connection is opened or closed\n";
  return shown
    .map(({ sign, rows, head, style }) => {
      const title = paint("bold", `${count(rows.length, "connection")} ${head}`);
      const lines = rows.map((row) => [
        sign,
        endText(row.from),
        "→",
        endText(row.to),
        portsText(row.allowed),
      ]);
      return `${title}\n${paint(style, indent(alignColumns(lines), 2))}\n`;
    })
    .join("\n");
}

/** Rows of one table; GitHub cuts comments at 65,536 characters. */
const MAX_ROWS = 200;

/** The same as the comment of a pull request. */
export function renderDifferenceMarkdown({ opened, closed, unsure }: Difference): string {
  const parts = [
    ...table("opened", opened),
    ...table("closed", closed),
    ...table("not certain", unsure),
  ];
  const body = parts.length === 0 ? ["No connection is opened or closed."] : parts;
  return `${["### Who can reach whom", ...body].join("\n\n")}\n`;
}

function table(head: string, rows: readonly Connection[]): readonly string[] {
  if (rows.length === 0) return [];
  const shown = rows.slice(0, MAX_ROWS);
  const lines = shown.map(
    ({ from, to, allowed }) =>
      `| ${cell(endText(from))} | ${cell(endText(to))} | ${portsText(allowed)} |`,
  );
  const rest = rows.length - shown.length;
  return [
    `**${count(rows.length, "connection")} ${head}**`,
    ["| from | to | ports |", "| --- | --- | --- |", ...lines].join("\n"),
    ...(rest > 0 ? [`and ${rest} more`] : []),
  ];
}

function cell(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}
