/** As whom requests are made, by those who may. */
export interface Impersonation {
  readonly user: string;
  readonly groups: readonly string[];
  readonly uid?: string;
}

/** The headers by which the API server is told; one line for each group, whose name may hold a comma. */
export function impersonationHeaders(
  who: Impersonation | undefined,
): ReadonlyMap<string, string | readonly string[]> {
  if (who === undefined) return new Map();
  const { user, groups, uid } = who;
  return new Map<string, string | readonly string[]>([
    ["impersonate-user", user],
    ...(groups.length === 0 ? [] : [["impersonate-group", groups] as const]),
    ...(uid === undefined ? [] : [["impersonate-uid", uid] as const]),
  ]);
}
