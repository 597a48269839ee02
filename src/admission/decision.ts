import type { FlowClaim } from "../engine/model.ts";
import type { Oversize } from "../engine/oversize.ts";
import type { Delta, FlowList } from "../engine/query.ts";
import type { Problem } from "../errors.ts";
import type { Exemption } from "../resources/exemption.ts";
import type { Mode } from "../resources/profile.ts";
import type { CompiledProfile } from "../rules/rule.ts";
import type { JudgedFinding, RuleFault } from "../rules/run-rules.ts";
import type { Passage } from "./let-through.ts";

/** Why a request that should have been judged was not, or not wholly. */
export type Trouble =
  | { readonly kind: "invalid"; readonly problems: readonly Problem[] }
  | {
      readonly kind: "unknown-profile";
      readonly name: string;
      readonly known: readonly string[];
      /** Why a profile of that name cannot be used; empty where there is none. */
      readonly problems: readonly Problem[];
    }
  | { readonly kind: "not-synced" }
  /** The API server asks about a namespace of which we do not know what it has opted in to. */
  | { readonly kind: "unavailable"; readonly namespace: string }
  /** A pod would run in a namespace that does not have these policies of its baseline yet. */
  | {
      readonly kind: "no-baseline";
      readonly namespace: string;
      readonly missing: readonly string[];
    }
  | { readonly kind: "stale"; readonly ageMs: number }
  | { readonly kind: "past-deadline" }
  /** It concerns an invariant, and the other replicas may be admitting what breaks that together with it. */
  | { readonly kind: "untold"; readonly problem: Problem }
  /** Judging it would keep everybody else waiting. */
  | {
      readonly kind: "too-large";
      /**
       * `"uncounted"`: so many parts that they were not counted. `"for-its-flows"`: it opens and closes too much that differs
       * from pod to pod. `"for-invariants"`: all the Invariants that this concerns cannot be held against it.
       */
      readonly parts: Oversize | "uncounted" | "for-its-flows" | "for-invariants";
      readonly limit: number;
    }
  | { readonly kind: "rule-fault"; readonly faults: readonly RuleFault[] };

/** The use of an Exemption for findings of those rules. */
export interface ExemptionUse {
  readonly ruleIds: readonly string[];
  readonly by: Exemption;
  /** When it ends or ended, in milliseconds since 1970. */
  readonly endMs: number;
}

/** Something the user should know although it does not decide. */
export type Notice =
  /** The new object was read in a way its author may not expect. */
  | { readonly kind: "reading"; readonly problem: Problem }
  | { readonly kind: "unreadable-policies"; readonly keys: readonly string[] }
  | { readonly kind: "unreadable-old-object"; readonly problems: readonly Problem[] }
  /** These policies of the namespace's own will be replaced by the baseline's of the same names. */
  | { readonly kind: "replaced-by-baseline"; readonly names: readonly string[] }
  /** A pod does not wait for its namespace's baseline, because that cannot be made. */
  | { readonly kind: "no-baseline-to-wait-for"; readonly problems: readonly Problem[] }
  | { readonly kind: "right-unchecked"; readonly problem: Problem }
  | { readonly kind: "waived"; readonly ruleIds: readonly string[] }
  | ({ readonly kind: "excused" } & ExemptionUse)
  /** The finding stands: the Exemption has ended, or it is from a file and lasts longer than the profile allows. */
  | ({ readonly kind: "not-excused"; readonly as: "expired" | "lasts-too-long" } & ExemptionUse)
  /** A resource that matters here is not in force in its newest version. */
  | {
      readonly kind: "broken-resource";
      readonly key: string;
      readonly problems: readonly Problem[];
    }
  | { readonly kind: "trouble"; readonly trouble: Trouble };

/** What the rules say of a change. It becomes text later. */
export interface Judged {
  readonly kind: "judged";
  readonly profile: CompiledProfile;
  readonly mode: Mode;
  readonly delta: Delta;
  /** If there is one, the request is refused. */
  readonly denials: readonly JudgedFinding[];
  readonly warnings: readonly JudgedFinding[];
  /** For the audit log only. */
  readonly audits: readonly JudgedFinding[];
  readonly faults: readonly RuleFault[];
  readonly notices: readonly Notice[];
}

/** The faults that refuse a change although no rule denies it. */
export function refusingFaults({ mode, faults }: Judged): readonly RuleFault[] {
  return mode === "enforce" ? faults.filter(({ onFault }) => onFault === "deny") : [];
}

/** What the author of a usable resource should know. */
export type ResourceNotice =
  /** These policies (`namespace/name`) of namespaces' own will be replaced by those of a Baseline. */
  | { readonly kind: "replaces"; readonly policies: readonly string[] }
  /** What Ringfence will write because of it breaks an Invariant, which only warns. */
  | { readonly kind: "breaks"; readonly finding: JudgedFinding }
  /** There was no time to hold it against every Invariant. */
  | { readonly kind: "not-judged-whole" }
  /** These lack labels or annotations that their Baseline is made with, and keep what they have. */
  | { readonly kind: "cannot-be-made"; readonly namespaces: readonly string[] }
  /** These selectors of the Invariant match no pod now. */
  | { readonly kind: "no-pods"; readonly paths: readonly string[] }
  /** These flows break the Invariant as things are. */
  | { readonly kind: "broken"; readonly sense: FlowClaim["sense"]; readonly flows: FlowList }
  /** The Exemption has ended; when, in milliseconds since 1970. */
  | { readonly kind: "expired"; readonly endMs: number };

/** What is to be said of a change of a Profile, Invariant, Baseline or Exemption. */
export interface ResourceVerdict {
  readonly kind: "resource";
  /** What is wrong with it, or with others because of it. */
  readonly problems: readonly Problem[];
  /** Namespaces that use the profile or baseline that is to be deleted. */
  readonly users: readonly string[];
  readonly notices: readonly ResourceNotice[];
}

export type Decision =
  | Judged
  | { readonly kind: "let-through"; readonly passage: Passage }
  | { readonly kind: "not-opted-in" }
  /** A change of one of Ringfence's own resources; with problems or users it is refused. */
  | ResourceVerdict
  /** `blocks`: the request is refused; else it passes with a warning that says why. */
  | { readonly kind: "troubled"; readonly trouble: Trouble; readonly blocks: boolean };

/** Report whether a change of a resource is refused. */
export function isRefused({ problems, users }: ResourceVerdict): boolean {
  return problems.length + users.length > 0;
}
