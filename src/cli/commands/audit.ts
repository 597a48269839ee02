import { counted, keyName } from "../../rules/phrases.ts";
import { brokenInvariants } from "../findings/broken-invariants.ts";
import { engineFindings } from "../findings/engine-findings.ts";
import { findingData, inOrder } from "../findings/finding.ts";
import { Governance } from "../findings/governance.ts";
import { emptyAssumptions } from "../findings/knowledge.ts";
import { type Reduction, reduce, totalRules } from "../findings/reduce.ts";
import { EXIT } from "../input-error.ts";
import type { Outcome } from "../outcome.ts";
import { namespaceInQuestion } from "../references.ts";
import { type DataFormat, renderDocument, renderYaml } from "../render/document.ts";
import { renderFindings } from "../render/finding-text.ts";
import { createPaint, renderAssumptions } from "../render/text.ts";
import { createReport } from "../report.ts";
import { baselineAssumptions } from "../sources/assumed-baseline.ts";
import { readConfig } from "../sources/config-files.ts";
import { EVERYTHING, openSource, type SourceFlags } from "../sources/load-world.ts";
import { policiesIn } from "../sources/world.ts";

export interface AuditFlags extends SourceFlags {
  readonly fix?: boolean;
  readonly config?: readonly string[];
  readonly output: DataFormat | "text";
}

/** What could go or does nothing; with `--fix` the policies without it. */
export async function audit(flags: AuditFlags): Promise<Outcome> {
  const report = createReport();
  const source = await openSource(flags, report, await readConfig(flags.config));
  const world = await source.load({ ...EVERYTHING, resources: true });
  const namespace = namespaceInQuestion(source, world);
  const policies = policiesIn(world, namespace);
  const assumptions = [...baselineAssumptions([world]), ...emptyAssumptions(policies, world)];
  if (flags.fix === true) {
    const connections = world.engine.pairCount();
    return fix({ ...reduce(world, namespace, report), connections, assumptions }, flags.output);
  }
  const governance = await Governance.read(world, report);
  const findings = inOrder([
    ...engineFindings(world, namespace),
    // They are about the cluster, whichever namespace is asked about.
    ...(namespace === null ? brokenInvariants(world, governance) : []),
  ]);
  const { rulesRemoved, deleted } = reduce(world, namespace, report);
  const rules = totalRules(policies);
  const summary = [
    `in ${counted(policies.length, "policy")};`,
    `${rulesRemoved} of ${counted(rules, "rule")} and ${deleted.length} of ${counted(policies.length, "policy")}`,
    "could go with no change in who can reach whom",
  ].join(" ");
  const text =
    flags.output === "text"
      ? renderFindings(findings, summary, createPaint()) + renderAssumptions(assumptions)
      : renderDocument(
          "AuditReport",
          {
            findings: findings.map(findingData),
            removable: { rules: rulesRemoved, policies: deleted.length },
            total: { rules, policies: policies.length },
            assumptions,
          },
          flags.output,
        );
  return { text, exitCode: findings.length > 0 ? EXIT.found : EXIT.ok };
}

interface Fix extends Reduction {
  /** How many there are from pod to pod. */
  readonly connections: number;
  readonly assumptions: readonly string[];
}

/** Ready for `kubectl apply -f -`; what is to be deleted stands in comments. */
function fix(
  { policies, deleted, rulesRemoved, connections, assumptions }: Fix,
  output: AuditFlags["output"],
): Outcome {
  const exitCode = policies.length + deleted.length > 0 ? EXIT.found : EXIT.ok;
  if (output === "json") {
    const proof = { connections, unchanged: true };
    return {
      text: renderDocument(
        "Reduction",
        { policies, deleted, rulesRemoved, proof, assumptions },
        "json",
      ),
      exitCode,
    };
  }
  const head = [
    `# ${counted(rulesRemoved, "rule")} and ${counted(deleted.length, "policy")} less.`,
    `# Proved: all ${counted(connections, "connection")} from pod to pod, and those to and from outside, are as before.`,
    ...assumptions.map((text) => `# Assuming that ${text}.`),
    ...deleted.map((key) => `# delete: ${keyName(key)}`),
  ];
  return {
    text: [`${head.join("\n")}\n`, ...policies.map(renderYaml)].join("---\n"),
    exitCode,
  };
}
