import type { Labels } from "../engine/model.ts";
import type { Mode } from "../resources/profile.ts";
import type { CompiledProfile } from "../rules/rule.ts";
import type { ProfileList } from "../rules/rule-book.ts";
import { MODE_LABEL, PROFILE_LABEL } from "../wire/ringfence-labels.ts";
import { field } from "../wire/shape.ts";
import type { GovernedRequest } from "./review.ts";

/** What a namespace's labels say: which profile, and how hard it is applied. */
export interface OptIn {
  readonly profile: string;
  readonly mode: Mode;
}

export type Governance =
  | { readonly kind: "governed"; readonly active: CompiledProfile; readonly mode: Mode }
  | { readonly kind: "unknown-profile"; readonly name: string; readonly mode: Mode }
  | { readonly kind: "not-opted-in" };

/** The opt-in of a namespace the engine knows; null without the profile label. */
export function optInOf(labels: Labels | undefined): OptIn | null {
  return readOptIn(labels?.get(PROFILE_LABEL), labels?.get(MODE_LABEL));
}

/** What governs the policies of a namespace with that opt-in. */
export function govern(optIn: OptIn | null, profiles: ProfileList): Governance {
  if (optIn === null) return { kind: "not-opted-in" };
  const active = profiles.get(optIn.profile);
  return active === undefined
    ? { kind: "unknown-profile", name: optIn.profile, mode: optIn.mode }
    : { kind: "governed", active, mode: optIn.mode };
}

/**
 * What governs a change of a namespace: the profile it has, so that leaving is judged by the rules
 * that are left; else the one it gets. A new label that names no profile is an error whichever
 * governs; replacing such a label by one that is right is the new profile's business. The mode is the
 * harder of both: a softer one is a way out like any other, and a harder one holds for what comes of it
 * (docs/adr/0016).
 */
export function governNamespace(request: GovernedRequest, profiles: ProfileList): Governance {
  const before = optInOfObject(request.oldObject);
  const after = request.operation === "DELETE" ? before : optInOfObject(request.object);
  const old = govern(before, profiles);
  const next = govern(after, profiles);
  const mode = harder(before?.mode, after?.mode);
  if (next.kind === "unknown-profile") return { ...next, mode };
  if (old.kind === "governed") return { ...old, mode };
  return next.kind === "governed" ? { ...next, mode } : old;
}

/**
 * The mode that a change of a namespace leaves; null where it had none. What guards the way out counts
 * in that one, since a roll-out must never block anybody (docs/adr/0008).
 */
export function modeLeftBy({ kind, oldObject }: GovernedRequest): Mode | null {
  return kind === "Namespace" ? (optInOfObject(oldObject)?.mode ?? null) : null;
}

function harder(one: Mode | undefined, other: Mode | undefined): Mode {
  const modes: readonly Mode[] = ["enforce", "warn"];
  return modes.find((mode) => mode === one || mode === other) ?? "audit";
}

function optInOfObject(object: unknown): OptIn | null {
  const labels = field(object, "metadata", "labels");
  return readOptIn(field(labels, PROFILE_LABEL), field(labels, MODE_LABEL));
}

/** Anything but the two softer modes enforces: a typo must not open the gate. */
function readOptIn(profile: unknown, mode: unknown): OptIn | null {
  if (typeof profile !== "string") return null;
  return { profile, mode: mode === "warn" || mode === "audit" ? mode : "enforce" };
}
