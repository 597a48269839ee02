/** Longer than nearly every decision takes. */
const LONG_MS = 100;

/**
 * Lets work through until a turn of the event loop has lasted for a while; the rest waits. What takes long each time
 * would else follow upon each other without end, and nobody else be heard in between: a kubelet whose
 * probes are not answered takes the process out of the Service, and then ends it.
 */
export class Turnstile {
  readonly #othersHadTheirTurn: () => Promise<void>;
  /** When the work of this turn began, on `performance`'s clock; null: there has been none yet. */
  #began: number | null = null;

  /** `othersHadTheirTurn` settles in a later turn. */
  constructor(othersHadTheirTurn: () => Promise<void>) {
    this.#othersHadTheirTurn = othersHadTheirTurn;
  }

  /** Settles when there is time in a turn; the work has to follow at once. */
  async pass(): Promise<void> {
    while (this.#began !== null && performance.now() - this.#began > LONG_MS) {
      // oxlint-disable-next-line no-await-in-loop -- somebody else may be faster then
      await this.#othersHadTheirTurn();
    }
    if (this.#began !== null) return;
    this.#began = performance.now();
    setImmediate(() => {
      this.#began = null;
    });
  }
}
