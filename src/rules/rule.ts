import type { z } from "zod";
import type { Certainty } from "../engine/dataplane.ts";
import type { Effort } from "../engine/effort.ts";
import type { Address, Labels, Policy, PolicyKind, Selector } from "../engine/model.ts";
import type { Delta, EngineView } from "../engine/query.ts";
import type { Problem } from "../errors.ts";
import type { NamespaceFacts, NeededKeys } from "../resources/baseline-variables.ts";
import type { ProfileRule, RuleAction } from "../resources/profile.ts";
import type { ResolverEndpoint } from "../wire/endpoints.ts";
import type { NamespaceManifest } from "../wire/namespace.ts";
import type { PolicyManifest } from "../wire/policy-manifest.ts";
import type { Services } from "../wire/service-index.ts";
import type { PodTemplate } from "../wire/workload.ts";
import type { PatchOperation } from "./json-patch.ts";
import type { PlacedRule } from "./placed-rules.ts";

export type Operation = "CREATE" | "UPDATE" | "DELETE";

/** A policy as it came, and as the engine reads it. */
export interface GovernedPolicy {
  readonly kind: "policy";
  readonly manifest: PolicyManifest;
  readonly policy: Policy;
}

interface GovernedNamespace {
  readonly kind: "namespace";
  readonly manifest: NamespaceManifest;
}

export type GovernedObject = GovernedPolicy | GovernedNamespace;

/** A workload's pod template, which stands for pods that do not exist yet: of a CronJob, or scaled to zero. */
export type WorkloadTemplate = Omit<PodTemplate, "hostNetwork" | "controller">;

/** What rules know of the cluster beyond the engine. Empty lists mean "not known". */
export interface ClusterFacts {
  /** Where pods resolve names. */
  readonly dns: readonly ResolverEndpoint[];
  readonly apiServer: readonly Address[];
  /** TCP ports that it listens on. */
  readonly apiServerPorts: readonly number[];
  /** Ringfence's own pods (`namespace/name`) and the port they serve the webhook on. */
  readonly ownNamespace: string;
  readonly ownPods: readonly string[];
  readonly webhookPort: number;
  templatesOf(namespace: string): Iterable<WorkloadTemplate>;
  readonly services: Services;
  /** Whether it is known at all what runs in the namespace: files with policies alone do not say. */
  knowsPodsOf(namespace: string): boolean;
  /** A Namespace as it is stored or written; undefined: not known. */
  namespaceManifest(namespace: string): unknown;
  /**
   * The agent of a network that enforces no policies, if nothing else is known that does; null: something does,
   * or nobody knows.
   */
  readonly network: { bare(): string | null };
  /** Whether all namespaces are known; unknown: several are, and there may be others. */
  readonly knowsNamespaces: Certainty;
}

/** The request, as far as a rule may look at it. */
export interface RequestFacts {
  /** Kind of the Kubernetes API. */
  readonly kind: string;
  /** A Namespace's own name for Namespaces; empty for what is cluster-scoped. */
  readonly namespace: string;
  readonly name: string;
  /** Empty where the object itself is asked for: `status`. */
  readonly subResource: string;
  /** What was asked for before the API server converted it, as it came; null where nobody asks. */
  readonly requestedAs: {
    readonly kind: unknown;
    readonly resource: unknown;
    readonly subResource: string;
  } | null;
  readonly dryRun: boolean;
  /** CreateOptions, UpdateOptions or DeleteOptions, as they came; undefined where nobody asks. */
  readonly options: unknown;
  readonly user: {
    readonly username: string;
    readonly uid: string;
    readonly groups: readonly string[];
    readonly extra: unknown;
  };
}

/** The change that is judged. `after` is the cluster as it would be with the change. */
export interface RuleSituation {
  readonly operation: Operation;
  /** Null on DELETE. */
  readonly object: GovernedObject | null;
  /**
   * Null on CREATE, and where the old object could not be read. On UPDATE `policy` is what the
   * engine has under that name, from before the change.
   */
  readonly oldObject: GovernedObject | null;
  /** Labels of the object's namespace; null where it has none, or is not known. */
  readonly namespaceLabels: Labels | null;
  readonly delta: Delta;
  /** The same without the policies of the baseline that a Namespace gets because it comes to be enforced. */
  readonly ownDelta: Delta;
  readonly after: EngineView;
  readonly facts: ClusterFacts;
  readonly request: RequestFacts;
  /** Milliseconds, on a clock that never goes back; by `deadline` the rules have to be done. */
  readonly clock: () => number;
  readonly deadline: number;
}

/** All a rule may look at. */
export interface RuleContext<P> extends RuleSituation {
  /** The rules of `object` that have an effect, where it is a policy; PERF: placed once for all who ask. */
  readonly placedRules: readonly PlacedRule[];
  /**
   * A bound on what the rule looks at in this change, where that may be very much. If it is used up the rule is said
   * not to have looked at everything.
   */
  readonly effortUpTo: (most: number) => Effort;
  readonly parameters: P;
  /** The profiles in force, by name. */
  readonly profiles: CompiledProfiles;
}

/** What a profile does with a rule, in the namespaces that `match` selects (null: in all). */
export interface RuleEntry {
  readonly action: ProfileRule["action"];
  readonly parameters: unknown;
  readonly match: Selector | null;
}

/** A profile's rule with its parameters read. */
export interface CompiledRule {
  readonly validator: Validator;
  /** The first that matches counts; at least one. */
  readonly entries: readonly RuleEntry[];
}

/** A profile with its rules and those of the profiles it extends, in the order of the registry. */
export interface CompiledProfile {
  readonly name: string;
  /** Name of the Baseline that its namespaces get. */
  readonly baseline: string;
  /** Whether an admitted change says in a warning what it opens and closes. */
  readonly announceChanges: boolean;
  /** How long an Exemption counts, from its creation; null: as long as it says. */
  readonly maxExemptionDays: number | null;
  readonly rules: readonly CompiledRule[];
}

export interface CompiledProfiles {
  get(name: string): CompiledProfile | undefined;
  /** What the Baseline of that name is made with; undefined where none is in force. */
  baselineNeeds(name: string): NeededKeys | undefined;
  /** Names of the policies of that Baseline; none where it is not in force. */
  baselinePolicies(name: string): readonly string[];
  /** Why that Baseline cannot be made with what a namespace's labels and annotations say. */
  baselineMisfits(name: string, namespace: NamespaceFacts): readonly Problem[];
}

/** A remedy that needs no thought. */
export interface Fix {
  /** What it does, in the style of `help`: `write \`10.0.0.0/8\``. */
  readonly title: string;
  /** For the object as it came. */
  readonly patch: readonly PatchOperation[];
}

/** One thing a rule has to say about the object. */
export interface Finding {
  /** JSON path in the object, empty where no field is at fault: `spec.ingress[0].from[0]`. */
  readonly path: string;
  /** Lower-case start, no final period, user input in backticks. */
  readonly message: string;
  /** What to do about it, in the same style. */
  readonly help: string;
  /** Why it matters, if the organisation says so and not the rule. */
  readonly why?: string;
  /** Where the remedy is mechanical: with it the finding is gone, and the object is a valid one. */
  readonly fix?: Fix;
  /** The right that makes the finding void: a subject with the verb `optout` on profiles. */
  readonly waivedBy?: "optout";
  /** A fact the rule needs is not known: the finding is shown, but never refuses a request. */
  readonly unsure?: true;
}

/** Kinds that rules judge. */
export type JudgedKind = PolicyKind | "Namespace";

/** A validating rule: data and one pure function. */
export interface Validator<P = unknown> {
  /** Kebab-case, equal to the file name, stable for ever. */
  readonly id: string;
  readonly title: string;
  /** Why it matters, and what to do: whole sentences, printed into the reference. */
  readonly why: string;
  readonly fix: string;
  /** Of the others it is not asked. */
  readonly kinds: readonly JudgedKind[];
  readonly operations: readonly Operation[];
  /** Action in the shipped profiles; null where the profile does not use the rule. */
  readonly shipped: {
    readonly baseline: RuleAction | null;
    readonly restricted: RuleAction | null;
  };
  /** What happens to the request when the rule itself fails. */
  readonly onFault: "deny" | "warn";
  readonly since: string;
  /** Schema of the rule's parameters; every parameter has a default. */
  readonly parameters: z.ZodType<P>;
  check(context: RuleContext<P>): readonly Finding[];
}

/** Fix the parameter type of a rule while declaring it. */
export function defineValidator<P>(validator: Validator<P>): Validator<P> {
  return validator;
}
