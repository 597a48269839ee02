/** Time for the way back to the API server: tens of milliseconds were measured on a busy node. */
const MARGIN_MS = 200;

/** The margin takes no more than this share of a very short timeout. */
const MARGIN_SHARE = 0.25;

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
  ["us", 0.001],
  ["µs", 0.001],
  ["ns", 0.000_001],
]);

/**
 * How long an answer may take: the server's own limit or what the API server has left, whichever is
 * shorter, less a margin. The API server says it in the query (`?timeout=5s`), written as Go writes a
 * duration; anything else there is ignored.
 */
export function requestTimeMs(ownLimitMs: number, timeout: unknown): number {
  const given = typeof timeout === "string" ? readDuration(timeout) : null;
  const limit = given === null ? ownLimitMs : Math.min(ownLimitMs, given);
  return limit - Math.min(MARGIN_MS, limit * MARGIN_SHARE);
}

/** PERF: an API server says the same in nearly every call, so the last answer is kept. */
let last: { readonly text: string; readonly ms: number | null } = { text: "", ms: null };

function readDuration(text: string): number | null {
  if (text !== last.text) last = { text, ms: parseGoDuration(text) };
  return last.ms;
}

/** `1m30s`, `4.998s` or `500ms` in milliseconds; null if it is none or not positive. */
function parseGoDuration(text: string): number | null {
  if (!/^(\d+(\.\d+)?(h|ms|m|s|us|µs|ns))+$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)) {
    total += Number(amount) * (UNIT_MS.get(unit ?? "") ?? 0);
  }
  return total > 0 ? total : null;
}
