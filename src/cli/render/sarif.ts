import { pathToFileURL } from "node:url";
import type { Validator } from "../../rules/rule.ts";
import type { ReportedFinding } from "../findings/finding.ts";
import { checkoutPath } from "./checkout-path.ts";

const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";

/** A SARIF 2.1.0 log, as code scanning takes it: one run, every rule that found something described. */
export function renderSarif(
  findings: readonly ReportedFinding[],
  validators: readonly Validator[],
  version: string,
): string {
  const ids = [...new Set(findings.map(({ rule }) => rule))].toSorted();
  const driver = {
    name: "ringfence",
    version,
    rules: ids.map((id) => describeRule(id, validators)),
  };
  const results = findings.map((finding) => describeResult(finding, ids));
  const log = { $schema: SCHEMA, version: "2.1.0", runs: [{ tool: { driver }, results }] };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function describeRule(id: string, validators: readonly Validator[]): object {
  const rule = validators.find((validator) => validator.id === id);
  if (rule === undefined) return { id, shortDescription: { text: id.replaceAll("-", " ") } };
  return {
    id,
    shortDescription: { text: rule.title },
    fullDescription: { text: rule.why },
    help: { text: rule.fix },
  };
}

function describeResult(finding: ReportedFinding, ids: readonly string[]): object {
  const { rule, severity, object, path, message, help, place } = finding;
  const text = `${object}: ${message}${help === "" ? "" : `\nhelp: ${help}`}`;
  const logicalLocations = [{ fullyQualifiedName: path === "" ? object : `${object} ${path}` }];
  const physicalLocation = place && {
    artifactLocation: { uri: uriOf(place.file) },
    region: { startLine: place.line, startColumn: place.column },
  };
  return {
    ruleId: rule,
    ruleIndex: ids.indexOf(rule),
    level: severity,
    message: { text },
    locations: [{ ...(physicalLocation === null ? {} : { physicalLocation }), logicalLocations }],
    // Stays the same while lines move.
    partialFingerprints: { "objectRulePath/v1": `${object} ${rule} ${path}` },
  };
}

function uriOf(file: string): string {
  const path = checkoutPath(file);
  if (path === null) return pathToFileURL(file).href;
  return path.split("/").map(encodeURIComponent).join("/");
}
