interface Waiting {
  readonly bytes: number;
  readonly enter: () => void;
}

/**
 * Room for so many bytes at once. Who does not fit waits for those who came before, and each who is in leaves by
 * calling what it was given.
 */
export class Room {
  readonly #waiting = new Set<Waiting>();
  #free: number;

  constructor(bytes: number) {
    this.#free = bytes;
  }

  /**
   * How to leave again, once there is room; null where there is none within `patienceMs`. `bytes` must
   * not be more than there is when nobody is in.
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
