import { writeFile } from "node:fs/promises";
import { unreachable } from "../../errors.ts";
import { counted, objectName } from "../../rules/phrases.ts";
import { VALIDATORS } from "../../validators/index.ts";
import { resolverAssumptions } from "../findings/assumed-surroundings.ts";
import { brokenInvariants } from "../findings/broken-invariants.ts";
import { CONFLICTS, engineFindings } from "../findings/engine-findings.ts";
import {
  counts,
  type FailOn,
  findingData,
  inOrder,
  type ReportedFinding,
} from "../findings/finding.ts";
import { Governance } from "../findings/governance.ts";
import { judgeChanges } from "../findings/judge-changes.ts";
import { namespaceChange, policyChange } from "../findings/judged-change.ts";
import { podAssumptions } from "../findings/knowledge.ts";
import { mend } from "../findings/mend.ts";
import { unreadablePolicies } from "../findings/unreadable-policies.ts";
import { EXIT, usageError } from "../input-error.ts";
import type { Outcome } from "../outcome.ts";
import { packageVersion } from "../package-version.ts";
import { namespaceInQuestion } from "../references.ts";
import { renderDocument } from "../render/document.ts";
import { renderFindings, renderGithub } from "../render/finding-text.ts";
import { renderJunit } from "../render/junit.ts";
import { type Mending, mendedFiles, renderMending } from "../render/mending.ts";
import { renderSarif } from "../render/sarif.ts";
import { createPaint, renderAssumptions } from "../render/text.ts";
import { createReport } from "../report.ts";
import { baselineAssumptions } from "../sources/assumed-baseline.ts";
import { readConfig } from "../sources/config-files.ts";
import { EVERYTHING, openSource, type SourceFlags } from "../sources/load-world.ts";
import { namespacesIn, policiesIn, type SourcePolicy, writtenIn } from "../sources/world.ts";

export interface CheckFlags extends SourceFlags {
  readonly profile?: string;
  readonly config?: readonly string[];
  readonly fix?: boolean;
  readonly write?: boolean;
  readonly failOn: FailOn;
  readonly output: "text" | "json" | "yaml" | "sarif" | "junit" | "github";
}

/** Everything the rules need to know. */
const SCOPE = { ...EVERYTHING, services: true, workloads: true, resources: true };

/** The rules of the webhook over manifests or a cluster; with `-f` over those files alone, as if applied. */
export async function check(flags: CheckFlags, paths: readonly string[]): Promise<Outcome> {
  const manifests = [...paths, ...(flags.manifests ?? [])];
  const sourceFlags = manifests.length === 0 ? flags : { ...flags, manifests };
  if (flags.write === true && flags.fix !== true) throw usageError("--write needs --fix");
  const report = createReport();
  const source = await openSource(sourceFlags, report, await readConfig(flags.config));
  const world = await source.load(SCOPE);
  const governance = await Governance.read(world, report, flags.profile);
  // Files say themselves where their objects belong, as they do to `kubectl apply`.
  const byFiles = flags.filename !== undefined && flags.namespace === undefined;
  const namespace = byFiles ? null : namespaceInQuestion(source, world);
  const isAsked = ({ standing }: Pick<SourcePolicy, "standing">): boolean =>
    standing === "applied" || flags.filename === undefined;
  const policies = policiesIn(world, namespace).filter(isAsked);
  const namespaces = namespacesIn(world, namespace).filter(isAsked).map(namespaceChange);
  const assumptions = [
    ...baselineAssumptions([world]),
    ...podAssumptions(policies, world),
    ...resolverAssumptions(policies, world),
  ];
  const unreadable = unreadablePolicies(writtenIn(world, namespace).filter(isAsked));
  if (policies.length + unreadable.length === 0) report.note("there is no policy here to check");
  const objects = new Set(policies.map(({ policy }) => objectName(policy)));
  const judge = (sources: readonly SourcePolicy[]): readonly ReportedFinding[] => {
    const changes = [...namespaces, ...sources.map(policyChange)];
    const judged = judgeChanges(changes, world, governance, report);
    const isSaid = (rule: string): boolean => judged.some((finding) => finding.rule === rule);
    const found = inOrder([
      ...unreadable,
      ...judged,
      // Invariants that are broken without any one policy being the reason: else its own finding says so.
      ...(namespace === null ? brokenInvariants(world, governance) : []).filter(
        ({ rule }) => !isSaid(rule),
      ),
      ...engineFindings(world, namespace).filter(
        ({ rule, object }) => CONFLICTS.has(rule) && objects.has(object),
      ),
    ]);
    const said = new Set<string>();
    return found.filter((one) => {
      const isNew = !said.has(saying(one));
      said.add(saying(one));
      return isNew;
    });
  };
  if (flags.fix === true) {
    const mended = mend(policies, world, governance, report);
    const left = judge(mended.map((policy) => policy.source));
    const changed = mended.filter((policy) => policy.findings.length > 0);
    if (changed.length === 0) report.note("there is nothing to mend, so nothing to apply");
    return fix({ mended: changed, left, assumptions }, flags);
  }
  const findings = judge(policies);
  const failed = findings.some((finding) => counts(finding, flags.failOn));
  if (["sarif", "junit", "github"].includes(flags.output)) report.assuming(assumptions);
  return {
    text: render({ findings, policies, assumptions }, flags),
    exitCode: failed ? EXIT.found : EXIT.ok,
  };
}

/** What a finding says. The engine and a rule may find the same and word it differently: then it is said once. */
function saying({ rule, object, path, message }: ReportedFinding): string {
  if (REDUNDANCIES.has(rule)) return `${object} ${path} redundant`;
  return `${object} ${path} ${rule === "equal-priority" ? rule : message}`;
}

const REDUNDANCIES: ReadonlySet<string> = new Set([
  "redundant",
  "redundant-policy",
  "redundant-rule",
  "shadowed-rule",
  "duplicate-policies",
]);

/** The policies with all that is mechanical mended; the exit code is that of what is left. */
async function fix(mending: Mending, { output, write, failOn }: CheckFlags): Promise<Outcome> {
  if (output !== "text" && output !== "json" && output !== "yaml") {
    throw usageError(`--fix answers in text, json or yaml, not in ${output}`);
  }
  if (write === true) {
    const files = mendedFiles(mending.mended);
    await Promise.all(Array.from(files, ([path, text]) => writeFile(path, text)));
  }
  const failed = mending.left.some((finding) => counts(finding, failOn));
  return {
    text: renderMending(mending, output, write === true),
    exitCode: failed ? EXIT.found : EXIT.ok,
  };
}

interface Checked {
  readonly findings: readonly ReportedFinding[];
  readonly policies: readonly SourcePolicy[];
  readonly assumptions: readonly string[];
}

function render(
  { findings, policies, assumptions }: Checked,
  { output, failOn }: CheckFlags,
): string {
  switch (output) {
    case "text": {
      const mendable = findings.filter((finding) => finding.fix !== null).length;
      const hint = mendable === 0 ? "" : `; --fix mends ${mendable}`;
      const summary = `in ${counted(policies.length, "policy")}${hint}`;
      return renderFindings(findings, summary, createPaint()) + renderAssumptions(assumptions);
    }
    case "json":
    case "yaml":
      return renderDocument(
        "CheckReport",
        { findings: findings.map(findingData), assumptions },
        output,
      );
    case "sarif":
      return renderSarif(findings, VALIDATORS, packageVersion());
    case "junit": {
      const names = policies.map(({ policy }) => objectName(policy));
      return renderJunit(names, findings, (finding) => counts(finding, failOn));
    }
    case "github":
      return renderGithub(findings);
    default:
      return unreachable(output);
  }
}
