import { type BackOff, STANDARD_BACK_OFF } from "./back-off.ts";

/** All in milliseconds, but the watch's own length. */
export interface ReflectorTiming {
  readonly listTimeoutMs: number;
  /**
   * Silence after which a watch is opened anew where it was: nothing may have happened, or the connection may
   * be dead. The API server sends a bookmark about once a minute, but not for kinds without changes.
   */
  readonly idleMs: number;
  readonly backOff: BackOff;
  readonly absentRecheckMs: number;
  readonly pageSize: number;
}

export const STANDARD_TIMING: ReflectorTiming = {
  listTimeoutMs: 60_000,
  idleMs: 90_000,
  backOff: STANDARD_BACK_OFF,
  absentRecheckMs: 60_000,
  // client-go's page size.
  pageSize: 500,
};
