export interface PaceOptions {
  readonly perSecond: number;
  /** How many may go at once after a while of quiet. */
  readonly burst: number;
}

/** Limits a rate: whoever reserves a turn is told how long to wait for it. */
export class Pace {
  readonly #intervalMs: number;
  readonly #slackMs: number;
  /** When the next turn would be, had nobody ever waited. */
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor({ perSecond, burst }: PaceOptions) {
    this.#intervalMs = 1000 / perSecond;
    this.#slackMs = (burst - 1) * this.#intervalMs;
  }

  /** Reserve a turn at `nowMs` (a clock that never goes back) and return the milliseconds until it comes. */
  reserveMs(nowMs: number): number {
    const turnMs = Math.max(this.#nextMs, nowMs - this.#slackMs);
    this.#nextMs = turnMs + this.#intervalMs;
    return Math.max(turnMs - nowMs, 0);
  }
}
