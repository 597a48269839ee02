/** Terminals are at least this wide. */
const WIDTH = 80;

/** Text broken at spaces, each line after `margin` columns; the first starts with `lead`. */
export function wrap(text: string, margin: number, lead = " ".repeat(margin)): string {
  const lines: string[] = [];
  let line = lead;
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = " ".repeat(margin);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join("\n");
}

/** Rows with their columns lined up; the last column is as long as it is. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, cell.length);
    }
  }
  return rows
    .map((row) =>
      row
        .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Indent every line. */
export function indent(text: string, columns: number): string {
  return text.replaceAll(/^(?=.)/gm, " ".repeat(columns));
}

/** What an answer takes for granted, as a block below it; nothing where it takes nothing. */
export function renderAssumptions(assumptions: readonly string[]): string {
  if (assumptions.length === 0) return "";
  return `\nAssuming that\n${assumptions.map((text) => `${wrap(text, 4, "  - ")}\n`).join("")}`;
}

type Style = "red" | "green" | "yellow" | "bold" | "dim";

const CODES: Readonly<Record<Style, number>> = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 };

/** Paints text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

/** Colour is for people: a terminal, and nobody who said no (https://no-color.org). */
export function createPaint(): Paint {
  const { NO_COLOR: refused, TERM: terminal } = process.env;
  const wanted = process.stdout.isTTY && (refused ?? "") === "" && terminal !== "dumb";
  return (style, text) => (wanted ? `\u001B[${CODES[style]}m${text}\u001B[0m` : text);
}
