import type { Labels } from "../engine/model.ts";
import { AppError, problemText } from "../errors.ts";
import type { JoinedNamespace, NamespaceBaseline } from "../rules/namespace-baselines.ts";
import type { RollOut } from "../rules/resource-report.ts";
import { readLabels } from "../wire/metadata.ts";
import { parseNamespace } from "../wire/namespace.ts";
import { BASELINE_LABEL, MODE_LABEL, PROFILE_LABEL } from "../wire/ringfence-labels.ts";
import { field } from "../wire/shape.ts";
import { type ApiClient, ApiError, nullOn } from "./api-client.ts";
import { apply } from "./apply.ts";
import { type BackOff, STANDARD_BACK_OFF } from "./back-off.ts";
import { holds, isRollOut, nameOf, owningEveryRule } from "./baseline-policy.ts";
import type { ClusterListener } from "./cluster-state.ts";
import { faultOf } from "./fault.ts";
import type { Observe } from "./notice.ts";
import { Reconciler } from "./reconciler.ts";
import type { ReflectorTarget } from "./reflector-target.ts";
import { NETWORK_POLICIES } from "./resource-type.ts";
import { Turns } from "./turns.ts";

export interface BaselineOptions {
  readonly client: ApiClient;
  /**
   * The policies that a namespace is to have; problems if that cannot be told, and then everything stays as it
   * is. Asked each time, so that it follows the resources and the cluster's DNS.
   */
  readonly render: (joined: JoinedNamespace) => NamespaceBaseline;
  /** How many namespaces are changed to another version of their baseline in a second. */
  readonly rollOutPerSecond: number;
  /** Called when `rollOutOf` a Baseline has changed. */
  readonly onProgress?: (baseline: string) => void;
  /** Namespaces that never get a baseline whatever their labels say: the system's and our own. */
  readonly isLeftAlone: (namespace: string) => boolean;
  readonly observe: Observe;
  readonly backOff?: BackOff;
}

/** What was last seen of a namespace. */
interface Seen {
  readonly baseline: string | null;
  readonly isInPlace: boolean;
  /** The policies when everything was last in place, to tell a repair from a roll-out; empty: not known. */
  readonly held: readonly object[];
}

/** Modes of a roll-out, in which nobody's traffic is cut off either (docs/adr/0010). */
const SOFT_MODES: ReadonlySet<string | undefined> = new Set(["warn", "audit"]);
/** Namespaces written to at the same time: enough for a thousand opt-ins in seconds, too few to hurt. */
const CONCURRENCY = 4;
/**
 * A namespace that was just written to is left alone this long. By then the watch has shown us our own write,
 * so nothing is written twice; and whoever fights with us over a policy does so only once a second.
 */
const REST_MS = 1000;
/** How long a watch may be behind before a policy that we wrote, and it has not shown, is written again. */
const WATCH_LAG_MS = 5_000;
/** How often every namespace is looked at even if nothing happened, because `render` may have changed. */
const RESYNC_MS = 300_000;

/**
 * Keep the baseline policies of every namespace that opted in: by server-side apply, on what the
 * watch shows, and only where that differs. A policy is changed in place and never deleted first; one that
 * the namespace's baseline no longer has goes once the others are there. A namespace that opts in, and
 * one that lost something, is written to at once; another version of what it has comes at a bounded rate.
 *
 * A namespace that opts out keeps its policies, which are then nobody's but its owner's: taking them
 * away would open everything at once, at the moment the webhook stops looking. Deleting them is an
 * ordinary request then.
 */
export class BaselineController implements ClusterListener {
  readonly namespaces: ReflectorTarget = {
    upsert: (name, raw) => this.#takeNamespace(name, raw),
    delete: (name) => this.#forget(name),
  };
  readonly policies: ReflectorTarget = {
    upsert: (key, raw) => this.#takePolicy(key, raw),
    delete: (key) => this.#takePolicy(key, undefined),
  };
  readonly #options: BaselineOptions;
  readonly #optedIn = new Map<string, JoinedNamespace>();
  /** Policies with the label of a baseline, by namespace and name, as the watch shows them. */
  readonly #stored = new Map<string, Map<string, unknown>>();
  readonly #seen = new Map<string, Seen>();
  /** Since when namespaces that opted in have been without a baseline. */
  readonly #bareSince = new Map<string, number>();
  /** When policies were written of which the watch has said nothing since, by `namespace/name`. */
  readonly #unheard = new Map<string, number>();
  /** Why the last attempt at a namespace failed. */
  readonly #failing = new Map<string, string>();
  /** Those whose baseline cannot be made: no more attempts help, but another label or Baseline may. */
  readonly #unmade = new Set<string>();
  #turns: Turns;
  /** Namespaces whose turn is to come. */
  readonly #waiting = new Map<string, NodeJS.Timeout>();
  readonly #reconciler: Reconciler;

  constructor(options: BaselineOptions) {
    this.#options = options;
    const { observe, backOff = STANDARD_BACK_OFF } = options;
    this.#turns = this.#newTurns();
    this.#reconciler = new Reconciler({
      keys: () => this.#optedIn.keys(),
      work: (namespace, signal) => this.#reconcile(namespace, signal),
      onFailure: (namespace, error, retryMs) => {
        const fault = faultOf(error);
        observe({ kind: "baseline-failed", namespace, ...fault, retryMs });
        this.#failing.set(namespace, fault.message);
        this.#tell(this.#seen.get(namespace)?.baseline ?? null);
      },
      concurrency: CONCURRENCY,
      resyncMs: RESYNC_MS,
      backOff,
    });
  }

  /** Names of the policies of a namespace that carry the label of a baseline. */
  policiesIn(namespace: string): readonly string[] {
    return [...(this.#stored.get(namespace)?.keys() ?? [])];
  }

  /** The policies that a namespace is to have, problems where they cannot be made; null: none. */
  wantedIn(namespace: string): NamespaceBaseline["policies"] | null {
    const joined = this.#optedIn.get(namespace);
    return joined === undefined ? null : this.#options.render(joined).policies;
  }

  /** The annotations of a namespace that is to have a baseline; of any other none. */
  annotationsOf(namespace: string): Labels {
    return this.#optedIn.get(namespace)?.annotations ?? new Map();
  }

  /**
   * How far a Baseline has come. Only the process that writes knows; null until it has looked at every namespace,
   * or of a roll-out that another process has begun the first few would pass for all.
   */
  rollOutOf(baseline: string): RollOut | null {
    if (!this.#hasSeenAll()) return null;
    const of = [...this.#seen].filter(([, seen]) => seen.baseline === baseline);
    return {
      namespaces: of.length,
      upToDate: of.filter(([, { isInPlace }]) => isInPlace).length,
      failures: of.flatMap(([namespace]) => {
        const message = this.#failing.get(namespace);
        return message === undefined ? [] : [{ namespace, message }];
      }),
    };
  }

  /** Begin to write. Only after the first sync: what the watch has not shown yet would be written again. */
  start(): void {
    this.#reconciler.start();
  }

  /** Look at every namespace again, because `render` may have changed. */
  refresh(): void {
    for (const namespace of this.#unmade) this.#reconciler.retry(namespace);
    this.#reconciler.refresh();
  }

  /** Stop writing; what the watch shows is still followed, so it may be started again. */
  async stop(): Promise<void> {
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    // Others write now: what was seen is not what there is when this process writes again, and whoever waited for
    // a turn would have had it by then, all at once.
    this.#seen.clear();
    this.#turns = this.#newTurns();
    await this.#reconciler.stop();
  }

  #newTurns(): Turns {
    const { rollOutPerSecond: perSecond } = this.#options;
    return new Turns({ perSecond, burst: perSecond });
  }

  #takeNamespace(name: string, raw: unknown): void {
    const read = parseNamespace(raw);
    const labels = read.ok ? read.value.namespace.labels : new Map<string, string>();
    const wanted =
      labels.has(PROFILE_LABEL) &&
      !SOFT_MODES.has(labels.get(MODE_LABEL)) &&
      field(raw, "metadata", "deletionTimestamp") === undefined &&
      !this.#options.isLeftAlone(name);
    if (!wanted) return this.#forget(name);
    if (!this.#optedIn.has(name) && !this.#stored.has(name)) {
      this.#bareSince.set(name, performance.now());
    }
    const annotations = readLabels(field(raw, "metadata", "annotations"));
    this.#optedIn.set(name, { namespace: name, labels, annotations });
    if (this.#unmade.has(name)) this.#reconciler.retry(name);
    else this.#reconciler.add(name);
  }

  #forget(namespace: string): void {
    this.#optedIn.delete(namespace);
    this.#bareSince.delete(namespace);
    this.#failing.delete(namespace);
    this.#unmade.delete(namespace);
    const seen = this.#seen.get(namespace);
    this.#seen.delete(namespace);
    if (seen !== undefined) this.#tell(seen.baseline);
  }

  #takePolicy(key: string, raw: unknown): void {
    this.#unheard.delete(key);
    const [namespace = "", name = ""] = key.split("/");
    const stored = this.#stored.get(namespace) ?? new Map<string, unknown>();
    const isBaseline = field(raw, "metadata", "labels", BASELINE_LABEL) !== undefined;
    if (isBaseline) this.#stored.set(namespace, stored.set(name, raw));
    else if (!stored.delete(name)) return;
    else if (stored.size === 0) this.#stored.delete(namespace);
    if (this.#optedIn.has(namespace)) this.#reconciler.add(namespace);
  }

  async #reconcile(namespace: string, signal: AbortSignal): Promise<number> {
    const joined = this.#optedIn.get(namespace);
    if (joined === undefined) return 0;
    const { baseline, policies } = this.#options.render(joined);
    if (!policies.ok) {
      this.#unmade.add(namespace);
      this.#see(namespace, { baseline, isInPlace: false });
      throw new AppError("NP_E_RESOURCE", policies.error.slice(0, 1).map(problemText).join());
    }
    this.#unmade.delete(namespace);
    const wanted = policies.value;
    const stored = this.#stored.get(namespace) ?? new Map<string, unknown>();
    const missing = wanted.filter((one) => !holds(stored.get(nameOf(one)), one));
    const names = new Set(wanted.map(nameOf));
    const surplus = [...stored.keys()].filter((name) => !names.has(name));
    const isInPlace = missing.length + surplus.length === 0;
    const held = this.#see(namespace, { baseline, isInPlace, ...(isInPlace && { held: wanted }) });
    if (isInPlace) {
      this.#bareSince.delete(namespace);
      this.#failing.delete(namespace);
      return 0;
    }
    const waitMs = this.#waitMs(namespace, missing, isRollOut(wanted, held, stored));
    if (waitMs > 0) {
      this.#comeBack(namespace, waitMs);
      return 0;
    }
    this.#turns.giveUp(namespace);
    // Side by side: nobody is to wait for DNS behind a default-deny.
    await Promise.all(missing.map((one) => this.#write(namespace, one, signal)));
    await Promise.all(surplus.map((name) => this.#delete(namespace, name, signal)));
    // Stopped meanwhile: it is of no run any more.
    if (signal.aborted) return 0;
    this.#failing.delete(namespace);
    this.#see(namespace, { baseline, isInPlace: true, held: wanted });
    const since = this.#bareSince.get(namespace);
    if (this.#bareSince.delete(namespace) && since !== undefined) {
      const gapMs = performance.now() - since;
      this.#options.observe({ kind: "baseline-in-place", namespace, gapMs });
    }
    return REST_MS;
  }

  /** How long the watch still has to show what was written of these; else how long it is until the namespace's turn. */
  #waitMs(namespace: string, missing: readonly object[], takesTurns: boolean): number {
    const since = missing.flatMap((one) => this.#unheard.get(`${namespace}/${nameOf(one)}`) ?? []);
    const lagMs = Math.max(0, ...since.map((at) => at + WATCH_LAG_MS - performance.now()));
    return lagMs === 0 && takesTurns ? this.#turns.waitMs(namespace) : lagMs;
  }

  /** Not by resting in the queue: a policy that is lost meanwhile must not wait. */
  #comeBack(namespace: string, waitMs: number): void {
    clearTimeout(this.#waiting.get(namespace));
    const wake = (): void => {
      this.#waiting.delete(namespace);
      this.#reconciler.add(namespace);
    };
    this.#waiting.set(namespace, setTimeout(wake, waitMs));
  }

  /** Note what was found in a namespace, and return what it held when everything was last in place. */
  #see(
    namespace: string,
    { baseline, isInPlace, held }: Omit<Seen, "held"> & Partial<Seen>,
  ): readonly object[] {
    const before = this.#seen.get(namespace);
    const seen = { baseline, isInPlace, held: held ?? before?.held ?? [] };
    // A namespace that opted out while it was written to does not count.
    if (this.#optedIn.has(namespace)) this.#seen.set(namespace, seen);
    if (before === undefined) this.#tellOfAll();
    else if (before.baseline !== baseline || before.isInPlace !== isInPlace) {
      for (const one of new Set([before.baseline, baseline])) this.#tell(one);
    }
    return seen.held;
  }

  #hasSeenAll(): boolean {
    return this.#seen.size === this.#optedIn.size;
  }

  /** Of each Baseline, once something can be told of any. */
  #tellOfAll(): void {
    if (!this.#hasSeenAll()) return;
    for (const one of new Set(this.#seen.values().map(({ baseline }) => baseline))) this.#tell(one);
  }

  #tell(baseline: string | null): void {
    if (baseline !== null && this.#hasSeenAll()) this.#options.onProgress?.(baseline);
  }

  async #write(namespace: string, wanted: object, signal: AbortSignal): Promise<void> {
    const policy = nameOf(wanted);
    const key = `${namespace}/${policy}`;
    this.#unheard.set(key, performance.now());
    const stored = await apply(this.#options.client, {
      type: NETWORK_POLICIES,
      namespace,
      name: policy,
      body: owningEveryRule(wanted),
      signal,
    }).catch((error: unknown) => {
      this.#unheard.delete(key);
      throw error;
    });
    this.#options.observe({ kind: "baseline-written", namespace, policy });
    if (!holds(stored, wanted)) {
      this.#unheard.delete(key);
      const what = `networkpolicies.networking.k8s.io ${namespace}/${policy}`;
      throw new ApiError(null, `cannot patch ${what}: what was stored is not what was sent`);
    }
  }

  async #delete(namespace: string, policy: string, signal: AbortSignal): Promise<void> {
    const request = { verb: "delete", type: NETWORK_POLICIES, namespace, name: policy } as const;
    await this.#options.client.send({ ...request, signal }).catch(nullOn(404));
    this.#options.observe({ kind: "baseline-deleted", namespace, policy });
  }
}
