import { isDeepStrictEqual } from "node:util";
import type { ResourceReport } from "../rules/resource-report.ts";
import { printable } from "../wire/printable.ts";
import { renderTime } from "../wire/render-time.ts";
import { field, isObject, listAt, textAt } from "../wire/shape.ts";
import type { ApiClient } from "./api-client.ts";
import { apply } from "./apply.ts";
import { type BackOff, STANDARD_BACK_OFF } from "./back-off.ts";
import { faultOf } from "./fault.ts";
import type { Observe } from "./notice.ts";
import { Reconciler } from "./reconciler.ts";
import type { ReflectorTarget } from "./reflector-target.ts";
import type { ResourceType } from "./resource-type.ts";

export interface ResourceStatusOptions {
  readonly client: ApiClient;
  /** What is to be said of the resource with that key (`Profile ours`), null: nothing yet. Asked each time. */
  readonly report: (key: string) => ResourceReport | null;
  readonly observe: Observe;
  readonly backOff?: BackOff;
}

/** A resource as the watch shows it. */
interface Known {
  readonly type: ResourceType;
  readonly raw: unknown;
}

const CONCURRENCY = 2;
/** The watch shows us our own write by then; and whoever fights over a status with us does so once a second. */
const REST_MS = 1000;
/** How often every resource is looked at although nothing happened: namespaces come, exemptions expire. */
const RESYNC_MS = 10_000;
/** The API takes 32,768 characters; nobody reads that much of a condition. */
const MAX_MESSAGE_LENGTH = 1024;

/**
 * Keep the status of Ringfence's own custom resources, written only where it differs. One process at a
 * time does so: whoever holds the lease.
 */
export class ResourceStatus {
  readonly #options: ResourceStatusOptions;
  readonly #known = new Map<string, Known>();
  readonly #reconciler: Reconciler;

  constructor(options: ResourceStatusOptions) {
    this.#options = options;
    const { observe, backOff = STANDARD_BACK_OFF } = options;
    this.#reconciler = new Reconciler({
      keys: () => this.#known.keys(),
      work: (key, signal) => this.#reconcile(key, signal),
      onFailure: (key, error, retryMs) => {
        observe({ kind: "status-failed", key, ...faultOf(error), retryMs });
      },
      concurrency: CONCURRENCY,
      resyncMs: RESYNC_MS,
      backOff,
    });
  }

  /** Where the objects of a kind go as they are watched. */
  target(kind: string, type: ResourceType): ReflectorTarget {
    return {
      upsert: (name, raw) => {
        const key = `${kind} ${name}`;
        this.#known.set(key, { type, raw });
        this.#reconciler.add(key);
      },
      delete: (name) => void this.#known.delete(`${kind} ${name}`),
    };
  }

  start(): void {
    this.#reconciler.start();
  }

  /** Look at one resource again. */
  look(key: string): void {
    if (this.#known.has(key)) this.#reconciler.add(key);
  }

  /** Look at every resource again, for `report` may have changed. */
  refresh(): void {
    this.#reconciler.refresh();
  }

  /** Stop writing; what the watch shows is still followed, so it may be started again. */
  async stop(): Promise<void> {
    await this.#reconciler.stop();
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<number> {
    const known = this.#known.get(key);
    if (known === undefined) return 0;
    const { type, raw } = known;
    const report = this.#options.report(key);
    if (report === null) return 0;
    const wanted = statusFor(raw, report);
    if (isDeepStrictEqual(timeless(field(raw, "status")), timeless(wanted))) return 0;
    const [kind = "", path = ""] = key.split(" ");
    const namespace = path.slice(0, Math.max(path.indexOf("/"), 0));
    const name = path.slice(path.indexOf("/") + 1);
    const { group, version } = type;
    await apply(this.#options.client, {
      type,
      namespace,
      name,
      subresource: "status",
      body: {
        apiVersion: `${group}/${version}`,
        kind,
        metadata: { name, ...(namespace === "" ? {} : { namespace }) },
        status: wanted,
      },
      signal,
    });
    return REST_MS;
  }
}

function statusFor(raw: unknown, { conditions, fields }: ResourceReport): object {
  const observedGeneration = field(raw, "metadata", "generation");
  const numbers = Object.entries(fields).map(
    ([name, value]) => [name, value ?? field(raw, "status", name)] as const,
  );
  return {
    observedGeneration,
    ...Object.fromEntries(numbers.filter(([, value]) => value !== undefined)),
    conditions: conditions.map(({ type, status, reason, message }) => ({
      type,
      status,
      reason,
      message: printable(message, MAX_MESSAGE_LENGTH),
      observedGeneration,
      lastTransitionTime: sinceWhen(raw, type, status),
    })),
  };
}

/** When the condition came to be as it is: now, unless it was so before. */
function sinceWhen(raw: unknown, type: string, status: string): string {
  const before = listAt(raw, "status", "conditions").find(
    (one) => field(one, "type") === type && field(one, "status") === status,
  );
  return textAt(before, "lastTransitionTime") || renderTime(Date.now());
}

/** A status to be compared: times are no news. */
function timeless(status: unknown): unknown {
  if (!isObject(status)) return status;
  const untimed = listAt(status, "conditions").map((one) =>
    isObject(one) ? { ...one, lastTransitionTime: null } : one,
  );
  return { ...status, conditions: untimed };
}
