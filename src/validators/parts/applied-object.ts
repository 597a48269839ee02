import type { GovernedObject } from "../../rules/rule.ts";
import { field } from "../../wire/shape.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * The object as its author has written it, without what the API server fills in before admission: what
 * kubectl leaves of it in an annotation, if this very request is a `kubectl apply`; else the object itself,
 * which in a file is what somebody wrote.
 */
export function appliedObject(object: GovernedObject, oldObject: GovernedObject | null): unknown {
  const applied = lastApplied(object);
  if (applied === undefined || applied === lastApplied(oldObject)) return object.manifest;
  return parsed(applied) ?? object.manifest;
}

function lastApplied(object: GovernedObject | null): string | undefined {
  const annotation = field(object?.manifest, "metadata", "annotations", LAST_APPLIED);
  return typeof annotation === "string" ? annotation : undefined;
}

/** Anybody can write the annotation, and it is not always JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
