import type { EngineView } from "../engine/query.ts";
import type { Problem } from "../errors.ts";
import { PROFILE_LABEL } from "./names.ts";
import type { RuleBook } from "./rule-book.ts";

/** A condition of a resource's status, without its times. */
interface Condition {
  readonly type: "Ready";
  readonly status: "True" | "False" | "Unknown";
  /** CamelCase, from a closed list. */
  readonly reason: string;
  readonly message: string;
}

/** What is to be said of a resource in its status. */
export interface ResourceReport {
  readonly conditions: readonly Condition[];
  /** Fields beside the conditions. */
  readonly fields: Readonly<Record<string, number>>;
}

/** What a report is made from. */
export interface ReportSources {
  readonly ruleBook: RuleBook;
  readonly engine: EngineView;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** The status of the custom resource of that `resourceKey`. */
export function reportOn(key: string, sources: ReportSources): ResourceReport {
  const { engine } = sources;
  const [kind, name = ""] = key.split(" ");
  const fields: Record<string, number> = {};
  if (kind === "Profile") {
    const named = { key: PROFILE_LABEL, operator: "In" as const, values: [name] };
    fields["namespaces"] = engine.matchingNamespaces([named]).length;
  }
  return { conditions: [readiness(key, sources)], fields };
}

function readiness(key: string, { ruleBook, nowMs }: ReportSources): Condition {
  const problems = ruleBook.problems().get(key);
  if (problems !== undefined) {
    const isInForce = ruleBook.isInForce(key);
    const what = isInForce ? "the last good version is in force" : "it is not in force";
    return {
      type: "Ready",
      status: "False",
      reason: isInForce ? "LastGoodInForce" : "Broken",
      message: `${problems.map(renderProblem).join("; ")}; ${what}`,
    };
  }
  const exemption = ruleBook
    .exemptions()
    .find((one) => `Exemption ${one.namespace}/${one.name}` === key);
  if (exemption !== undefined && exemption.expiresMs <= nowMs) {
    const message = `expired on ${exemption.expires}`;
    return { type: "Ready", status: "False", reason: "Expired", message };
  }
  return { type: "Ready", status: "True", reason: "InForce", message: "in force" };
}

function renderProblem({ path, message }: Problem): string {
  return path === "" ? message : `${path}: ${message}`;
}
