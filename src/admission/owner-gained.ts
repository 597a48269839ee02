import { listAt, textAt } from "../wire/shape.ts";
import type { AdmissionRequest } from "./review.ts";

/**
 * The owners, as `Kind name`, to whom an update hands over a policy or one of our resources: when the last of
 * them goes, the garbage collector deletes it, and at once if there is none of that uid. Empty if it keeps an
 * owner that it had.
 *
 * SECURITY: that delete passes unjudged, or no namespace could be torn down. We cannot tell whether the owner
 * exists, and operators adopt what they find for good reason, so this is a warning and not a denial.
 */
export function ownersGained({
  kind,
  operation,
  object,
  oldObject,
}: AdmissionRequest): readonly string[] {
  if (operation !== "UPDATE" || kind === "Namespace" || kind === "Pod") return [];
  const before = new Set(ownersOf(oldObject).map(uidOf));
  const after = ownersOf(object);
  if (after.some((owner) => before.has(uidOf(owner)))) return [];
  return after.map((owner) => `${textAt(owner, "kind")} ${textAt(owner, "name")}`);
}

/** What `metadata.ownerReferences` lists. */
export function ownersOf(object: unknown): readonly unknown[] {
  return listAt(object, "metadata", "ownerReferences");
}

function uidOf(owner: unknown): string {
  return textAt(owner, "uid");
}
