import type { Mode } from "../resources/profile.ts";
import { type OptIn, optInOfObject } from "../rules/opt-in.ts";
import type { CompiledProfile } from "../rules/rule.ts";
import type { ProfileList } from "../rules/rule-book.ts";
import type { GovernedRequest } from "./review.ts";

export type Governance =
  | { readonly kind: "governed"; readonly active: CompiledProfile; readonly mode: Mode }
  | { readonly kind: "unknown-profile"; readonly name: string; readonly mode: Mode }
  | { readonly kind: "not-opted-in" };

/** What governs the policies of a namespace with that opt-in. */
export function govern(
  optIn: Pick<OptIn, "profile" | "mode"> | null,
  profiles: ProfileList,
): Governance {
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
