/** A time (milliseconds since 1970) as the Kubernetes API writes it, to the second: `2030-01-31T00:00:00Z`. */
export function renderTime(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}
