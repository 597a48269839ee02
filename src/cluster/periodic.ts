const STANDARD_MS = 10_000;

/** Something done now and then while it is started. */
export class Periodic {
  readonly #work: () => void;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(work: () => void, everyMs = STANDARD_MS) {
    this.#work = work;
    this.#everyMs = everyMs;
  }

  /** Do it at once, and then every so often. */
  start(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(this.#work, this.#everyMs);
    this.#work();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }
}
