/** How two values stand to each other in ascending order: below, at or above 0. */
export function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
