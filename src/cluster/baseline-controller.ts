import { isDeepStrictEqual } from "node:util";
import type { Labels } from "../engine/model.ts";
import { AppError, type Problem, type Result } from "../errors.ts";
import { readLabels } from "../wire/metadata.ts";
import { parseNamespace } from "../wire/namespace.ts";
import { field, isObject } from "../wire/shape.ts";
import { type ApiClient, ApiError } from "./api-client.ts";
import { type BackOff, standardBackOff } from "./back-off.ts";
import type { ClusterListener } from "./cluster-state.ts";
import { faultOf } from "./fault.ts";
import type { Observe } from "./notice.ts";
import type { ReflectorTarget } from "./reflector.ts";
import { NETWORK_POLICIES } from "./resource-type.ts";
import { WorkQueue } from "./work-queue.ts";

export interface BaselineOptions {
  readonly client: ApiClient;
  /**
   * The policies a namespace is to have; problems where that cannot be told, and then everything stays as
   * it is. Asked each time, so it may follow the resources and the cluster's DNS.
   */
  readonly render: (joined: OptedIn) => Result<readonly object[], readonly Problem[]>;
  /** Namespaces that never get a baseline whatever their labels say: the system's and our own. */
  readonly isLeftAlone: (namespace: string) => boolean;
  readonly observe: Observe;
  readonly backOff?: BackOff;
}

/** A namespace that is to have a baseline. */
export interface OptedIn {
  readonly namespace: string;
  readonly labels: Labels;
  readonly annotations: Labels;
}

const profileLabel = "ringfence.dev/profile";
const modeLabel = "ringfence.dev/mode";
const baselineLabel = "ringfence.dev/baseline";

/** Modes of a roll-out, in which nobody's traffic is cut off either (docs/adr/0010). */
const softModes: ReadonlySet<string | undefined> = new Set(["warn", "audit"]);
const fieldManager = "ringfence";
/** Namespaces written to at the same time: enough for a thousand opt-ins in seconds, too few to hurt. */
const concurrency = 4;
/**
 * A namespace that was just written to is left alone this long. The watch shows us our own write by
 * then, so it is not written twice; and whoever fights over a policy with us does so once a second.
 */
const restMs = 1000;
/** How often every namespace is looked at although nothing happened, for `render` may have changed. */
const resyncMs = 300_000;

/**
 * Keep the baseline policies of every namespace that opted in: by server-side apply, on what the
 * watch shows, and only where that differs. A policy is changed in place and never deleted first; one that
 * the namespace's baseline no longer has goes once the others are there.
 *
 * A namespace that opts out keeps its policies, which are then nobody's but its owner's: taking them
 * away would open everything at once, at the moment the webhook stops looking. Deleting them is an
 * ordinary request then.
 */
export class BaselineController implements ClusterListener {
  readonly namespaces: ReflectorTarget = {
    upsert: (name, raw) => this.#takeNamespace(name, raw),
    delete: (name) => void this.#optedIn.delete(name),
  };
  readonly policies: ReflectorTarget = {
    upsert: (key, raw) => this.#takePolicy(key, raw),
    delete: (key) => this.#takePolicy(key, undefined),
  };
  readonly #options: BaselineOptions;
  readonly #optedIn = new Map<string, OptedIn>();
  /** Policies with a baseline's label, by namespace and name, as the watch shows them. */
  readonly #stored = new Map<string, Map<string, unknown>>();
  #queue: WorkQueue | null = null;
  #resync: NodeJS.Timeout | undefined;

  constructor(options: BaselineOptions) {
    this.#options = options;
  }

  /** Begin to write. Only after the first sync: what the watch has not shown yet would be written again. */
  start(): void {
    if (this.#queue !== null) return;
    const { observe, backOff = standardBackOff } = this.#options;
    this.#queue = new WorkQueue({
      work: (namespace, signal) => this.#reconcile(namespace, signal),
      onFailure: (namespace, error, retryMs) => {
        observe({ kind: "baseline-failed", namespace, ...faultOf(error), retryMs });
      },
      concurrency,
      backOff,
    });
    this.#resync = setInterval(() => this.refresh(), resyncMs);
    this.refresh();
  }

  /** Look at every namespace again, for `render` may have changed. */
  refresh(): void {
    for (const namespace of this.#optedIn.keys()) this.#queue?.add(namespace);
  }

  /** Stop writing; what the watch shows is still followed, so it may be started again. */
  async stop(): Promise<void> {
    clearInterval(this.#resync);
    const queue = this.#queue;
    this.#queue = null;
    await queue?.stop();
  }

  #takeNamespace(name: string, raw: unknown): void {
    const read = parseNamespace(raw);
    const labels = read.ok ? read.value.namespace.labels : new Map<string, string>();
    const wanted =
      labels.has(profileLabel) &&
      !softModes.has(labels.get(modeLabel)) &&
      field(raw, "metadata", "deletionTimestamp") === undefined &&
      !this.#options.isLeftAlone(name);
    if (!wanted) {
      this.#optedIn.delete(name);
      return;
    }
    const annotations = readLabels(field(raw, "metadata", "annotations"));
    this.#optedIn.set(name, { namespace: name, labels, annotations });
    this.#queue?.add(name);
  }

  #takePolicy(key: string, raw: unknown): void {
    const [namespace = "", name = ""] = key.split("/");
    const stored = this.#stored.get(namespace) ?? new Map<string, unknown>();
    const isBaseline = field(raw, "metadata", "labels", baselineLabel) !== undefined;
    if (isBaseline) this.#stored.set(namespace, stored.set(name, raw));
    else if (!stored.delete(name)) return;
    else if (stored.size === 0) this.#stored.delete(namespace);
    if (this.#optedIn.has(namespace)) this.#queue?.add(namespace);
  }

  async #reconcile(namespace: string, signal: AbortSignal): Promise<number> {
    const joined = this.#optedIn.get(namespace);
    if (joined === undefined) return 0;
    const rendered = this.#options.render(joined);
    if (!rendered.ok) {
      const [problem] = rendered.error;
      throw new AppError("NP_E_RESOURCE", `${problem?.path}: ${problem?.message}`);
    }
    const stored = this.#stored.get(namespace);
    const missing = rendered.value.filter((wanted) => !holds(stored?.get(nameOf(wanted)), wanted));
    // Side by side: nobody is to wait for DNS behind a default-deny.
    await Promise.all(missing.map((wanted) => this.#write(namespace, wanted, signal)));
    const names = new Set(rendered.value.map(nameOf));
    const surplus = [...(stored?.keys() ?? [])].filter((name) => !names.has(name));
    await Promise.all(surplus.map((name) => this.#delete(namespace, name, signal)));
    return missing.length + surplus.length === 0 ? 0 : restMs;
  }

  async #write(namespace: string, wanted: object, signal: AbortSignal): Promise<void> {
    const policy = nameOf(wanted);
    const stored = await this.#options.client.send({
      verb: "patch",
      type: NETWORK_POLICIES,
      namespace,
      name: policy,
      query: { fieldManager, force: "true" },
      body: owningEveryRule(wanted),
      signal,
    });
    this.#options.observe({ kind: "baseline-written", namespace, policy });
    if (!holds(stored, wanted)) {
      const what = `networkpolicies.networking.k8s.io ${namespace}/${policy}`;
      throw new ApiError(null, `cannot patch ${what}: what was stored is not what was sent`);
    }
  }

  async #delete(namespace: string, policy: string, signal: AbortSignal): Promise<void> {
    const request = { verb: "delete", type: NETWORK_POLICIES, namespace, name: policy } as const;
    await this.#options.client.send({ ...request, signal }).catch((error: unknown) => {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    });
    this.#options.observe({ kind: "baseline-deleted", namespace, policy });
  }
}

/** Report whether a stored policy says what the baseline wants; what others added beside it may stay. */
function holds(stored: unknown, wanted: object): boolean {
  const labels = field(stored, "metadata", "labels");
  return (
    Object.entries(field(wanted, "metadata", "labels") ?? {}).every(
      ([key, value]) => field(labels, key) === value,
    ) && isDeepStrictEqual(ruleSet(stored), ruleSet(wanted))
  );
}

/** A policy's `spec` in the form the API server stores: lists without rules are left out. */
function ruleSet(policy: unknown): unknown {
  const spec = field(policy, "spec");
  if (!isObject(spec)) return spec;
  return Object.fromEntries(
    Object.entries(spec).filter(([, value]) => !(Array.isArray(value) && value.length === 0)),
  );
}

/**
 * SECURITY: server-side apply leaves alone what its body does not name. Without the empty lists an
 * `ingress: [{}]` that somebody added to default-deny would outlive every repair.
 */
function owningEveryRule(policy: object): object {
  const spec = field(policy, "spec");
  return isObject(spec) ? { ...policy, spec: { ingress: [], egress: [], ...spec } } : policy;
}

function nameOf(policy: object): string {
  return String(field(policy, "metadata", "name"));
}
