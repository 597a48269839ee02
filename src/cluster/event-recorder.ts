import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { printable } from "../wire/printable.ts";
import { renderTime } from "../wire/render-time.ts";
import { type ApiClient, ApiError } from "./api-client.ts";
import { apply } from "./apply.ts";
import { type BackOff, STANDARD_BACK_OFF } from "./back-off.ts";
import { faultOf } from "./fault.ts";
import type { Observe } from "./notice.ts";
import { Pace } from "./pace.ts";
import { EVENTS } from "./resource-type.ts";
import { WorkQueue } from "./work-queue.ts";

/** Something that happened to an object of a namespace, for `kubectl get events`. */
export interface Happening {
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    /** Also that of the Event: for a Namespace, its own name. */
    readonly namespace: string;
    readonly uid?: string;
  };
  readonly type: "Normal" | "Warning";
  /** CamelCase, from a closed list. */
  readonly reason: string;
  readonly message: string;
  /** Happenings with the same object, reason and group become one Event, which counts them and has the last message. */
  readonly group: string;
}

export interface EventRecorderOptions {
  readonly client: ApiClient;
  /** Name of this process: replicas count for themselves. */
  readonly identity: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly observe: Observe;
  readonly backOff?: BackOff;
  /** How long an Event that was just written is left alone. */
  readonly restMs?: number;
}

/** What has been counted of a group of happenings. */
interface Counted {
  readonly happening: Happening;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Writes altogether: a flood of denials must not become a flood of writes. */
const PER_SECOND = 5;
const BURST = 25;
/** A group is written at once, and then at most this often; what happens meanwhile is counted. */
const STANDARD_REST_MS = 10_000;
/** Groups that are remembered; beyond that the one that has been quiet for longest is forgotten. */
const MAX_GROUPS = 500;
/** The API server forgets Events after an hour; counting starts again then. */
const FORGET_AFTER_MS = 3_600_000;
/** What events.k8s.io/v1 takes of a message and of the reporter's name. */
const MAX_MESSAGE_LENGTH = 1024;
const MAX_REPORTER_LENGTH = 128;
/** Names of objects have at most 253 characters: this leaves room for the dot and the hash. */
const MAX_NAME_LENGTH = 200;
const HASH_LENGTH = 16;

/**
 * Leaves Events on objects, aggregated and limited in rate. Recording never waits and never fails: what
 * cannot be written is tried again, or dropped where the API server will not have it (a namespace that
 * is going takes no Events).
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #counted = new Map<string, Counted>();
  readonly #pace = new Pace({ perSecond: PER_SECOND, burst: BURST });
  readonly #queue: WorkQueue;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    const { observe, backOff = STANDARD_BACK_OFF } = options;
    this.#queue = new WorkQueue({
      work: (name, signal) => this.#write(name, signal),
      onFailure: (_, error) => observe({ kind: "event-failed", ...faultOf(error) }),
      concurrency: 1,
      backOff,
    });
  }

  record(happening: Happening): void {
    const { identity, now, observe } = this.#options;
    const { regarding, reason, group } = happening;
    const { kind, namespace, name } = regarding;
    const text = JSON.stringify([identity, kind, namespace, name, reason, group]);
    const hash = createHash("sha256").update(text).digest("hex").slice(0, HASH_LENGTH);
    const key = `${namespace}/${name.slice(0, MAX_NAME_LENGTH)}.${hash}`;
    const nowMs = now();
    const known = this.#counted.get(key);
    const before = known !== undefined && nowMs - known.lastMs < FORGET_AFTER_MS ? known : null;
    // To the end of the Map, so that its first entry is the one that has been quiet for longest.
    this.#counted.delete(key);
    this.#counted.set(key, {
      happening,
      count: (before?.count ?? 0) + 1,
      firstMs: before?.firstMs ?? nowMs,
      lastMs: nowMs,
    });
    const [oldest = ""] = this.#counted.keys();
    if (this.#counted.size > MAX_GROUPS && this.#counted.delete(oldest)) {
      observe({ kind: "event-dropped" });
    }
    this.#queue.add(key);
  }

  /** Stop writing; what has not been written is lost. */
  async stop(): Promise<void> {
    await this.#queue.stop();
  }

  async #write(key: string, signal: AbortSignal): Promise<number> {
    const { client, observe, restMs = STANDARD_REST_MS } = this.#options;
    const counted = this.#counted.get(key);
    if (counted === undefined) return 0;
    await sleep(this.#pace.reserveMs(performance.now()), undefined, { signal });
    const [namespace = "", name = ""] = key.split("/");
    const body = this.#render(name, counted);
    await apply(client, { type: EVENTS, namespace, name, body, signal }).catch((error: unknown) => {
      if (!(error instanceof ApiError && isFinal(error.status))) throw error;
      this.#counted.delete(key);
      observe({ kind: "event-failed", ...faultOf(error) });
    });
    return restMs;
  }

  #render(name: string, { happening, count, firstMs, lastMs }: Counted): object {
    const { regarding, type, reason, message } = happening;
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace: regarding.namespace },
      involvedObject: regarding,
      type,
      reason,
      message: printable(message, MAX_MESSAGE_LENGTH),
      count,
      firstTimestamp: renderTime(firstMs),
      lastTimestamp: renderTime(lastMs),
      source: { component: "ringfence" },
      reportingComponent: "ringfence",
      reportingInstance: this.#options.identity.slice(0, MAX_REPORTER_LENGTH),
    };
  }
}

/** Report whether trying again is useless: the request is refused for what it is. A 429 is not, being a rate limit. */
function isFinal(status: number | null): boolean {
  return status !== null && status >= 400 && status < 500 && status !== 401 && status !== 429;
}
