/** What a profile does with a finding of a rule. */
export type RuleAction = "Deny" | "Warn" | "Audit";

/** How a namespace applies its profile: `ringfence.dev/mode`, `enforce` where the label is absent. */
export type Mode = "enforce" | "warn" | "audit";

/** One rule of a profile. `parameters` are checked by the rule's own schema when the profile is read. */
export interface ProfileRule {
  readonly id: string;
  readonly action: RuleAction;
  readonly parameters: unknown;
}

/** A set of rules an organisation applies: design of `ringfence.dev/v1alpha1` Profile. */
export interface Profile {
  readonly name: string;
  readonly description: string;
  readonly rules: readonly ProfileRule[];
  /** Whether an admitted change says in a warning what it opens and closes. */
  readonly announceChanges: boolean;
}
