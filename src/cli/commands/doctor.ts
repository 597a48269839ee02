import {
  examineHostNetwork,
  examineServicePorts,
  examineSourceAddresses,
} from "../doctor/blind-spots.ts";
import { examineDns, examineNodeLocalDns } from "../doctor/dns.ts";
import { configMapsOf, examineEnforcement } from "../doctor/enforcement.ts";
import type { Diagnosis, Patient } from "../doctor/examination.ts";
import { examinePolicies } from "../doctor/policies.ts";
import { Governance } from "../findings/governance.ts";
import { podAssumptions } from "../findings/knowledge.ts";
import { EXIT, usageError } from "../input-error.ts";
import type { Outcome } from "../outcome.ts";
import { didYouMean, namespaceInQuestion } from "../references.ts";
import { renderChecklist } from "../render/checklist.ts";
import { type DataFormat, renderDocument } from "../render/document.ts";
import { createPaint, renderAssumptions } from "../render/text.ts";
import { createReport } from "../report.ts";
import { baselineAssumptions } from "../sources/assumed-baseline.ts";
import { EVERYTHING, openSource, type SourceFlags } from "../sources/load-world.ts";
import { type SourcePolicy, writtenIn } from "../sources/world.ts";

export interface DoctorFlags extends SourceFlags {
  readonly policy?: string;
  readonly output: DataFormat | "text";
}

const SCOPE = { ...EVERYTHING, services: true, workloads: true, configMapsOf };

/** Everything that makes a policy do nothing, or something that nobody expects, as a checklist with evidence. */
export async function doctor(flags: DoctorFlags): Promise<Outcome> {
  const report = createReport();
  const source = await openSource(inNamespaceOfPolicy(flags), report);
  const world = await source.load(SCOPE);
  const namespace = namespaceInQuestion(source, world);
  const all = writtenIn(world, namespace);
  const asked = flags.policy === undefined ? all : named(flags.policy, all, namespace);
  const patient: Patient = {
    world,
    namespace,
    policies: asked.filter(({ policy }) => policy.readable),
    governance: await Governance.read({ resources: [] }, report, "restricted"),
    report,
  };
  const diagnoses: readonly Diagnosis[] = [
    examineEnforcement(patient),
    ...examinePolicies(patient),
    examineDns(patient),
    ...examineNodeLocalDns(patient),
    examineHostNetwork(patient),
    examineSourceAddresses(patient),
    examineServicePorts(patient),
  ];
  const assumptions = [...baselineAssumptions([world]), ...podAssumptions(patient.policies, world)];
  const found = diagnoses.some(({ status }) => status === "problem" || status === "warning");
  const text =
    flags.output === "text"
      ? renderChecklist(diagnoses, createPaint()) + renderAssumptions(assumptions)
      : renderDocument("Diagnosis", { checks: diagnoses, assumptions }, flags.output);
  return { text, exitCode: found ? EXIT.found : EXIT.ok };
}

/** `--policy shop/web` is about `shop`, unless -n or -A is there. */
function inNamespaceOfPolicy(flags: DoctorFlags): DoctorFlags {
  const [namespace = "", name] = flags.policy?.split("/") ?? [];
  const isSaid = flags.namespace !== undefined || flags.allNamespaces === true;
  return name === undefined || isSaid ? flags : { ...flags, namespace };
}

/** The policies of that name: `web`, `shop/web`. */
function named(
  text: string,
  policies: readonly SourcePolicy[],
  place: string | null,
): readonly SourcePolicy[] {
  const found = policies.filter(
    ({ policy: { namespace, name } }) => text === name || text === `${namespace}/${name}`,
  );
  if (found.length > 0) return found;
  const names = new Map(
    policies.map(({ policy: { namespace, name } }) => [`${namespace}/${name}`, name]),
  );
  const [, short = text] = text.split("/");
  const where = place === null || text.includes("/") ? "" : ` in namespace ${place}`;
  throw usageError(`there is no policy \`${text}\`${where}${didYouMean(short, names)}`);
}
