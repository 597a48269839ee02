import type { Delta } from "../engine/query.ts";
import type { Problem } from "../errors.ts";
import type { Mode } from "../resources/profile.ts";
import type { CompiledProfile } from "../rules/rule.ts";
import type { JudgedFinding, RuleFault } from "../rules/run-rules.ts";
import type { Passage } from "./let-through.ts";

/** Why a request that should have been judged was not, or not wholly. */
export type Trouble =
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] }
  | { readonly kind: "unknown-profile"; readonly name: string; readonly known: readonly string[] }
  | { readonly kind: "not-synced" }
  /** The API server asks about a namespace of which we do not know what it has opted in to. */
  | { readonly kind: "unavailable"; readonly namespace: string }
  | { readonly kind: "stale"; readonly ageMs: number }
  | { readonly kind: "past-deadline" }
  | { readonly kind: "rule-fault"; readonly faults: readonly RuleFault[] };

/** Something the user should know although it does not decide. */
export type Notice =
  /** The new object was read in a way its author may not expect. */
  | { readonly kind: "reading"; readonly problem: Problem }
  | { readonly kind: "unreadable-policies"; readonly keys: readonly string[] }
  | { readonly kind: "unreadable-old-object"; readonly problems: readonly Problem[] }
  | { readonly kind: "right-unchecked"; readonly problem: Problem }
  | { readonly kind: "waived"; readonly ruleIds: readonly string[] }
  | { readonly kind: "trouble"; readonly trouble: Trouble };

/** What the rules made of a change. Text comes later. */
export interface Judged {
  readonly kind: "judged";
  readonly profile: CompiledProfile;
  readonly mode: Mode;
  readonly delta: Delta;
  /** Refuse the request where there is one. */
  readonly denials: readonly JudgedFinding[];
  readonly warnings: readonly JudgedFinding[];
  /** For the audit log only. */
  readonly audits: readonly JudgedFinding[];
  readonly faults: readonly RuleFault[];
  readonly notices: readonly Notice[];
}

export type Decision =
  | Judged
  | { readonly kind: "let-through"; readonly passage: Passage }
  | { readonly kind: "not-opted-in" }
  /** `blocks`: the request is refused; else it passes with a warning that says why. */
  | { readonly kind: "troubled"; readonly trouble: Trouble; readonly blocks: boolean };
