import { DIRECTIONS, type Policy, policyKey } from "../../engine/model.ts";
import type { ClusterFinding } from "../../engine/query.ts";
import { unreachable } from "../../errors.ts";
import { capped, counted, keyName } from "../../rules/phrases.ts";
import { BASELINE_LABEL } from "../../wire/ringfence-labels.ts";
import { field } from "../../wire/shape.ts";
import { workloadLabel } from "../references.ts";
import type { SourcePolicy, World } from "../sources/world.ts";
import type { ReportedFinding, Severity } from "./finding.ts";
import { judgedPolicy, report } from "./judged-object.ts";

/** What the engine finds about the policies of a world, in words; `namespace` null for all of them. */
export function engineFindings(world: World, namespace: string | null): readonly ReportedFinding[] {
  const found = [
    ...world.engine.findings().flatMap((finding) => describe(finding, world)),
    ...contradictions(world),
  ];
  return found.filter((finding) => namespace === null || finding.namespace === namespace);
}

/** Codes for policies that shadow or repeat each other; that they contradict each other is a rule's to say. */
export const CONFLICTS: ReadonlySet<string> = new Set([
  "redundant-policy",
  "redundant-rule",
  "shadowed-rule",
  "duplicate-policies",
  "mergeable-rules",
]);

const MAX_NAMED = 3;

type OfPolicies = Exclude<ClusterFinding, { readonly code: "unprotected" }>;

/** What is said of a policy: where in it, what, and what to do. */
interface Words {
  readonly severity: Severity;
  readonly path: string;
  readonly message: string;
  readonly help: string;
}

function describe(finding: ClusterFinding, world: World): readonly ReportedFinding[] {
  if (finding.code === "unprotected") return [unprotected(finding)];
  if (finding.code === "duplicate-policies") {
    // A policy of a baseline stays, so the others are those that go.
    const policies = finding.policies.toSorted(
      (a, b) =>
        Number(isOfBaseline(world.policies.get(b))) - Number(isOfBaseline(world.policies.get(a))),
    );
    return policies.slice(1).flatMap((key) => told(key, { ...finding, policies }, world));
  }
  return told(finding.policy, finding, world);
}

/** What is said of one policy; nothing of what is only assumed, and of what Ringfence keeps for pods to come. */
function told(key: string, finding: OfPolicies, world: World): readonly ReportedFinding[] {
  const source = world.policies.get(key);
  if (source === undefined || source.standing === "assumed") return [];
  if (isOfBaseline(source)) return [];
  if (finding.code === "selects-nothing" && isForAll(source.policy)) return [];
  return [report(judgedPolicy(source), { rule: finding.code, ...words(finding) })];
}

/** Report whether Ringfence keeps the policy. */
export function isOfBaseline(source: SourcePolicy | undefined): boolean {
  return field(source?.manifest, "metadata", "labels", BASELINE_LABEL) !== undefined;
}

/** Whoever selects all pods of a namespace, as a baseline does, means those to come as well. */
function isForAll({ tier, subject }: Policy): boolean {
  return tier === "NetworkPolicy" && subject.pods.length === 0;
}

function words(finding: OfPolicies): Words {
  switch (finding.code) {
    case "selects-nothing":
      return {
        severity: "warning",
        path: "spec.podSelector",
        message: "selects no pod",
        help: "mend the selector, or delete the policy",
      };
    case "peer-selects-nothing":
      return {
        severity: "warning",
        path: finding.path,
        message: "matches no pod",
        help: "mend the selector, or take the peer out",
      };
    case "redundant-policy":
      return {
        severity: "warning",
        path: "",
        message: `changes nothing${finding.because.length === 0 ? "" : ` beside ${names(finding.because)}`}`,
        help: "delete it, or keep it as a safeguard on purpose",
      };
    case "redundant-rule":
      return {
        severity: "warning",
        path: finding.path,
        message: `changes nothing beside the rest of the policy${and(finding.because)}`,
        help: "take the rule out",
      };
    case "shadowed-rule":
      return {
        severity: "warning",
        path: finding.path,
        message: `is never decisive: what it matches is decided before it by ${names(finding.because)}`,
        help: "take the rule out, or change the priorities",
      };
    case "duplicate-policies":
      return {
        severity: "warning",
        path: "",
        message: `does the same to the same pods as ${names(finding.policies.slice(0, 1))}`,
        help: "delete one of them",
      };
    case "mergeable-rules": {
      const [path = "", ...others] = finding.paths;
      const other = finding.same === "peers" ? "ports" : "peers";
      return {
        severity: "note",
        path,
        message: `has the same ${finding.same} as ${others.join(", ")}`,
        help: `make them one rule with the ${other} of all`,
      };
    }
    default:
      return unreachable(finding);
  }
}

function and(keys: readonly string[]): string {
  return keys.length === 0 ? "" : ` and ${names(keys)}`;
}

function names(keys: readonly string[]): string {
  return capped(keys.map(keyName), MAX_NAMED);
}

function unprotected(
  finding: Extract<ClusterFinding, { readonly code: "unprotected" }>,
): ReportedFinding {
  const { namespace, directions, pods } = finding;
  return {
    rule: "unprotected",
    severity: directions.length === 2 ? "warning" : "note",
    object: workloadLabel(finding),
    namespace,
    path: "",
    message: `no policy isolates ${counted(pods.length, "pod")} of it for ${directions.join(" and ")}`,
    help: "give the namespace a default-deny policy",
    fix: null,
    place: null,
  };
}

/** Policies of one tier and priority that select the same pods and act differently: nobody knows which wins. */
function contradictions(world: World): readonly ReportedFinding[] {
  const tiered = [...world.policies.values()].filter(
    ({ policy }) => policy.tier !== "NetworkPolicy" && policy.readable,
  );
  const ranks = Map.groupBy(tiered, ({ policy }) => `${policy.tier} ${policy.priority}`);
  return [...ranks.values()].flatMap((rivals) =>
    rivals.flatMap((source, index) => {
      const other = rivals
        .slice(0, index)
        .find((rival) => disagree(source.policy, rival.policy) && overlap(source, rival, world));
      if (other === undefined) return [];
      const message = `has the same priority as ${keyName(policyKey(other.policy))}, which acts differently on some of the same pods`;
      const help = "give one of them another priority";
      return [
        report(judgedPolicy(source), {
          rule: "equal-priority",
          severity: "error",
          path: "spec.priority",
          message,
          help,
        }),
      ];
    }),
  );
}

function disagree(a: Policy, b: Policy): boolean {
  return DIRECTIONS.some((direction) =>
    a[direction].rules.some((rule) =>
      b[direction].rules.some(({ action }) => action !== rule.action),
    ),
  );
}

function overlap(a: SourcePolicy, b: SourcePolicy, { engine }: World): boolean {
  const everyone = Number.POSITIVE_INFINITY;
  const theirs = new Set(engine.select(b.policy.subject, everyone).sample);
  return engine.select(a.policy.subject, everyone).sample.some((pod) => theirs.has(pod));
}
