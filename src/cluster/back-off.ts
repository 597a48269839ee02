import { ApiError } from "./api-client.ts";

export interface BackOff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Half a second, doubled up to half a minute: an API server that restarts is found again quickly. */
export const STANDARD_BACK_OFF: BackOff = { firstMs: 500, maxMs: 30_000 };

/**
 * How long to wait after so many failures in a row (1 or more): doubled each time up to `maxMs`,
 * and between half of that and all of it, so that many clients do not come back at once.
 */
function backOffMs(failures: number, { firstMs, maxMs }: BackOff): number {
  // 2 ** 30 keeps the product finite for a cluster that has been away for a month.
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full * (0.5 + Math.random() / 2));
}

/** As `backOffMs`, and no sooner than the API server asks for. */
export function retryMs(error: unknown, failures: number, backOff: BackOff): number {
  return Math.max(backOffMs(failures, backOff), askedMs(error, backOff.maxMs));
}

/**
 * How long the API server asks to be left alone, by `Retry-After`; 0 if it does not. At most `maxMs`, so that
 * no answer can silence us for an hour.
 */
export function askedMs(error: unknown, maxMs: number): number {
  const ms = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
  return Math.min(ms, maxMs);
}
