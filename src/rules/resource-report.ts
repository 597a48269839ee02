import type { Breaches, EngineView } from "../engine/query.ts";
import { problemText } from "../errors.ts";
import { endOfExemption } from "../resources/exemption.ts";
import { renderTime } from "../wire/render-time.ts";
import { exemptionLimit } from "./exemption-limit.ts";
import type { InvariantAudit } from "./invariant-audit.ts";
import { counted } from "./phrases.ts";
import { podsIn, renderBreaches } from "./render-delta.ts";
import type { RuleBook } from "./rule-book.ts";
import { usersOf } from "./users-of.ts";

/** A condition of a resource's status, without its times. */
interface Condition {
  readonly type: "Ready" | "Holds" | "RolledOut";
  readonly status: "True" | "False" | "Unknown";
  /** CamelCase, from a closed list. */
  readonly reason: string;
  readonly message: string;
}

/** What is to be said of a resource in its status. */
export interface ResourceReport {
  readonly conditions: readonly Condition[];
  /** Fields beside the conditions; null: not known yet, so it stays as it was. */
  readonly fields: Readonly<Record<string, number | null>>;
}

/** How far a Baseline has come. */
export interface RollOut {
  /** Namespaces that are to have it. */
  readonly namespaces: number;
  /** Those that have its newest version, wholly. */
  readonly upToDate: number;
  /** Those that it could not be brought to, and why; each is tried again. */
  readonly failures: readonly { readonly namespace: string; readonly message: string }[];
}

/** What a report is made from. */
export interface ReportSources {
  readonly ruleBook: RuleBook;
  readonly engine: EngineView;
  readonly audit: InvariantAudit;
  /** How far a Baseline has come; null: not known yet. */
  readonly rollOutOf: (baseline: string) => RollOut | null;
  /** How many findings there are of policies stored in namespaces of a profile; null: not counted yet. */
  readonly findingsOf: (profile: string) => number | null;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** The profile of cluster-scoped policies. */
  readonly clusterProfile: string;
}

/** The status of the custom resource of that `resourceKey`; null where it cannot be told yet. */
export function reportOn(key: string, sources: ReportSources): ResourceReport | null {
  const { engine, audit } = sources;
  const [kind, name = ""] = key.split(" ");
  const fields: Record<string, number | null> = {};
  if (kind === "Profile") {
    fields["findings"] = sources.findingsOf(name);
    fields["namespaces"] = usersOf(key, engine).length;
  }
  if (kind === "Baseline") {
    const rollOut = sources.rollOutOf(name);
    if (rollOut === null) return null;
    const { namespaces, upToDate } = rollOut;
    return {
      conditions: [readiness(key, sources), rolledOut(rollOut)],
      fields: { namespaces, upToDate },
    };
  }
  const breaches = kind === "Invariant" ? audit.breaches(name) : undefined;
  if (breaches === null) return null;
  if (breaches === undefined) return { conditions: [readiness(key, sources)], fields };
  fields["breaches"] = podsIn(breaches.certain);
  return { conditions: [readiness(key, sources), truth(breaches)], fields };
}

/** Whether all namespaces have the newest version of a Baseline. */
function rolledOut({ namespaces, upToDate, failures }: RollOut): Condition {
  const verb = upToDate === 1 || namespaces === 1 ? "is" : "are";
  const message = `${upToDate} of ${counted(namespaces, "namespace")} ${verb} up to date`;
  const [first, ...others] = failures;
  if (first !== undefined) {
    const more = others.length === 0 ? "" : `; and ${others.length} more cannot be`;
    const why = `${first.namespace} cannot be: ${first.message}${more}`;
    return { type: "RolledOut", status: "False", reason: "Failing", message: `${message}; ${why}` };
  }
  return upToDate === namespaces
    ? { type: "RolledOut", status: "True", reason: "UpToDate", message }
    : { type: "RolledOut", status: "False", reason: "Progressing", message };
}

/** Whether an invariant is true of the cluster as it is. */
function truth({ certain, perhaps }: Breaches): Condition {
  const type = "Holds";
  if (certain.groups.length > 0) {
    return { type, status: "False", reason: "Broken", message: renderBreaches(certain) };
  }
  return perhaps.groups.length > 0
    ? { type, status: "Unknown", reason: "Undecidable", message: renderBreaches(perhaps) }
    : { type, status: "True", reason: "NoBreach", message: "no flow breaks it" };
}

function readiness(key: string, sources: ReportSources): Condition {
  const { ruleBook, nowMs } = sources;
  const problems = ruleBook.problems().get(key);
  if (problems !== undefined) {
    const isInForce = ruleBook.inForce(key) !== undefined;
    const what = isInForce ? "the last good version is in force" : "it is not in force";
    return {
      type: "Ready",
      status: "False",
      reason: isInForce ? "LastGoodInForce" : "Broken",
      message: `${problems.map(problemText).join("; ")}; ${what}`,
    };
  }
  const exemption = ruleBook.inForce(key);
  if (exemption?.kind !== "Exemption") {
    return { type: "Ready", status: "True", reason: "InForce", message: "in force" };
  }
  const limit = exemptionLimit(exemption, { ...sources, profiles: ruleBook.profiles });
  const endMs = endOfExemption(exemption, limit?.maxDays ?? null);
  const end = renderTime(endMs);
  return endMs <= nowMs
    ? { type: "Ready", status: "False", reason: "Expired", message: `expired on ${end}` }
    : { type: "Ready", status: "True", reason: "InForce", message: `in force until ${end}` };
}
