import { Pace, type PaceOptions } from "./pace.ts";

/** Turns at a bounded rate for those who come back when their turn has come. */
export class Turns {
  readonly #pace: Pace;
  readonly #due = new Map<string, number>();

  constructor(options: PaceOptions) {
    this.#pace = new Pace(options);
  }

  /** Milliseconds until it is the turn of `key`; 0: now, and the turn is taken. */
  waitMs(key: string, nowMs = performance.now()): number {
    const due = this.#due.get(key) ?? nowMs + this.#pace.reserveMs(nowMs);
    if (due <= nowMs) {
      this.#due.delete(key);
      return 0;
    }
    this.#due.set(key, due);
    return due - nowMs;
  }

  /** What `key` waited for has been done out of turn. */
  giveUp(key: string): void {
    this.#due.delete(key);
  }
}
