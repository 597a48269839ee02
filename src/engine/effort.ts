/**
 * How much may be looked at, counted as whoever looks pleases. Once there is not enough left there is none: what
 * has not been looked at by then is not known.
 */
export class Effort {
  #left: number;
  #isUsedUp = false;

  constructor(most: number) {
    this.#left = most;
  }

  /** Whether something was not looked at because it would have taken too much. */
  get isUsedUp(): boolean {
    return this.#isUsedUp;
  }

  /** Take so much, and report whether there was as much left. */
  take(amount: number): boolean {
    this.#isUsedUp ||= amount > this.#left;
    if (!this.#isUsedUp) this.#left -= amount;
    return !this.#isUsedUp;
  }
}
