import { WorkQueue, type WorkQueueOptions } from "./work-queue.ts";

export interface ReconcilerOptions extends WorkQueueOptions {
  /** Every key there is at the moment. */
  readonly keys: () => Iterable<string>;
  /** How often all of them are looked at even if nothing happened. */
  readonly resyncMs: number;
}

/** Work that is done while it is started: for each key that is added, and for every key now and then. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  #queue: WorkQueue | null = null;
  #resync: NodeJS.Timeout | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Begin, with every key. */
  start(): void {
    if (this.#queue !== null) return;
    this.#queue = new WorkQueue(this.#options);
    this.#resync = setInterval(() => this.refresh(), this.#options.resyncMs);
    this.refresh();
  }

  /** Look at one key. Does nothing before `start`, which begins with all of them. */
  add(key: string): void {
    this.#queue?.add(key);
  }

  /** The same at once, though it has failed: what made it fail may have changed. */
  retry(key: string): void {
    this.#queue?.retry(key);
  }

  /** Look at every key. */
  refresh(): void {
    for (const key of this.#options.keys()) this.add(key);
  }

  /** Settles when nothing runs any more; it may be started again. */
  async stop(): Promise<void> {
    clearInterval(this.#resync);
    const queue = this.#queue;
    this.#queue = null;
    await queue?.stop();
  }
}
