import type { Labels } from "../engine/model.ts";
import type { Engine } from "../engine/query.ts";
import type { Problem, Result } from "../errors.ts";
import type { ClusterValues } from "../resources/baseline-variables.ts";
import type { HeldInvariants } from "../rules/held-invariants.ts";
import type { ClusterFacts } from "../rules/rule.ts";
import type { RuleBook } from "../rules/rule-book.ts";
import type { PendingChanges } from "./pending-changes.ts";
import type { Replicas } from "./replicas.ts";
import type { RequestUser } from "./review.ts";

/** How current the picture of the cluster is. */
export type Freshness =
  /** The first lists are not complete: nothing can be judged. */
  | { readonly kind: "syncing" }
  | { readonly kind: "fresh" }
  /** A watch has been silent for `ageMs`: what is known was true then. */
  | { readonly kind: "stale"; readonly ageMs: number };

/** The cluster as the watches show it. Only they change it: a decision is not a commit. */
export interface ClusterState {
  readonly engine: Engine;
  readonly facts: ClusterFacts;
  freshness(): Freshness;
  /** Report whether the namespace has a deletion timestamp. */
  isTerminating(namespace: string): boolean;
}

/** Asks the API server what a subject may do. */
export interface Authorizer {
  /**
   * Whether RBAC grants `user` the verb `optout` on `profiles.ringfence.dev` of that name; a problem
   * where the API server gives no answer. `signal` fires when nobody waits any more.
   */
  mayOptOut(
    user: RequestUser,
    profile: string,
    signal: AbortSignal,
  ): Promise<Result<boolean, Problem>>;
}

/** Milliseconds, on a clock that never goes back. */
type Clock = () => number;

/** Milliseconds since 1970, as the calendar has it. */
type Calendar = () => number;

/** What becomes of a request that cannot be judged as it should be, in a namespace that enforces. */
export type OnTrouble = "deny" | "warn";

export interface AdmissionOptions {
  /** `system:serviceaccount:<namespace>:<name>` of Ringfence itself. */
  readonly ownUsername: string;
  /** The profile for cluster-scoped policies: no namespace's label names one for them. */
  readonly clusterProfile: string;
  /** Also of a policy whose namespace is not known yet. */
  readonly onNotSynced: OnTrouble;
  /** `"warn"`: judge by what was last known, and say how old that is. */
  readonly onStale: OnTrouble;
  readonly onDeadline: OnTrouble;
  /** Of a change that concerns an invariant. `"warn"`: judge by what this replica knows. */
  readonly onUntold: OnTrouble;
  /** How many parts (`countParts`) a policy may have and still be judged. */
  readonly policyPartsLimit: number;
  readonly onTooLarge: OnTrouble;
  /** Whether a pod waits for the baseline of its namespace. */
  readonly podsWaitForBaseline: boolean;
}

/** What is known of the baselines of namespaces, as the watches show those. */
interface Baselines {
  /** Names of the policies there that carry the label of a baseline. */
  policiesIn(namespace: string): readonly string[];
  /** The policies that the namespace is to have, problems where they cannot be made; null: none. */
  wantedIn(namespace: string): Result<readonly object[], readonly Problem[]> | null;
  /** The annotations of a namespace that is to have one; of any other none. */
  annotationsOf(namespace: string): Labels;
}

/** All that a decision needs beyond the request. */
export interface Surroundings {
  readonly cluster: ClusterState;
  /** What the organisation has decided; it may change between two requests. */
  readonly ruleBook: RuleBook;
  /** The invariants of the rule book, held by the cluster's engine. */
  readonly invariants: HeldInvariants;
  /** What fills the templates of baselines the same in every namespace. */
  readonly clusterValues: () => ClusterValues;
  readonly baselines: Baselines;
  /** What was admitted a moment ago and is not seen yet. */
  readonly pending: PendingChanges;
  readonly replicas: Replicas;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly now: Calendar;
  readonly options: AdmissionOptions;
}
