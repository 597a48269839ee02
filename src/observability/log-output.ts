import { write, writeSync } from "node:fs";

/** Characters that wait for a slow reader; lines beyond that are lost, or they would fill the memory. */
const MAX_WAITING = 4 * 1024 * 1024;
const RETRY_MS = 100;

/**
 * A file descriptor for lines that survives a slow or vanished reader and a full disk. Lines that cannot be
 * written are lost and counted, and the next good write says how many; nothing throws, and nobody waits.
 */
export class LogOutput {
  readonly #descriptor: number;
  #waiting = "";
  #isWriting = false;
  #lost = 0;
  /** How many of them have been reported by a line. */
  #told = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  /** How many lines were lost so far. */
  get lost(): number {
    return this.#lost;
  }

  write(lines: string): void {
    if (this.#waiting.length + lines.length > MAX_WAITING) this.#lost += countLines(lines);
    else this.#waiting += lines;
    if (!this.#isWriting) this.#writeNext();
  }

  /** Write these lines and what still waits before returning; what does not go at once is lost. */
  flushSync(lines: string): void {
    let rest = Buffer.from(this.#waiting + lines);
    this.#waiting = "";
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(this.#descriptor, rest));
    } catch {
      // The last words of a process, and nobody to hear them.
    }
  }

  #writeNext(): void {
    if (this.#waiting === "") return;
    const chunk = Buffer.from(this.#waiting);
    this.#waiting = "";
    this.#isWriting = true;
    this.#push(chunk);
  }

  #push(chunk: Buffer): void {
    write(this.#descriptor, chunk, (error, written) => {
      const rest = chunk.subarray(written);
      if (error?.code === "EAGAIN") setTimeout(() => this.#push(chunk), RETRY_MS).unref();
      else if (error === null && rest.length > 0) this.#push(rest);
      else this.#end(error === null ? 0 : countLines(chunk.toString()));
    });
  }

  #end(lost: number): void {
    this.#isWriting = false;
    this.#lost += lost;
    if (lost > 0) return;
    const untold = this.#lost - this.#told;
    if (untold > 0) {
      const line = { level: 40, time: Date.now(), lines: untold, msg: "log lines were lost" };
      this.#told = this.#lost;
      this.#waiting += `${JSON.stringify(line)}\n`;
    }
    this.#writeNext();
  }
}

function countLines(text: string): number {
  return text.split("\n").length - 1;
}
