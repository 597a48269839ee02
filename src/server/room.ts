interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

/**
 * Room for so many bytes at once. Whoever does not fit waits for those who came before, and leaves by calling
 * the function that `enter` returned.
 */
export class Room {
  readonly #waiting = new Set<Waiting>();
  #free: number;

  constructor(bytes: number) {
    this.#free = bytes;
  }

  /**
   * A function by which to leave, as soon as there is room; null if there is none within `patienceMs`. `bytes`
   * must not exceed the room when nobody is in.
   */
  async enter(bytes: number, patienceMs: number): Promise<(() => void) | null> {
    if (this.#waiting.size > 0 || bytes > this.#free) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const waiting = { bytes, enter: () => resolve(true) };
      this.#waiting.add(waiting);
      const late = setTimeout(() => resolve(false), patienceMs);
      const hasEntered = await promise;
      clearTimeout(late);
      if (!hasEntered) {
        this.#waiting.delete(waiting);
        // The next may fit where this one did not.
        this.#admit();
        return null;
      }
    } else this.#free -= bytes;
    return () => {
      this.#free += bytes;
      this.#admit();
    };
  }

  #admit(): void {
    for (const waiting of this.#waiting) {
      if (waiting.bytes > this.#free) return;
      this.#waiting.delete(waiting);
      this.#free -= waiting.bytes;
      waiting.enter();
    }
  }
}
