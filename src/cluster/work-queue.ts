import { setImmediate } from "node:timers/promises";
import { type BackOff, retryMs } from "./back-off.ts";

export interface WorkQueueOptions {
  /** What to do for a key. Resolves with how long, in ms, to leave the key alone afterwards. */
  readonly work: (key: string, signal: AbortSignal) => Promise<number>;
  readonly onFailure: (key: string, error: unknown, retryMs: number) => void;
  readonly concurrency: number;
  readonly backOff: BackOff;
}

/**
 * Keys that need work, each at most once at a time: added while it is worked on or rests, a key is
 * worked on once more afterwards. A failure rests the key for a back-off of its own, then repeats.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #stopping = new AbortController();
  readonly #dirty = new Set<string>();
  readonly #active = new Map<string, Promise<void>>();
  readonly #resting = new Map<string, NodeJS.Timeout>();
  readonly #failures = new Map<string, number>();

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  add(key: string): void {
    this.#dirty.add(key);
    this.#pump();
  }

  /** The same where what made it fail may have changed: a key that rests after failures is worked on at once. */
  retry(key: string): void {
    if (this.#failures.delete(key)) {
      clearTimeout(this.#resting.get(key));
      this.#resting.delete(key);
    }
    this.add(key);
  }

  /** Abort what is being worked on and forget the rest; settles when nothing runs any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const timer of this.#resting.values()) clearTimeout(timer);
    await Promise.all(this.#active.values());
  }

  #pump(): void {
    for (const key of this.#dirty) {
      if (this.#stopping.signal.aborted || this.#active.size >= this.#options.concurrency) return;
      if (this.#active.has(key) || this.#resting.has(key)) continue;
      this.#dirty.delete(key);
      this.#active.set(key, this.#run(key));
    }
  }

  async #run(key: string): Promise<void> {
    const { work, backOff, onFailure } = this.#options;
    const { signal } = this.#stopping;
    // A failure becomes a retry: the queue is an edge, nobody waits for this promise but `stop`.
    const restMs = await work(key, signal).then(
      (ms) => {
        this.#failures.delete(key);
        return ms;
      },
      (error: unknown) => {
        const failures = (this.#failures.get(key) ?? 0) + 1;
        this.#failures.set(key, failures);
        const waitMs = retryMs(error, failures, backOff);
        if (!signal.aborted) onFailure(key, error, waitMs);
        this.#dirty.add(key);
        return waitMs;
      },
    );
    // PERF: of thousands of keys whose work waits for nothing, nobody else would be answered until all were done.
    await setImmediate();
    this.#active.delete(key);
    if (restMs > 0 && !signal.aborted) this.#rest(key, restMs);
    this.#pump();
  }

  #rest(key: string, ms: number): void {
    const wake = (): void => {
      this.#resting.delete(key);
      this.#pump();
    };
    this.#resting.set(key, setTimeout(wake, ms));
  }
}
