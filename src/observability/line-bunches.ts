/** Where lines end up; as pino's destination is. */
interface Sink {
  write(text: string): unknown;
  flushSync(): void;
}

/** A write wakes another thread, so it is worth some 30 lines; a reader of logs can wait that long. */
const BUNCH_LENGTH = 12_000;
const FLUSH_MS = 200;

/**
 * A destination for pino that hands lines on in bunches.
 * PERF: pino's own bunches are measured anew with every line, which took longer than to make the line
 * (`npm run bench -- admission`).
 */
export class LineBunches {
  readonly #sink: Sink;
  #bunch = "";
  #timer: NodeJS.Timeout | null = null;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  write(line: string): void {
    this.#bunch += line;
    if (this.#bunch.length >= BUNCH_LENGTH) this.#handOn();
    else this.#timer ??= setTimeout(() => this.#handOn(), FLUSH_MS).unref();
  }

  /** All lines are out when this returns. */
  flushSync(): void {
    this.#handOn();
    this.#sink.flushSync();
  }

  #handOn(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#sink.write(this.#bunch);
    this.#bunch = "";
  }
}
