import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { stringify } from "yaml";
import { z } from "zod";
import { createProgram } from "../src/cli/program.ts";
import { SETTINGS } from "../src/config/settings.ts";
import { ERROR_CODES } from "../src/errors.ts";
import { createMutators } from "../src/mutators/index.ts";
import { METRICS } from "../src/observability/metric-list.ts";
import { renderCustomResourceDefinition } from "../src/resources/custom-resource-definition.ts";
import { RESOURCE_KINDS } from "../src/resources/resource.ts";
import type { Mutator } from "../src/rules/mutator.ts";
import type { Validator } from "../src/rules/rule.ts";
import { VALIDATORS } from "../src/validators/index.ts";
import { resourceSections } from "./resources-page.ts";

const FOLDER = join(import.meta.dirname, "../docs/reference");
const DEFINITIONS = join(import.meta.dirname, "../manifests/base/custom-resource-definitions.yaml");
const NOTE = "<!-- Printed by `npm run docs`; edit the source instead. -->";

/** The pages that are printed from the program, by file name in `docs/reference`. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ["rules.md", rulesPage()],
    ["resources.md", resourcesPage()],
    ["errors.md", errorsPage()],
    ["config.md", configPage()],
    ["metrics.md", metricsPage()],
    ["cli.md", cliPage()],
  ]);
}

/** The CustomResourceDefinitions, as YAML that YAML 1.1 reads alike. */
function customResourceDefinitions(): string {
  const documents = RESOURCE_KINDS.map((definition) =>
    stringify(renderCustomResourceDefinition(definition), {
      version: "1.1",
      aliasDuplicateObjects: false,
    }),
  );
  return [
    "# Printed by `npm run docs`; edit the schemas in `src/resources` instead.\n",
    documents.join("---\n"),
  ].join("");
}

function rulesPage(): string {
  return page("Rules", [
    "A profile names the rules it uses, each with an action (`Deny`, `Warn` or `Audit`) and parameters. The columns `baseline` and `restricted` show what the shipped profiles do; — means that the profile does not use the rule.",
    "Where a policy is so large, or so much stands around it, that a rule stops before it has looked at everything, it says so in a finding of its own (`too large to check whole`), which warns at most. Where a rule is about pods that are mostly alike, such as those of one policy, it looks at the first hundreds or thousands of them, and at Services in twenty namespaces.",
    table(
      ["rule", "finds", "baseline", "restricted"],
      VALIDATORS.map(({ id, title, shipped }) => [
        `[\`${id}\`](#${id})`,
        title,
        shipped.baseline ?? "—",
        shipped.restricted ?? "—",
      ]),
    ),
    ...VALIDATORS.map(ruleSection),
    "## Mutations",
    "Made before the rules judge, where the webhook is called at all. Running one again changes nothing.",
    ...createMutators(() => "").map(mutatorSection),
  ]);
}

function ruleSection({ id, title, why, fix, ...rule }: Validator): string {
  const parameters = describeParameters(rule.parameters);
  return [
    `## ${id}`,
    `**${title}.** ${why}`,
    `*What to do:* ${fix}`,
    `*Judges:* ${rule.operations.join(", ")} of ${rule.kinds.join(", ")}. ` +
      `*If the rule itself fails:* ${ON_FAULT[rule.onFault]}. *Since:* ${rule.since}.`,
    ...(parameters.length === 0
      ? []
      : [table(["parameter", "type", "default", "meaning"], parameters)]),
  ].join("\n\n");
}

const ON_FAULT: Readonly<Record<Validator["onFault"], string>> = {
  deny: "the request is refused where the profile denies, else it passes with a warning",
  warn: "the request passes with a warning",
};

/** Rows of a parameter table, read from the rule's own schema. */
function describeParameters(schema: z.ZodType): readonly (readonly string[])[] {
  const { properties } = parametersSchema.parse(z.toJSONSchema(schema, { io: "input" }));
  return Object.entries(properties).map(([name, property]) => [
    `\`${name}\``,
    property.type,
    `\`${JSON.stringify(property.default)}\``,
    property.description,
  ]);
}

/** Every parameter says what it means and what it is where a profile does not say. */
const parametersSchema = z.object({
  properties: z.record(
    z.string(),
    z.object({ type: z.string(), default: z.json(), description: z.string() }),
  ),
});

function mutatorSection({ id, title, why, kinds, since }: Mutator): string {
  return `### ${id}\n\n**${title}.** ${why}\n\n*Changes:* ${kinds.join(", ")}. *Since:* ${since}.`;
}

function resourcesPage(): string {
  return page("Resources", [
    "What an organisation decides: documents of `ringfence.dev/v1alpha1`, as custom resources in the cluster, or as YAML files in the folder that the setting `resourceFolder` names. A change is in force within a second. One that cannot be used leaves its last good version in force and says why: to `kubectl apply`, in its status, in the metric `ringfence_resource_problems`, and in a warning to whom it would have judged. The profiles `baseline` and `restricted` and the baseline `default` are built in; a file goes before a custom resource of the same name.",
    ...resourceSections(table),
  ]);
}

function errorsPage(): string {
  return page("Errors", [
    "Stable codes of everything that can be wrong with an input or with the world around the process. They stand in the log, in the metrics, and in what a process says that does not start.",
    table(
      ["code", "means"],
      Object.entries(ERROR_CODES).map(([code, meaning]) => [`\`${code}\``, meaning]),
    ),
  ]);
}

function configPage(): string {
  return page("Configuration", [
    "Every setting is a flag, a variable, and a key of the YAML file that `--config` or `RINGFENCE__CONFIG` names. Flags win over variables, variables over the file, the file over the default. In flags and variables lists are separated by commas and labels are written `key=value`. With an error in any of them the process does not start.",
    table(
      ["key", "flag", "variable", "default", "what it is"],
      SETTINGS.map(({ name, flag, variable, default: fallback, description }) => [
        `\`${name}\``,
        `\`${flag}\``,
        `\`${variable}\``,
        fallback === "" ? "" : `\`${fallback}\``,
        description,
      ]),
    ),
  ]);
}

function metricsPage(): string {
  return page("Metrics", [
    "In the text format of Prometheus, under `/metrics` of the metrics port. Values of labels come from closed lists; names of objects are never among them. Beside these there are the `process_` and `nodejs_` metrics of the client library.",
    table(
      ["metric", "type", "labels", "what it counts or measures"],
      Object.values(METRICS).map(({ name, type, labels, help }) => [
        `\`${name}\``,
        type,
        labels.map((label) => `\`${label}\``).join(", "),
        help,
      ]),
    ),
  ]);
}

function cliPage(): string {
  const program = createProgram(() => undefined);
  const verbs = program.commands.map((command) => [
    `## ${command.name()}`,
    codeBlock(helpOf(command)),
  ]);
  return page("The kubectl plugin", [
    "`kubectl network-policy` reads a cluster, with the kubeconfig and the rights of whoever runs it and without changing anything, or files and folders given with `--manifests`. What it prints with `-o json` is described in [the plugin's data](cli-data.md).",
    codeBlock(helpOf(program)),
    ...verbs.flat(),
  ]);
}

/** The help as people see it, 80 columns wide. */
function helpOf(command: Command): string {
  const written: string[] = [];
  command.configureOutput({
    writeOut: (text) => void written.push(text),
    getOutHelpWidth: () => 80,
  });
  command.outputHelp();
  return written.join("");
}

function codeBlock(text: string): string {
  return `\`\`\`text\n${text.trim()}\n\`\`\``;
}

function page(title: string, blocks: readonly string[]): string {
  return `${[`# ${title}`, NOTE, ...blocks].join("\n\n")}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map(tableLine).join("\n");
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

if (import.meta.main) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, text] of referencePages()) writeFileSync(join(FOLDER, name), text);
  writeFileSync(DEFINITIONS, customResourceDefinitions());
}
