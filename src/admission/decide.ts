import { oversizeOf } from "../engine/oversize.ts";
import { unreachable } from "../errors.ts";
import type { Mode } from "../resources/profile.ts";
import { optInOf } from "../rules/opt-in.ts";
import { hasMoreParts } from "../wire/has-more-parts.ts";
import { field } from "../wire/shape.ts";
import { refillsBaseline } from "./baseline-changes.ts";
import { baselineGapFor } from "./baseline-gate.ts";
import { decideResource } from "./decide-resource.ts";
import { type Decision, type Notice, refusingFaults, type Trouble } from "./decision.ts";
import { type Governance, govern, governNamespace } from "./govern.ts";
import type { Case } from "./judge.ts";
import { judgeAmongReplicas } from "./judge-among-replicas.ts";
import { letThrough, type Passage } from "./let-through.ts";
import { patiently } from "./patience.ts";
import { type AdmissionRequest, type GovernedRequest, isResourceRequest } from "./review.ts";
import { readSubject, type Subject } from "./subject.ts";
import type { OnTrouble, Surroundings } from "./surroundings.ts";

/**
 * Decide about a request before `deadline`, on the clock of the surroundings. Has no side effects:
 * the engine changes only through the watches.
 */
export async function decide(
  request: AdmissionRequest,
  deadline: number,
  around: Surroundings,
): Promise<Decision> {
  const passage = passageOf(request, around);
  if (passage !== null) return { kind: "let-through", passage };
  if (isResourceRequest(request)) return decideResource(request, deadline, around);
  const decision = await decideChange(request, deadline, around);
  // Whatever is wrong with the cluster or with us, pods have to start. Only a breach keeps one out, or, if so
  // configured, a baseline that will be there in a moment.
  return request.kind === "Pod" &&
    decision.kind === "troubled" &&
    decision.trouble.kind !== "no-baseline"
    ? { ...decision, blocks: false }
    : decision;
}

async function decideChange(
  request: GovernedRequest,
  deadline: number,
  around: Surroundings,
): Promise<Decision> {
  const { cluster, ruleBook, options } = around;
  const isSynced = cluster.freshness().kind !== "syncing";
  const governance = isSynced
    ? await governSoon(request, deadline, around)
    : governNow(request, around);
  // Before the first sync, only the labels of a Namespace itself can tell that it has not opted in.
  if (!isSynced && (request.kind !== "Namespace" || governance.kind !== "not-opted-in")) {
    return troubled({ kind: "not-synced" }, modeOf(governance), options.onNotSynced);
  }
  switch (governance.kind) {
    case "not-opted-in":
      return lacksNews(request, around)
        ? troubled(
            { kind: "unavailable", namespace: request.namespace },
            "enforce",
            options.onNotSynced,
          )
        : { kind: "not-opted-in" };
    case "unknown-profile": {
      const problems = ruleBook.problems().get(`Profile ${governance.name}`) ?? [];
      const trouble: Trouble = { ...governance, known: ruleBook.profiles.names(), problems };
      return troubled(trouble, governance.mode, leavesCluster(request) ? "warn" : "deny");
    }
    case "governed":
      return decideGoverned({ request, ...governance, deadline }, around);
    default:
      return unreachable(governance);
  }
}

async function decideGoverned(
  { request, active, mode, deadline }: Omit<Case, "subject">,
  around: Surroundings,
): Promise<Decision> {
  const { cluster, options } = around;
  const freshness = cluster.freshness();
  if (freshness.kind === "stale" && options.onStale === "deny") {
    return troubled(freshness, mode, "deny");
  }
  const { missing, problems } = await baselineGapFor({ request, mode, deadline }, around);
  if (missing.length > 0) {
    const { namespace } = request;
    return troubled({ kind: "no-baseline", namespace, missing }, mode, "deny");
  }
  // Before it is read: who has waited behind others for too long must not keep more others waiting.
  if (around.clock() >= deadline) {
    return troubled({ kind: "past-deadline" }, mode, options.onDeadline);
  }
  // SECURITY: one policy of megabytes would keep the process from answering for seconds.
  const limit = options.policyPartsLimit;
  if (request.kind !== "Pod" && hasMoreParts(field(request.object, "spec"), limit)) {
    return troubled({ kind: "too-large", parts: "uncounted", limit }, mode, options.onTooLarge);
  }
  const subject = readSubject(request, cluster.engine);
  if (!subject.ok) return troubled({ kind: "invalid", problems: subject.error }, mode, "deny");
  const tooLarge = whyTooLarge(subject.value, around);
  if (tooLarge !== null) return troubled(tooLarge, mode, options.onTooLarge);
  const decision = await judgeInTime(
    { request, subject: subject.value, active, mode, deadline },
    around,
  );
  if (decision.kind !== "judged") return decision;
  const first: readonly Notice[] = [
    ...(freshness.kind === "stale" ? [{ kind: "trouble", trouble: freshness } as const] : []),
    ...(problems.length > 0 ? [{ kind: "no-baseline-to-wait-for", problems } as const] : []),
  ];
  return { ...decision, notices: [...first, ...decision.notices] };
}

async function judgeInTime(asked: Case, around: Surroundings): Promise<Decision> {
  const { mode, deadline } = asked;
  const { clock, options } = around;
  const late = troubled({ kind: "past-deadline" }, mode, options.onDeadline);
  const judged = clock() < deadline ? await judgeAmongReplicas(asked, around) : "past-deadline";
  if (judged === "past-deadline") return late;
  if (judged === "too-many-flows" || judged === "too-many-breaches") {
    const parts = judged === "too-many-flows" ? "for-its-flows" : "for-invariants";
    const tooMuch = { kind: "too-large", parts, limit: options.policyPartsLimit } as const;
    return troubled(tooMuch, mode, options.onTooLarge);
  }
  if (judged.kind === "untold") return troubled(judged, mode, "deny");
  const faults = refusingFaults(judged);
  if (judged.denials.length > 0 || faults.length === 0) return judged;
  // A rule in CEL fails at the deadline by itself.
  return clock() < deadline ? troubled({ kind: "rule-fault", faults }, mode, "deny") : late;
}

function whyTooLarge({ object }: Subject, { cluster, options }: Surroundings): Trouble | null {
  if (object?.kind !== "policy") return null;
  const limit = options.policyPartsLimit;
  const parts = oversizeOf(object.policy, cluster.engine, limit);
  return parts === null ? null : { kind: "too-large", parts, limit };
}

/** Why the request is none of the rules' business, null where it is. */
export function passageOf(request: AdmissionRequest, around: Surroundings): Passage | null {
  const { cluster, options } = around;
  const passage = letThrough(request, options.ownUsername, (name) => cluster.isTerminating(name));
  // Only those annotations of a namespace count that its baseline is filled in from.
  const isUntouched = passage === "spec-and-labels-unchanged";
  return isUntouched && refillsBaseline(request, around) ? null : passage;
}

/** The mode that holds for a request as far as is known; unknown namespaces enforce. */
export function assumedMode(request: AdmissionRequest, around: Surroundings): Mode {
  return isResourceRequest(request) ? "enforce" : modeOf(governNow(request, around));
}

function modeOf(governance: Governance): Mode {
  return governance.kind === "not-opted-in" ? "enforce" : governance.mode;
}

/** Report whether the request deletes a namespace: whatever its label says, the label goes with it. */
function leavesCluster({ kind, operation }: AdmissionRequest): boolean {
  return kind === "Namespace" && operation === "DELETE";
}

/**
 * SECURITY: the API server has seen a label that we have not. It may be the API server that is behind, for a
 * moment after the label was taken off; so what we know of the namespace counts as long as the watches are
 * fresh.
 */
function lacksNews(
  { kind, namespace }: GovernedRequest,
  { cluster }: Pick<Surroundings, "cluster">,
): boolean {
  if (kind !== "NetworkPolicy") return false;
  return cluster.engine.namespace(namespace) === undefined || cluster.freshness().kind !== "fresh";
}

function troubled(trouble: Trouble, mode: Mode, outcome: OnTrouble): Decision {
  return { kind: "troubled", trouble, blocks: mode === "enforce" && outcome === "deny" };
}

/**
 * What governs the request. The API server asks only about namespaces that carry the label, so one without it
 * here is most likely news that has not arrived: `kubectl apply` sends a profile, its namespaces and their policies
 * at once.
 */
async function governSoon(
  request: GovernedRequest,
  deadline: number,
  around: Surroundings,
): Promise<Governance> {
  return patiently(
    () => governNow(request, around),
    ({ kind }) => {
      if (kind === "not-opted-in") return request.kind !== "NetworkPolicy";
      // Every pod of a namespace whose profile there is not would wait.
      return kind === "governed" || request.kind === "Pod";
    },
    { deadline, clock: around.clock },
  );
}

function governNow(
  request: GovernedRequest,
  { cluster, ruleBook, options }: Surroundings,
): Governance {
  const { profiles } = ruleBook;
  switch (request.kind) {
    case "Namespace":
      return governNamespace(request, profiles);
    case "NetworkPolicy":
    case "Pod":
      return govern(optInOf(cluster.engine.namespace(request.namespace)?.labels), profiles);
    case "ClusterNetworkPolicy":
    case "AdminNetworkPolicy":
    case "BaselineAdminNetworkPolicy":
      return govern({ profile: options.clusterProfile, mode: "enforce" }, profiles);
    default:
      return unreachable(request.kind);
  }
}
