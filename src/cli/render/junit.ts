import type { ReportedFinding } from "../findings/finding.ts";
import { checkoutPath } from "./checkout-path.ts";

/**
 * A test case for each object that was checked. Findings for which `fails` holds are its failures, the
 * others its output. The dialect is what Jenkins and GitLab read.
 */
export function renderJunit(
  objects: readonly string[],
  findings: readonly ReportedFinding[],
  fails: (finding: ReportedFinding) => boolean,
): string {
  const byObject = Map.groupBy(findings, ({ object }) => object);
  const names = [...new Set([...objects, ...byObject.keys()])];
  const failures = findings.filter(fails).length;
  const cases = names.map((name) => renderCase(name, byObject.get(name) ?? [], fails));
  const attributes = `name="ringfence" tests="${names.length}" failures="${failures}" errors="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${attributes}>`,
    `  <testsuite ${attributes}>`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function renderCase(
  name: string,
  findings: readonly ReportedFinding[],
  fails: (finding: ReportedFinding) => boolean,
): string {
  const file = findings.find(({ place }) => place !== null)?.place?.file;
  const path = file === undefined ? "" : ` file="${escape(checkoutPath(file) ?? file)}"`;
  const open = `    <testcase classname="network-policy" name="${escape(name)}"${path}`;
  if (findings.length === 0) return `${open}/>`;
  const failed = findings
    .filter(fails)
    .map(
      (finding) =>
        `      <failure type="${escape(finding.rule)}" message="${escape(finding.message)}">${escape(textOf(finding))}</failure>`,
    );
  const others = findings.filter((finding) => !fails(finding)).map(textOf);
  const output =
    others.length === 0 ? [] : [`      <system-out>${escape(others.join("\n"))}</system-out>`];
  return [`${open}>`, ...failed, ...output, "    </testcase>"].join("\n");
}

function textOf({ rule, severity, path, message, help, place }: ReportedFinding): string {
  const where = place === null ? "" : `${place.file}:${place.line}:${place.column}: `;
  const field = path === "" ? "" : `${path}: `;
  return `${where}${severity} ${rule}: ${field}${message}${help === "" ? "" : ` (help: ${help})`}`;
}

/** XML 1.0 knows no way to write control characters, so they go. */
function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll(/[\p{Cc}--[\t\n]]/gv, " ");
}
