import { NO_PORTS } from "../../engine/port-set.ts";
import type { Connection, Endpoint } from "../../engine/query.ts";
import type { SourcePolicy, World } from "../sources/world.ts";
import { checkPolicies } from "./check-world.ts";
import type { ReportedFinding } from "./finding.ts";
import type { ProfileChoice } from "./profiles.ts";

/** What rules say of a change, and which of the connections it opens they object to. */
export interface Objections {
  readonly findings: readonly ReportedFinding[];
  /** Ids of the rules that forbid what opens this connection; most have none. */
  forbiddenBy(row: Connection): readonly string[];
}

/** Hold the policies that differ between two worlds against the rules of their profiles. */
export function objectionsTo(before: World, after: World, profiles: ProfileChoice): Objections {
  const objects = changedPolicies(before, after).map((source) => {
    const findings = checkPolicies([source], after, profiles);
    const rules = findings.filter(({ severity }) => severity === "error").map(({ rule }) => rule);
    return { findings, rules, opened: rules.length === 0 ? [] : openedBy(source, before) };
  });
  return {
    findings: objects.flatMap(({ findings }) => findings),
    forbiddenBy: (row) => {
      const guilty = objects.filter(({ opened }) => opened.some((other) => meets(row, other)));
      return [...new Set(guilty.flatMap(({ rules }) => rules))];
    },
  };
}

function changedPolicies(before: World, after: World): readonly SourcePolicy[] {
  return Array.from(after.policies).flatMap(([key, source]) => {
    const old = before.policies.get(key);
    const isSame = JSON.stringify(old?.manifest) === JSON.stringify(source.manifest);
    const isJudged = source.policy.readable && source.standing !== "assumed";
    return isSame || !isJudged ? [] : [source];
  });
}

function openedBy({ policy }: SourcePolicy, { engine }: World): readonly Connection[] {
  const { opened } = engine.difference(
    [{ kind: "policy", op: "upsert", object: policy }],
    "workload",
  );
  return opened.map(({ from, to, ports }) => ({ from, to, allowed: ports, unknown: NO_PORTS }));
}

function meets(a: Connection, b: Connection): boolean {
  return sameEnd(a.from, b.from) && sameEnd(a.to, b.to);
}

function sameEnd(a: Endpoint, b: Endpoint): boolean {
  if (a.kind === "addresses" && b.kind === "addresses") {
    return a.range.first <= b.range.last && b.range.first <= a.range.last;
  }
  if (a.kind === "addresses" || b.kind === "addresses") return false;
  const { workload, namespace } = a;
  return (
    namespace === b.namespace &&
    workload.kind === b.workload.kind &&
    workload.name === b.workload.name
  );
}
