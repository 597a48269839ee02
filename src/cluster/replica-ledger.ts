import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Telling } from "../admission/replicas.ts";
import { failure, type Problem, type Result, success } from "../errors.ts";
import { isObject } from "../wire/shape.ts";
import type { ApiClient } from "./api-client.ts";
import { faultOf } from "./fault.ts";
import type { Observe } from "./notice.ts";
import { SharedList } from "./shared-list.ts";

/** How long an entry stays after its replica has seen the change: the others see it then or a little later. */
const GRACE_MS = 2_000;

/** For one exchange with the API server; a change waits no longer than its own deadline. */
const EXCHANGE_MS = 2_000;

/** Hundreds of policies of the usual size; what does not fit waits. */
const MAX_BYTES = 256 * 1024;

/**
 * SECURITY: every write costs etcd the whole ledger once more until it compacts (five minutes). At this
 * pace that is 500 MB at worst, whatever users do.
 */
const BYTES_PER_MS = 1_600;

/** Each conflict is another replica's success; more in a row are no accident. */
const MAX_CONFLICTS = 10;

export interface ReplicaLedgerOptions {
  readonly client: ApiClient;
  readonly namespace: string;
  /** Of the ConfigMap that all replicas share. */
  readonly name: string;
  /** How long a change that was told of counts, at most. */
  readonly keptMs: number;
  /** Milliseconds, on a clock that never goes back. */
  readonly clock: () => number;
  /** Takes what another replica has told of. */
  readonly hear: (change: unknown) => void;
  readonly observe: Observe;
}

/** As it is written. */
interface Entry {
  readonly id: string;
  readonly change: unknown;
}

/** What this process knows of an entry. */
interface Knowledge {
  /** When it was first met here: the clocks of two machines are never compared. */
  readonly since: number;
  /** Whether the watches have shown it; null of another's, which that one judges. */
  readonly isSeen: (() => boolean) | null;
  seenAt: number | null;
}

interface Waiting {
  readonly entry: Entry;
  readonly isSeen: () => boolean;
  readonly settle: (outcome: Outcome) => void;
}

type Outcome = Result<"told" | "news", Problem>;

/**
 * What replicas tell each other before they admit it, in a list that they share. Whoever writes must have read
 * what is there, so if two write at once the second hears of the first.
 *
 * - Changes that wait while one write is on its way go together in the next.
 * - An entry is taken off once its own replica has seen it for a while, or `keptMs` after it was first met.
 */
export class ReplicaLedger {
  readonly #options: ReplicaLedgerOptions;
  readonly #waiting = new Set<Waiting>();
  readonly #known = new Map<string, Knowledge>();
  readonly #list: SharedList<Entry>;
  #heard = 0;
  #isWorking = false;

  constructor(options: ReplicaLedgerOptions) {
    this.#options = options;
    this.#list = new SharedList({
      ...options,
      isItem: isEntry,
      onUnreadable: () => this.#failed("the ledger cannot be read and is begun anew"),
    });
  }

  /** How many times others have told something. */
  get heard(): number {
    return this.#heard;
  }

  /**
   * Tell of `change`, which is JSON, unless others have told something after `heard`. A problem where
   * that is not done within `timeoutMs`; others may hear of the change all the same.
   */
  async tell(change: unknown, { heard, timeoutMs, isSeen }: Telling): Promise<Outcome> {
    if (heard !== this.#heard) return success("news");
    const entry: Entry = { id: randomUUID(), change };
    if (bytesOf([entry]) > MAX_BYTES) return this.#failed(`the change has over ${MAX_BYTES} bytes`);
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const waiting: Waiting = { entry, isSeen, settle: resolve };
    const late = setTimeout(() => {
      this.#waiting.delete(waiting);
      resolve(this.#failed("no answer in time"));
    }, timeoutMs);
    this.#waiting.add(waiting);
    void this.#work();
    return promise.finally(() => clearTimeout(late));
  }

  /** Never rejects: what goes wrong is the outcome of those that wait. */
  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    while (this.#waiting.size > 0) {
      // oxlint-disable-next-line no-await-in-loop -- one write at a time, each built upon the one before
      await this.#exchange();
      // oxlint-disable-next-line no-await-in-loop -- what comes meanwhile goes together
      await sleep(Math.ceil(bytesOf(this.#list.items) / BYTES_PER_MS));
    }
    this.#isWorking = false;
  }

  /** Write what waits and fits, or hear what others have told. */
  async #exchange(): Promise<void> {
    const batch: Waiting[] = [];
    try {
      const signal = AbortSignal.timeout(EXCHANGE_MS);
      for (let conflicts = 0; conflicts < MAX_CONFLICTS; conflicts += 1) {
        // oxlint-disable-next-line no-await-in-loop -- each attempt follows from the one before
        const isNews = !this.#list.isCurrent && (await this.#read(signal));
        if (isNews) {
          settle(this.#waiting, this.#waiting, success("news"));
          return;
        }
        const kept = this.#list.items.filter(({ id }) => this.#counts(id));
        batch.splice(0, batch.length, ...fitting(this.#waiting, MAX_BYTES - bytesOf(kept)));
        if (batch.length === 0) return;
        // oxlint-disable-next-line no-await-in-loop -- likewise
        if (await this.#write(kept, batch, signal)) {
          settle(batch, this.#waiting, success("told"));
          return;
        }
      }
      settle(batch, this.#waiting, this.#failed("other replicas were faster each time"));
    } catch (error) {
      settle(new Set([...batch, ...this.#waiting]), this.#waiting, this.#failed(error));
    }
  }

  /** Report whether the entry has to stay, for replicas that have not seen its change yet. */
  #counts(id: string): boolean {
    const known = this.#known.get(id);
    if (known === undefined) return false;
    const now = this.#options.clock();
    if (known.seenAt === null && known.isSeen?.() === true) known.seenAt = now;
    const isSeenByAll = known.seenAt !== null && now - known.seenAt > GRACE_MS;
    return !isSeenByAll && now - known.since < this.#options.keptMs;
  }

  /** Read the list, and hear what is new there. Returns whether something is. */
  async #read(signal: AbortSignal): Promise<boolean> {
    await this.#list.read(signal);
    const since = this.#options.clock();
    const news = this.#list.items.filter(({ id }) => !this.#known.has(id));
    for (const { id, change } of news) {
      this.#known.set(id, { since, isSeen: null, seenAt: null });
      this.#options.hear(change);
    }
    if (news.length > 0) this.#heard += 1;
    return news.length > 0;
  }

  /** Add what waits to what is kept. Returns false where somebody else was faster. */
  async #write(
    kept: readonly Entry[],
    batch: readonly Waiting[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const since = this.#options.clock();
    // Before it is sent: of an answer that is lost nobody knows whether the entries are there.
    for (const { entry, isSeen } of batch) {
      this.#known.set(entry.id, { since, isSeen, seenAt: null });
    }
    const isDone = await this.#list.write([...kept, ...batch.map(({ entry }) => entry)], signal);
    if (isDone) this.#forget();
    return isDone;
  }

  /** What is no longer there is of no interest. */
  #forget(): void {
    const ids = new Set(this.#list.items.map(({ id }) => id));
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id);
  }

  #failed(reason: unknown): Outcome {
    const { code, message } =
      typeof reason === "string"
        ? { code: "NP_E_API_SERVER" as const, message: reason }
        : faultOf(reason);
    this.#options.observe({ kind: "telling-failed", code, message });
    return failure({ code, path: "", message });
  }
}

function settle(those: Iterable<Waiting>, waiting: Set<Waiting>, outcome: Outcome): void {
  for (const one of those) {
    waiting.delete(one);
    one.settle(outcome);
  }
}

/** The first of them, as many as have room in that many bytes. */
function fitting(waiting: Iterable<Waiting>, bytes: number): readonly Waiting[] {
  let room = bytes;
  return [...waiting].filter(({ entry }) => {
    room -= bytesOf([entry]);
    return room >= 0;
  });
}

function bytesOf(entries: readonly Entry[]): number {
  return Buffer.byteLength(JSON.stringify(entries));
}

function isEntry(raw: unknown): raw is Entry {
  return isObject(raw) && typeof raw["id"] === "string";
}
