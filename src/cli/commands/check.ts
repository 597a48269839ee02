import { writeFile } from "node:fs/promises";
import { unreachable } from "../../errors.ts";
import { VALIDATORS } from "../../validators/index.ts";
import { checkPolicies, policiesIn } from "../findings/check-world.ts";
import { CONFLICTS, engineFindings } from "../findings/engine-findings.ts";
import {
  counts,
  type FailOn,
  findingData,
  inOrder,
  type ReportedFinding,
} from "../findings/finding.ts";
import { mend } from "../findings/mend.ts";
import { ProfileChoice } from "../findings/profiles.ts";
import { EXIT, usageError } from "../input-error.ts";
import type { Outcome } from "../outcome.ts";
import { packageVersion } from "../package-version.ts";
import { renderDocument } from "../render/document.ts";
import { renderFindings, renderGithub } from "../render/finding-text.ts";
import { renderJunit } from "../render/junit.ts";
import { type Mending, mendedFiles, renderMending } from "../render/mending.ts";
import { policyName } from "../render/policy-text.ts";
import { renderSarif } from "../render/sarif.ts";
import { count, createPaint } from "../render/text.ts";
import { createReport } from "../report.ts";
import { EVERYTHING, openSource, type SourceFlags } from "../sources/load-world.ts";
import type { SourcePolicy } from "../sources/world.ts";

export interface CheckFlags extends SourceFlags {
  readonly profile?: string;
  readonly config?: readonly string[];
  readonly fix?: boolean;
  readonly write?: boolean;
  readonly failOn: FailOn;
  readonly output: "text" | "json" | "yaml" | "sarif" | "junit" | "github";
}

/** Everything the rules need to know. */
const SCOPE = { ...EVERYTHING, services: true, workloads: true };

/** The rules of the webhook over manifests or a cluster; with `-f` over those files alone, as if applied. */
export async function check(flags: CheckFlags, paths: readonly string[]): Promise<Outcome> {
  const manifests = [...paths, ...(flags.manifests ?? [])];
  const sourceFlags = manifests.length === 0 ? flags : { ...flags, manifests };
  if (flags.write === true && flags.fix !== true) throw usageError("--write needs --fix");
  const profiles = await ProfileChoice.read(flags.config ?? [], flags.profile);
  const source = await openSource(sourceFlags, createReport());
  const world = await source.load(SCOPE);
  const namespace = source.allNamespaces ? null : source.namespace;
  const policies = policiesIn(world, namespace).filter(
    ({ applied }) => applied || flags.filename === undefined,
  );
  const objects = new Set(policies.map(({ policy }) => policyName(policy)));
  const judge = (sources: readonly SourcePolicy[]): readonly ReportedFinding[] =>
    inOrder([
      ...checkPolicies(sources, world, profiles),
      ...engineFindings(world, namespace).filter(
        ({ rule, object }) => CONFLICTS.has(rule) && objects.has(object),
      ),
    ]);
  if (flags.fix === true) {
    const mended = mend(policies, world, profiles);
    const left = judge(mended.map((policy) => policy.source));
    return fix({ mended: mended.filter((policy) => policy.findings.length > 0), left }, flags);
  }
  const findings = judge(policies);
  const failed = findings.some((finding) => counts(finding, flags.failOn));
  return {
    text: render(findings, policies, flags),
    exitCode: failed ? EXIT.found : EXIT.ok,
  };
}

/** The policies with all that is mechanical mended; the exit code is that of what is left. */
async function fix(
  { mended, left }: Mending,
  { output, write, failOn }: CheckFlags,
): Promise<Outcome> {
  if (output !== "text" && output !== "json" && output !== "yaml") {
    throw usageError(`--fix answers in text, json or yaml, not in ${output}`);
  }
  if (write === true) {
    const files = mendedFiles(mended);
    await Promise.all(Array.from(files, ([path, text]) => writeFile(path, text)));
  }
  const failed = left.some((finding) => counts(finding, failOn));
  return {
    text: renderMending({ mended, left }, output, write === true),
    exitCode: failed ? EXIT.found : EXIT.ok,
  };
}

function render(
  findings: readonly ReportedFinding[],
  policies: readonly SourcePolicy[],
  { output, failOn }: CheckFlags,
): string {
  switch (output) {
    case "text":
      return renderFindings(findings, `in ${count(policies.length, "policy")}`, createPaint());
    case "json":
    case "yaml":
      return renderDocument("CheckReport", { findings: findings.map(findingData) }, output);
    case "sarif":
      return renderSarif(findings, VALIDATORS, packageVersion());
    case "junit": {
      const names = policies.map(({ policy }) => policyName(policy));
      return renderJunit(names, findings, (finding) => counts(finding, failOn));
    }
    case "github":
      return renderGithub(findings);
    default:
      return unreachable(output);
  }
}
