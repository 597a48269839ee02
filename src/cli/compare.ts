/** How two values stand to each other in ascending order: below, at or above 0. */
export function compare<T extends string | bigint>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
