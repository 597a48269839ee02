import { isDeepStrictEqual } from "node:util";
import { field, isObject } from "../wire/shape.ts";

/**
 * Report whether a namespace only gets another version of what it has: nothing is missing, but what is wanted
 * has changed since all was in place.
 */
export function isRollOut(
  wanted: readonly object[],
  held: readonly object[],
  stored: ReadonlyMap<string, unknown>,
): boolean {
  return (
    stored.size > 0 &&
    held.every((one) => stored.has(nameOf(one))) &&
    !isDeepStrictEqual(wanted, held)
  );
}

/** Report whether a stored policy says what the baseline wants; what others added beside it may stay. */
export function holds(stored: unknown, wanted: object): boolean {
  const labels = field(stored, "metadata", "labels");
  return (
    Object.entries(field(wanted, "metadata", "labels") ?? {}).every(
      ([key, value]) => field(labels, key) === value,
    ) && isDeepStrictEqual(ruleSet(stored), ruleSet(wanted))
  );
}

/** A policy's `spec` as the API server stores it: without fields that are null or empty and mean nothing. */
function ruleSet(policy: unknown): unknown {
  return withoutEmpty(field(policy, "spec"));
}

function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, of]) => {
      const isEmpty =
        of === null ||
        (Array.isArray(of) && of.length === 0) ||
        (key === "matchLabels" && isObject(of) && Object.keys(of).length === 0);
      return isEmpty ? [] : [[key, withoutEmpty(of)]];
    }),
  );
}

/**
 * SECURITY: server-side apply leaves alone what its body does not name. Without the empty lists an
 * `ingress: [{}]` that somebody added to default-deny would outlive every repair.
 */
export function owningEveryRule(policy: object): object {
  const spec = field(policy, "spec");
  return isObject(spec) ? { ...policy, spec: { ingress: [], egress: [], ...spec } } : policy;
}

/** Name of a policy. */
export function nameOf(policy: object): string {
  return String(field(policy, "metadata", "name"));
}
