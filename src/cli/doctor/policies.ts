import { problemText } from "../../errors.ts";
import { counted, keyName } from "../../rules/phrases.ts";
import type { ReportedFinding } from "../findings/finding.ts";
import { checkPolicies } from "../findings/judge-changes.ts";
import { problemsOf } from "../findings/unreadable-policies.ts";
import { concerns, type Diagnosis, fine, type Patient } from "./examination.ts";

/** What rules tell of a policy that does nothing, by the question that they answer. */
const QUESTIONS = [
  { check: "selection", rules: ["selects-nothing"], ok: "every policy selects pods" },
  {
    check: "peers",
    rules: ["peer-selects-nothing", "or-not-and"],
    ok: "every peer matches pods, and namespaces have the labels that policies ask for",
  },
  { check: "ports", rules: ["named-port"], ok: "every named port is one of a container" },
  { check: "types", rules: ["policy-types"], ok: "every rule is of a direction that counts" },
] as const;

/** Whether policies select what their authors think. */
export function examinePolicies(patient: Patient): readonly Diagnosis[] {
  const { world, policies, governance, namespace, report } = patient;
  const readable = examineReadable(patient);
  if (policies.length === 0) return [readable.status === "ok" ? noPolicies(namespace) : readable];
  const findings = checkPolicies(policies, world, governance, report);
  return [
    ...QUESTIONS.map(({ check, rules, ok }) => {
      const found = findings.filter(({ rule }) => rules.some((name) => name === rule));
      return diagnose(check, found, ok);
    }),
    readable,
  ];
}

function noPolicies(namespace: string | null): Diagnosis {
  const place = namespace === null ? "the cluster" : `namespace ${namespace}`;
  return {
    check: "selection",
    status: "warning",
    message: `there is no policy in ${place}: everything is allowed`,
    evidence: [],
    help: "look with -A, or start with a default-deny policy",
  };
}

function diagnose(check: string, findings: readonly ReportedFinding[], ok: string): Diagnosis {
  if (findings.length === 0) return fine(check, ok);
  return {
    check,
    status: "problem",
    message: counted(findings.length, "finding"),
    evidence: findings.map(({ object, path, message }) => `${object} ${path}: ${message}`),
    help: [...new Set(findings.map(({ help }) => help))].join("; "),
  };
}

/** Stored policies that cannot be read: what a plugin makes of them, nobody can tell. */
function examineReadable(patient: Patient): Diagnosis {
  const broken = [...patient.world.policies].filter(
    ([, { policy }]) => !policy.readable && concerns(patient, policy.namespace),
  );
  const check = "readable";
  if (broken.length === 0) return fine(check, "every policy can be read");
  return {
    check,
    status: "problem",
    message: `${counted(broken.length, "policy")} that cannot be read, taken to allow nothing`,
    evidence: broken.flatMap(([key, source]) =>
      problemsOf(source).map((problem) => `${keyName(key)} ${problemText(problem)}`),
    ),
    help: "mend these fields, or update the plugin where they are newer than it",
  };
}
