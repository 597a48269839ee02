import { rangesOverlap } from "../../engine/address.ts";
import { NO_PORTS } from "../../engine/port-set.ts";
import type { Connection, Endpoint } from "../../engine/query.ts";
import { invariantId } from "../../rules/names.ts";
import { workloadLabel } from "../references.ts";
import { eachWithProgress, QUIET, type Report } from "../report.ts";
import type { SourcePolicy, World } from "../sources/world.ts";
import { distinct, inOrder, type ReportedFinding } from "./finding.ts";
import { forbids } from "./forbids.ts";
import type { Governance } from "./governance.ts";
import { judgeChanges } from "./judge-changes.ts";
import { isSame, type JudgedChange } from "./judged-change.ts";
import { type JudgedObject, judgedNamespace, judgedPolicy } from "./judged-object.ts";

/** What rules say of a change, and which of the connections it opens they object to. */
export interface Objections {
  readonly findings: readonly ReportedFinding[];
  /** Ids of the rules that forbid what opens this connection; most have none. */
  forbiddenBy(row: Connection): readonly string[];
}

/** Hold the policies and Namespaces that differ between two worlds against the rules of their profiles. */
export function objectionsTo(
  before: World,
  after: World,
  governance: Governance,
  report: Pick<Report, "progress">,
): Objections {
  const changed = judgedChangesBetween(before, after);
  const objects = eachWithProgress(changed, report, "checking object", (change) => {
    const findings = judgeChanges([change], after, governance, QUIET);
    const rules = findings.filter(({ severity }) => severity === "error").map(({ rule }) => rule);
    return { findings, rules, opened: rules.length === 0 ? [] : openedBy(change, before, after) };
  });
  const invariants = new Map(
    Array.from(governance.ruleBook.invariants(), (one) => [invariantId(one.name), one]),
  );
  const isMeant = (rule: string, row: Connection): boolean => {
    const invariant = invariants.get(rule);
    return invariant === undefined || forbids(invariant, row, after);
  };
  return {
    findings: inOrder(distinct(objects.flatMap(({ findings }) => findings))),
    forbiddenBy: (row) => {
      const guilty = objects.filter(({ opened }) => opened.some((other) => meets(row, other)));
      const rules = new Set(guilty.flatMap((one) => one.rules));
      return [...rules].filter((rule) => isMeant(rule, row));
    },
  };
}

/** Policies that came, went or changed, and Namespaces that came or changed, by name. */
function judgedChangesBetween(before: World, after: World): readonly JudgedChange[] {
  return [
    ...changes(before.declared, after.declared, judgedNamespace).filter(
      ({ next }) => next !== null,
    ),
    // A policy that goes with its namespace is not judged.
    ...changes(judgeable(before), judgeable(after), judgedPolicy).filter(
      ({ old, next }) => next !== null || after.namespaces.has(old?.namespace ?? ""),
    ),
  ];
}

function judgeable({ policies }: World): ReadonlyMap<string, SourcePolicy> {
  return new Map(
    Array.from(policies).filter(
      ([, { policy, standing }]) => policy.readable && standing !== "assumed",
    ),
  );
}

function changes<T extends { readonly manifest: unknown }>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  judged: (source: T) => JudgedObject,
): readonly JudgedChange[] {
  return [...new Set([...after.keys(), ...before.keys()])].flatMap((key) => {
    const [old, next] = [before.get(key), after.get(key)];
    if (isSame(old?.manifest, next?.manifest)) return [];
    return [
      {
        old: old === undefined ? null : judged(old),
        next: next === undefined ? null : judged(next),
      },
    ];
  });
}

/** As the first of all changes and as the last: two policies may only together open what each of them names. */
function openedBy({ old, next }: JudgedChange, before: World, after: World): readonly Connection[] {
  const change = next?.upsert ?? old?.removal;
  const undone = old?.upsert ?? next?.removal;
  if (change === undefined || undone === undefined) return [];
  const asFirst = before.engine.difference([change], "workload");
  after.engine.apply(undone);
  const asLast = after.engine.difference([change], "workload");
  after.engine.apply(change);
  const opened = [...asFirst.opened, ...asLast.opened];
  return opened.map(({ from, to, ports }) => ({ from, to, allowed: ports, unknown: NO_PORTS }));
}

function meets(a: Connection, b: Connection): boolean {
  return sameEnd(a.from, b.from) && sameEnd(a.to, b.to);
}

function sameEnd(a: Endpoint, b: Endpoint): boolean {
  if (a.kind === "addresses" && b.kind === "addresses") {
    return rangesOverlap(a.range, b.range);
  }
  return a.kind === "workload" && b.kind === "workload" && workloadLabel(a) === workloadLabel(b);
}
