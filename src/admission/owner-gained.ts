import { listAt, textAt } from "../wire/shape.ts";
import type { AdmissionRequest } from "./review.ts";

/**
 * The owners, as `Kind name`, that an update hands a policy or one of our resources over to: with the last of them the garbage
 * collector deletes it, at once where there is none of that uid. None where it keeps an owner that it had, which
 * still holds it.
 *
 * SECURITY: that delete passes unjudged, or no namespace could be torn down. Whether the owner is there
 * nobody here can tell, and operators adopt what they find for good reason: so it is said, and not denied.
 */
export function ownersGained({
  kind,
  operation,
  object,
  oldObject,
}: AdmissionRequest): readonly string[] {
  if (operation !== "UPDATE" || kind === "Namespace" || kind === "Pod") return [];
  const before = ownersOf(oldObject).map(uidOf);
  const after = ownersOf(object);
  if (after.some((owner) => before.includes(uidOf(owner)))) return [];
  return after.map((owner) => `${textAt(owner, "kind")} ${textAt(owner, "name")}`);
}

/** What `metadata.ownerReferences` lists. */
export function ownersOf(object: unknown): readonly unknown[] {
  return listAt(object, "metadata", "ownerReferences");
}

function uidOf(owner: unknown): string {
  return textAt(owner, "uid");
}
