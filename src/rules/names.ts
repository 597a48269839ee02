/** Names of the profiles that are always there. */
export const BUILT_IN_PROFILES = ["baseline", "restricted"] as const;

/** What findings of an Invariant have in the place of a rule's id. */
export function invariantId(name: string): string {
  return `invariant "${name}"`;
}
