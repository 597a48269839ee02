import { counted } from "../../rules/phrases.ts";
import type { ReportedFinding, Severity } from "../findings/finding.ts";
import { checkoutPath } from "./checkout-path.ts";
import { type Paint, wrap } from "./text.ts";

const COLOURS = { error: "red", warning: "yellow", note: "dim" } as const;

/** Findings as people read them, and how many there are. */
export function renderFindings(
  findings: readonly ReportedFinding[],
  summary: string,
  paint: Paint,
): string {
  const blocks = findings.map((finding) => renderFinding(finding, paint));
  return `${[...blocks, `${tally(findings)} ${summary}`].join("\n\n")}\n`;
}

function renderFinding(finding: ReportedFinding, paint: Paint): string {
  const { rule, severity, object, path, message, help, place } = finding;
  const where = place === null ? "" : `${place.file}:${place.line}:${place.column}: `;
  return [
    `${where}${paint(COLOURS[severity], severity)} ${paint("bold", rule)}  ${object}`,
    ...(path === "" ? [] : [`  ${path}`]),
    wrap(message, 2),
    ...(help === "" ? [] : [wrap(help, 8, "  help: ")]),
  ].join("\n");
}

/** `2 errors, 1 warning`, `nothing found`. */
export function tally(findings: readonly ReportedFinding[]): string {
  const severities: readonly Severity[] = ["error", "warning", "note"];
  const tallies = severities.flatMap((severity) => {
    const number = findings.filter((finding) => finding.severity === severity).length;
    return number === 0 ? [] : [counted(number, severity)];
  });
  return tallies.length === 0 ? "nothing found" : tallies.join(", ");
}

/** GitHub's workflow commands: annotations at the lines of a pull request. */
export function renderGithub(findings: readonly ReportedFinding[]): string {
  return findings
    .map(({ rule, severity, object, message, help, place }) => {
      const at =
        place === null
          ? []
          : [
              `file=${property(checkoutPath(place.file) ?? place.file)}`,
              `line=${place.line}`,
              `col=${place.column}`,
            ];
      const fields = [...at, `title=${property(rule)}`].join(",");
      const text = help === "" ? message : `${message}\nhelp: ${help}`;
      return `::${severity === "note" ? "notice" : severity} ${fields}::${data(`${object}: ${text}`)}\n`;
    })
    .join("");
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
