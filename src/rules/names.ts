/** Names of the profiles that are always there. */
export const BUILT_IN_PROFILES = ["baseline", "restricted"] as const;

/** What findings of an Invariant are called, where rules have their id. */
export function invariantId(name: string): string {
  return `invariant "${name}"`;
}
