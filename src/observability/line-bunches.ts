import type { LogOutput } from "./log-output.ts";

/** A write wakes another thread, so it should be for some 30 lines; a reader of logs can wait that long. */
const BUNCH_LENGTH = 12_000;
const FLUSH_MS = 200;

/**
 * A destination for pino that hands lines on in bunches.
 * PERF: pino's own bunches are measured anew with every line, which took longer than to make the line
 * (`npm run bench -- admission`).
 */
export class LineBunches {
  readonly #output: LogOutput;
  #bunch = "";
  #timer: NodeJS.Timeout | null = null;

  constructor(output: LogOutput) {
    this.#output = output;
  }

  write(line: string): void {
    this.#bunch += line;
    if (this.#bunch.length >= BUNCH_LENGTH) this.#handOn();
    else this.#timer ??= setTimeout(() => this.#handOn(), FLUSH_MS).unref();
  }

  /** When this returns, all lines are written or lost. */
  flushSync(): void {
    this.#output.flushSync(this.#take());
  }

  #handOn(): void {
    this.#output.write(this.#take());
  }

  #take(): string {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const bunch = this.#bunch;
    this.#bunch = "";
    return bunch;
  }
}
