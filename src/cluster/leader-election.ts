import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../errors.ts";
import { field } from "../wire/shape.ts";
import { type ApiClient, hasStatus, nullOn } from "./api-client.ts";
import { askedMs } from "./back-off.ts";
import type { Observe } from "./notice.ts";
import { LEASES } from "./resource-type.ts";

export interface LeaderElectionOptions {
  readonly client: ApiClient;
  readonly namespace: string;
  readonly name: string;
  /** Different in every process: the pod's name. */
  readonly identity: string;
  readonly onLead: () => void;
  readonly onLose: () => void;
  readonly observe: Observe;
  readonly timing?: LeaseTiming;
}

/** `leaseMs` > `renewMs` > 1.2 × `retryMs`, or two may lead at once. */
export interface LeaseTiming {
  /** For how long others wait for a holder that is not heard of. Whole seconds. */
  readonly leaseMs: number;
  /** For how long a leader that cannot renew goes on leading. */
  readonly renewMs: number;
  readonly retryMs: number;
}

/** The values of controller-runtime. */
const STANDARD_LEASE: LeaseTiming = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2_000 };

/**
 * SECURITY: a lease is heeded for at most so many times ours, whatever its duration says: of one that somebody has written
 * for years, nobody would keep baselines any more.
 */
const MOST_LEASES = 4;

/** The API server takes no greater number, and so no lease of whoever counts on from here. */
const MAX_TRANSITIONS = 2 ** 31 - 1;

/** Time to hand the lease back while shutting down. */
const RELEASE_MS = 2_000;

/**
 * One leader among the processes that share a coordination.k8s.io Lease.
 *
 * - Somebody else's lease has run out when it has not changed for `leaseDurationSeconds` by our own clock, or for four
 *   times as long as ours lasts; the clocks of two machines are never compared.
 * - Whoever cannot renew stops leading before others may begin, and stands for election again. The process goes
 *   on: it serves the webhook, leader or not.
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #timing: LeaseTiming;
  readonly #stopping = new AbortController();
  #running: Promise<void> | null = null;
  #leading = false;
  /** The lease as last seen, and when it was first seen like that. */
  #seen = { resourceVersion: "", at: 0 };
  #giveUp: NodeJS.Timeout | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#timing = options.timing ?? STANDARD_LEASE;
  }

  get leading(): boolean {
    return this.#leading;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Stop leading and hand the lease back, so that the next one need not wait for it to run out. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    const wasLeading = this.#leading;
    this.#lose("stopped");
    if (!wasLeading) return;
    // At worst the others wait until the lease runs out.
    await this.#release().catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { retryMs, renewMs } = this.#timing;
    while (!signal.aborted) {
      let waitMs = retryMs * (1 + Math.random() * 0.2);
      // A failed attempt is shown and followed by the next; `#giveUp` watches the time.
      await this.#attempt().catch((error: unknown) => {
        this.#explain(error);
        // At most half the time to renew in, so that a leader that is put off tries once more before it gives
        // up.
        waitMs = Math.max(waitMs, askedMs(error, renewMs / 2));
      });
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #attempt(): Promise<void> {
    const { signal } = this.#stopping;
    const lease = await this.#get(signal);
    const startedAt = performance.now();
    if (lease !== null && !this.#mayTake(lease, startedAt)) {
      this.#lose(`${String(field(lease, "spec", "holderIdentity"))} leads`);
      return;
    }
    await this.#put(lease, this.#holding(lease), signal);
    // Counted from before the write: others count from when they see it, which is later.
    const leftMs = this.#timing.renewMs - (performance.now() - startedAt);
    clearTimeout(this.#giveUp);
    this.#giveUp = setTimeout(() => this.#lose("the lease could not be renewed in time"), leftMs);
    this.#win();
  }

  #mayTake(lease: unknown, now: number): boolean {
    const holder = field(lease, "spec", "holderIdentity") ?? "";
    const resourceVersion = String(field(lease, "metadata", "resourceVersion"));
    if (resourceVersion !== this.#seen.resourceVersion) this.#seen = { resourceVersion, at: now };
    if (holder === "" || holder === this.#options.identity) return true;
    const seconds = field(lease, "spec", "leaseDurationSeconds");
    const { leaseMs } = this.#timing;
    const askedLeaseMs = typeof seconds === "number" ? seconds * 1000 : leaseMs;
    return now - this.#seen.at > Math.min(askedLeaseMs, leaseMs * MOST_LEASES);
  }

  /** The lease, or null where there is none yet. */
  async #get(signal: AbortSignal): Promise<unknown> {
    const { client, namespace, name } = this.#options;
    const target = { type: LEASES, namespace, name, timeoutMs: this.#timing.renewMs / 2, signal };
    return client.send({ verb: "get", ...target }).catch(nullOn(404));
  }

  /** What the lease says while we lead. */
  #holding(lease: unknown): object {
    const { identity } = this.#options;
    const renewing = field(lease, "spec", "holderIdentity") === identity;
    const known = Number(field(lease, "spec", "leaseTransitions") ?? 0);
    const transitions = known < MAX_TRANSITIONS ? known : 0;
    const now = microTime();
    return {
      holderIdentity: identity,
      leaseDurationSeconds: this.#timing.leaseMs / 1000,
      acquireTime: renewing ? field(lease, "spec", "acquireTime") : now,
      renewTime: now,
      leaseTransitions: renewing || lease === null ? transitions : transitions + 1,
    };
  }

  /** The resource version makes the API server refuse this if somebody was faster. */
  async #put(lease: unknown, spec: object, signal: AbortSignal): Promise<void> {
    const { client, namespace, name } = this.#options;
    const body = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { namespace, name, resourceVersion: field(lease, "metadata", "resourceVersion") },
      spec,
    };
    const target = { type: LEASES, namespace, body, timeoutMs: this.#timing.renewMs / 2, signal };
    if (lease === null) await client.send({ verb: "create", ...target });
    else await client.send({ verb: "update", name, ...target });
  }

  async #release(): Promise<void> {
    const signal = AbortSignal.timeout(RELEASE_MS);
    const lease = await this.#get(signal);
    if (field(lease, "spec", "holderIdentity") !== this.#options.identity) return;
    const leaseTransitions = field(lease, "spec", "leaseTransitions");
    const spec = {
      holderIdentity: "",
      leaseDurationSeconds: 1,
      renewTime: microTime(),
      leaseTransitions,
    };
    await this.#put(lease, spec, signal);
  }

  #win(): void {
    if (this.#leading) return;
    this.#leading = true;
    this.#options.observe({ kind: "leadership", leading: true, message: "acquired the lease" });
    this.#options.onLead();
  }

  #lose(message: string): void {
    clearTimeout(this.#giveUp);
    if (!this.#leading) return;
    this.#leading = false;
    this.#options.observe({ kind: "leadership", leading: false, message });
    this.#options.onLose();
  }

  #explain(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    // Somebody was faster: that is what an election is.
    if (hasStatus(error, 409)) return;
    this.#options.observe({
      kind: "lease-failed",
      leading: this.#leading,
      message: messageOf(error),
    });
  }
}

/** Now as Kubernetes' MicroTime wants it: six decimals. */
function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}
