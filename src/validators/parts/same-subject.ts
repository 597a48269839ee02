import type { Policy } from "../../engine/model.ts";
import { sameJson } from "../../wire/shape.ts";

/** Report whether two versions of a policy select the same pods, whichever those are. */
export function haveSameSubject(a: Policy, b: Policy): boolean {
  return sameJson(a.subject, b.subject);
}
