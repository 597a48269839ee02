import { setTimeout as sleep } from "node:timers/promises";
import { field } from "../wire/shape.ts";
import { type ApiClient, ApiError } from "./api-client.ts";
import { retryMs } from "./back-off.ts";
import { faultOf } from "./fault.ts";
import type { Observe } from "./notice.ts";
import { PagedList } from "./paged-list.ts";
import { type Page, readPage } from "./read-page.ts";
import type { ReflectorTarget } from "./reflector-target.ts";
import { type ReflectorTiming, STANDARD_TIMING } from "./reflector-timing.ts";
import { ServedVersions } from "./served-versions.ts";
import { identify, isBefore, parseEvent } from "./watch-event.ts";
import type { ReflectorSource } from "./watch-source.ts";

/**
 * A watch that ends sooner must not be reopened at once, or we would spin: if it said nothing it counts as a
 * failure, and else we wait until this time is over.
 */
const SHORTEST_WATCH_MS = 1000;
/** How often a broken connection is resumed where it was before everything is listed again. */
const RESUME_ATTEMPTS = 3;
/**
 * After this many watches in a row that were accepted and said nothing, everything is listed again: something
 * between us and the API server may swallow the events. Four and a half minutes in all.
 */
const SILENT_WATCHES = 3;

/**
 * Follow one resource: list it, watch from there, for ever.
 *
 * - Every error ends in a new attempt after a back-off, most of them in a new list; nothing stops it.
 * - A list is compared with what was known, so a delete missed while away is never lost and an object
 *   that did not change is not announced again. Resource versions of objects are compared for equality alone.
 */
export class Reflector {
  readonly resource: string;
  /** Settles when everything has been listed once. */
  readonly whenSynced: Promise<void>;
  readonly #firstSync = Promise.withResolvers<void>();
  readonly #client: ApiClient;
  readonly #source: ReflectorSource;
  readonly #versions: ServedVersions;
  readonly #pages: PagedList;
  readonly #target: ReflectorTarget;
  readonly #observe: Observe;
  readonly #timing: ReflectorTiming;
  readonly #stopping = new AbortController();
  /** Resource versions of all objects by key. */
  #known = new Map<string, string>();
  /** The resource version to watch from; null asks for a list. */
  #position: string | null = null;
  /** The last one there was. */
  #reached = "0";
  /** Watches in a row that said nothing. */
  #silent = 0;
  #synced = false;
  #failures = 0;
  /** How often the kind was not served since it was last listed. */
  #unserved = 0;
  #heardAt = Number.NEGATIVE_INFINITY;
  #problem: string | null = null;
  #running: Promise<void> | null = null;

  constructor(
    client: ApiClient,
    source: ReflectorSource,
    target: ReflectorTarget,
    options: { readonly observe: Observe; readonly timing?: ReflectorTiming },
  ) {
    this.#client = client;
    this.#source = source;
    this.#versions = new ServedVersions(source);
    this.#target = target;
    this.#observe = options.observe;
    this.#timing = options.timing ?? STANDARD_TIMING;
    this.#pages = new PagedList(async (query) => this.#page(query), this.#timing.pageSize);
    this.whenSynced = this.#firstSync.promise;
    this.resource = source.type.resource;
  }

  /** Whether everything has been listed once. */
  get synced(): boolean {
    return this.#synced;
  }

  /** What is wrong at the moment, null while the watch is open. */
  get problem(): string | null {
    return this.#problem;
  }

  /**
   * Milliseconds since the API server last confirmed what is known, by a list, by anything in a watch
   * or by accepting one; infinite before the first list. In good health it stays below `idleMs`.
   */
  staleMs(): number {
    return performance.now() - this.#heardAt;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** End the watch; nothing is announced after the promise settles. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      // Whatever goes wrong in here is shown and tried again.
      try {
        if (this.#position !== null) await this.#checkPosition(this.#position);
        if (this.#position === null) await this.#list();
        if (this.#position !== null) await this.#watch(this.#position);
        this.#failures = 0;
      } catch (error) {
        await this.#recover(error);
      }
    }
  }

  /**
   * Forget a position that the API server has not reached, because etcd was restored. A watch from there would
   * say nothing until it is reached, and then leave out what was undone. A restore ends all watches sooner or
   * later, so every watch but the first begins with this look at one object.
   */
  async #checkPosition(position: string): Promise<void> {
    const { resourceVersion } = await this.#pages.first();
    if (isBefore(resourceVersion, position)) this.#position = null;
  }

  async #list(): Promise<void> {
    const gone = new Set(this.#known.keys());
    let changed = 0;
    let position = "";
    for await (const { items, resourceVersion: listed } of this.#pages.pages()) {
      position = listed;
      // After a restore of etcd, versions that were used before are used again, for other contents.
      const isRestored = isBefore(listed, this.#reached);
      for (const item of items) {
        const { key, resourceVersion } = identify(item);
        gone.delete(key);
        if (!isRestored && this.#known.get(key) === resourceVersion) continue;
        this.#upsert(key, resourceVersion, item);
        changed += 1;
      }
    }
    for (const key of gone) this.#delete(key);
    this.#position = this.#reached = position;
    this.#confirm();
    const { resource } = this;
    this.#observe({
      kind: "listed",
      resource,
      objects: this.#known.size,
      changed,
      deleted: gone.size,
    });
  }

  async #page(query: Readonly<Record<string, string>>): Promise<Page> {
    const { namespace = "", labelSelector = "" } = this.#source;
    const answer = await this.#client.send({
      verb: "list",
      type: this.#versions.type,
      namespace,
      query: { ...(labelSelector === "" ? {} : { labelSelector }), ...query },
      timeoutMs: this.#timing.listTimeoutMs,
      signal: this.#stopping.signal,
    });
    return readPage(answer, this.resource);
  }

  async #watch(from: string): Promise<void> {
    const { namespace = "", labelSelector = "" } = this.#source;
    const opened = performance.now();
    const lines = await this.#client.watch(
      {
        verb: "watch",
        type: this.#versions.type,
        namespace,
        query: {
          watch: "1",
          ...(labelSelector === "" ? {} : { labelSelector }),
          resourceVersion: from,
          allowWatchBookmarks: "true",
          // client-go's 5 to 10 minutes, spread so that not all watches of all clients end together.
          timeoutSeconds: String(Math.round(290 + Math.random() * 290)),
        },
        signal: this.#stopping.signal,
      },
      this.#timing.idleMs,
    );
    this.#problem = null;
    this.#heardAt = performance.now();
    let heard = 0;
    const shortByMs = (): number => opened + SHORTEST_WATCH_MS - performance.now();
    try {
      for await (const line of lines) {
        this.#take(line);
        heard += 1;
        this.#heardAt = performance.now();
      }
    } finally {
      if (heard > 0 && shortByMs() <= 0) this.#failures = 0;
    }
    this.#silent = heard === 0 ? this.#silent + 1 : 0;
    if (heard === 0 && shortByMs() > 0) {
      throw new ApiError(null, `cannot watch ${this.resource}: the watch ended at once`);
    }
    if (this.#silent >= SILENT_WATCHES) this.#position = null;
    if (shortByMs() > 0) await this.#pause(shortByMs());
  }

  #take(line: string): void {
    const event = parseEvent(line);
    const { type, object } = event ?? { type: "", object: undefined };
    if (type === "ERROR" || event === null) {
      // What was missed is unknown: only a new list tells.
      this.#position = null;
      const code = field(object, "code");
      throw new ApiError(
        typeof code === "number" ? code : null,
        event === null
          ? `cannot watch ${this.resource}: a line is no event`
          : `cannot watch ${this.resource}: ${String(field(object, "message"))}`,
      );
    }
    const { key, resourceVersion } = identify(object);
    if (type === "ADDED" || type === "MODIFIED") this.#upsert(key, resourceVersion, object);
    if (type === "DELETED") this.#delete(key);
    // Bookmarks, and whatever a newer API server adds, move the position on.
    this.#position = this.#reached = resourceVersion;
  }

  #upsert(key: string, resourceVersion: string, object: unknown): void {
    this.#target.upsert(key, object);
    this.#known.set(key, resourceVersion);
  }

  #delete(key: string): void {
    if (this.#known.delete(key)) this.#target.delete(key);
  }

  async #recover(error: unknown): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const status = error instanceof ApiError ? error.status : null;
    if (status === 404 && (await this.#isUnserved())) return;
    this.#failures += 1;
    this.#pages.recover(error);
    const resumable = error instanceof ApiError && isPassing(error.status);
    // When asked to come less often, we must not list everything instead.
    const isPatient = status === 429 || this.#failures <= RESUME_ATTEMPTS;
    if (!resumable || !isPatient) this.#position = null;
    const waitMs = retryMs(error, this.#failures, this.#timing.backOff);
    const fault = faultOf(error);
    this.#problem = fault.message;
    const { resource } = this;
    this.#observe({
      kind: "watch-failed",
      resource,
      ...fault,
      failures: this.#failures,
      retryMs: waitMs,
    });
    await this.#pause(waitMs);
  }

  /** After a 404: try another version, or take the kind for absent. False: neither, so it is a failure. */
  async #isUnserved(): Promise<boolean> {
    this.#position = null;
    if (this.#versions.next()) return true;
    this.#unserved += 1;
    if (!this.#mayBeAbsent()) return false;
    await this.#absent();
    return true;
  }

  /**
   * SECURITY: an API server that has just started may not serve a custom kind yet, so known objects are kept until
   * the third 404, however often it could not be reached before.
   */
  #mayBeAbsent(): boolean {
    return this.#source.optional === true && (this.#known.size === 0 || this.#unserved > 2);
  }

  async #absent(): Promise<void> {
    this.#position = null;
    this.#failures = 0;
    for (const key of Array.from(this.#known.keys())) this.#delete(key);
    this.#problem = null;
    this.#confirm();
    this.#observe({ kind: "absent", resource: this.resource });
    await this.#pause(this.#timing.absentRecheckMs);
  }

  #confirm(): void {
    this.#heardAt = performance.now();
    this.#silent = 0;
    this.#unserved = 0;
    this.#versions.confirm();
    this.#synced = true;
    this.#firstSync.resolve();
  }

  async #pause(ms: number): Promise<void> {
    // Aborted by `stop`, which is what the loop looks at next.
    await sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

/** Report whether an error says nothing about the position that was asked for, so that the watch can be resumed. */
function isPassing(status: number | null): boolean {
  return status === null || status >= 500 || status === 429;
}
