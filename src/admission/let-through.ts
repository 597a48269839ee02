import { BASELINE_LABEL } from "../wire/ringfence-labels.ts";
import { field, sameJson } from "../wire/shape.ts";
import { ownersOf } from "./owner-gained.ts";
import type { AdmissionRequest } from "./review.ts";

/** Why a request passes without being judged. */
export type Passage =
  | "ringfence-itself"
  | "cluster-controller"
  | "namespace-terminating"
  | "already-deleted"
  | "spec-and-labels-unchanged";

/**
 * Controllers that clear up after others. Denying them blocks the deletion of a namespace for ever,
 * where RBAC is already gone and nobody can help.
 */
const CLEARING_UP: ReadonlySet<string> = new Set([
  "system:serviceaccount:kube-system:namespace-controller",
  "system:serviceaccount:kube-system:generic-garbage-collector",
]);

/** Why `request` is none of the rules' business, null where it is. */
export function letThrough(
  request: AdmissionRequest,
  ownUsername: string,
  isTerminating: (namespace: string) => boolean,
): Passage | null {
  const { operation, user, oldObject } = request;
  if (user.username === ownUsername) return "ringfence-itself";
  if (CLEARING_UP.has(user.username)) return "cluster-controller";
  if (operation === "UPDATE" && isUntouched(request)) return "spec-and-labels-unchanged";
  // SECURITY: only the delete of an object that is being deleted. An update of one with a new spec
  // is judged: a finalizer would otherwise keep a policy alive that nobody judges any more.
  if (operation === "DELETE" && hasDeletionTimestamp(oldObject)) return "already-deleted";
  return isTerminating(request.namespace) ? "namespace-terminating" : null;
}

/** An old object stays editable, and its finalizers removable, whatever today's rules say of it. */
function isUntouched(request: AdmissionRequest): boolean {
  const { object, oldObject } = request;
  return (
    sameJson(field(object, "spec"), field(oldObject, "spec")) &&
    sameJson(labelsOf(object), labelsOf(oldObject)) &&
    !givesBaselineAnOwner(request)
  );
}

/**
 * SECURITY: if the owner goes, or does not exist, the garbage collector deletes the policy, and its deletes are
 * let through. So giving a baseline policy an owner is a delete in two steps.
 */
function givesBaselineAnOwner({ kind, object, oldObject }: AdmissionRequest): boolean {
  if (kind !== "NetworkPolicy") return false;
  if (field(oldObject, "metadata", "labels", BASELINE_LABEL) === undefined) return false;
  // One that is written in another order counts as another, and is judged.
  const before = new Set(ownersOf(oldObject).map((owner) => JSON.stringify(owner)));
  return ownersOf(object).some((owner) => !before.has(JSON.stringify(owner)));
}

function hasDeletionTimestamp(object: unknown): boolean {
  return typeof field(object, "metadata", "deletionTimestamp") === "string";
}

/** Absent, null and empty labels are the same labels. */
function labelsOf(object: unknown): unknown {
  return field(object, "metadata", "labels") ?? {};
}
