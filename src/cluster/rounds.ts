import { setTimeout as sleep } from "node:timers/promises";

export interface RoundsOptions {
  /** One round. A failure ends it; the next one comes all the same. */
  readonly work: (signal: AbortSignal) => Promise<void>;
  readonly onFailure: (error: unknown) => void;
  /** Between the end of a round and the next one that something asked for. */
  readonly restMs?: number;
  /** Until the next one although nothing asked for it. */
  readonly atLatestMs?: number;
}

const STANDARD_REST_MS = 10_000;
const STANDARD_LATEST_MS = 600_000;

/** Work done over again while it is started, never twice at a time: soon after it was asked for, and now and then anyway. */
export class Rounds {
  readonly #options: RoundsOptions;
  #running: { readonly stopping: AbortController; readonly ended: Promise<void> } | null = null;
  #isAsked = false;
  #wake: () => void = () => undefined;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  /** Something has changed: there is to be a round. */
  ask(): void {
    this.#isAsked = true;
    this.#wake();
  }

  start(): void {
    if (this.#running !== null) return;
    const stopping = new AbortController();
    this.#running = { stopping, ended: this.#run(stopping.signal) };
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    running?.stopping.abort();
    this.#wake();
    await running?.ended;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { work, onFailure } = this.#options;
    while (!signal.aborted) {
      this.#isAsked = false;
      // oxlint-disable-next-line no-await-in-loop -- one round after the other
      await work(signal).catch((error: unknown) => {
        if (!signal.aborted) onFailure(error);
      });
      // oxlint-disable-next-line no-await-in-loop -- one round after the other
      await this.#rest(signal);
    }
  }

  /** What is asked for during the rest waits for its end. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { restMs = STANDARD_REST_MS, atLatestMs = STANDARD_LATEST_MS } = this.#options;
    await sleep(restMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted || this.#isAsked) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, atLatestMs - restMs);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
    this.#wake = () => undefined;
  }
}
