import type { Freshness } from "../admission/surroundings.ts";
import { DATAPLANES } from "../engine/dataplane.ts";
import type { Engine } from "../engine/query.ts";
import type { ClusterFacts } from "../rules/rule.ts";
import { EndpointIndex } from "../wire/endpoint-index.ts";
import { parseEndpointSlice } from "../wire/endpoint-slice.ts";
import {
  type ResolverEndpoint,
  resolverEndpoints,
  type ServiceEndpoint,
} from "../wire/endpoints.ts";
import { parseService } from "../wire/service.ts";
import { ServiceIndex } from "../wire/service-index.ts";
import { field, isObject } from "../wire/shape.ts";
import { parseWorkload } from "../wire/workload.ts";
import type { ApiClient } from "./api-client.ts";
import { NetworkAgents } from "./bare-network.ts";
import { type DetectedDataplane, nameDataplane } from "./detect-dataplane.ts";
import { namespacesInto, nodesInto, podsInto, policiesInto } from "./engine-targets.ts";
import { createFacts } from "./facts.ts";
import type { Observe } from "./notice.ts";
import { Reflector } from "./reflector.ts";
import { both, type ReflectorTarget } from "./reflector-target.ts";
import { type ReflectorTiming, STANDARD_TIMING } from "./reflector-timing.ts";
import * as kinds from "./resource-type.ts";
import { TemplateIndex } from "./template-index.ts";
import { type Unreadable, UnreadableObjects } from "./unreadable-objects.ts";
import { endpointsOf, policySource, type ReflectorSource, TIERED_KINDS } from "./watch-source.ts";

/** Takes every Namespace and NetworkPolicy, raw, after the engine has taken it. */
export interface ClusterListener {
  readonly namespaces: ReflectorTarget;
  readonly policies: ReflectorTarget;
}

export interface ClusterStateOptions {
  readonly client: ApiClient;
  /** Filled by the watches and by nothing else. */
  readonly engine: Engine;
  /** The Service that resolves names: `kube-system/kube-dns` in most clusters. */
  readonly dnsService: { readonly namespace: string; readonly name: string };
  readonly ownNamespace: string;
  readonly webhookPort: number;
  /** More than the reflectors' `idleMs`, or a quiet cluster looks stale. */
  readonly staleAfterMs: number;
  /** How many parts (`countParts`) a stored policy may have; a larger one counts as one that cannot be read. */
  readonly policyPartsLimit: number;
  /** Tell the dataplane by the agents on the nodes, and have the engine judge as it does. */
  readonly detectDataplane?: boolean;
  readonly observe: Observe;
  readonly listener?: ClusterListener;
  /** What else is watched, and where it goes. */
  readonly others?: readonly (readonly [ReflectorSource, ReflectorTarget])[];
  readonly timing?: ReflectorTiming;
}

/**
 * The cluster as the watches show it, kept in the engine. Objects are reduced on receipt.
 *
 * - A stored policy that cannot be read isolates its pods and allows nothing; any other object that
 *   cannot be read is not known to the engine. Both are named by `unreadable()`.
 * - Kinds that the cluster lacks count as having no objects and are looked for again.
 */
export class ClusterState {
  readonly engine: Engine;
  readonly facts: ClusterFacts;
  readonly #options: ClusterStateOptions;
  readonly #reflectors: readonly Reflector[];
  readonly #namespaces = new Map<string, unknown>();
  readonly #unreadable: UnreadableObjects;
  readonly #templates = new TemplateIndex();
  readonly #services = new ServiceIndex();
  readonly #daemonSets = new Set<string>();
  readonly #network = new NetworkAgents();
  #dns: readonly ResolverEndpoint[] = [];
  #apiServer: readonly ServiceEndpoint[] = [];

  constructor(options: ClusterStateOptions) {
    this.#options = options;
    this.engine = options.engine;
    const { client, engine, ownNamespace, webhookPort, observe } = options;
    const { timing = STANDARD_TIMING } = options;
    this.#unreadable = new UnreadableObjects(observe);
    this.facts = createFacts({
      engine,
      ownNamespace,
      webhookPort,
      templates: this.#templates,
      services: this.#services,
      network: this.#network,
      namespaceManifest: (name) => this.#namespaces.get(name),
      dns: () => this.#dns,
      apiServer: () => this.#apiServer,
    });
    this.#reflectors = this.#follow().map(
      ([source, target]) => new Reflector(client, source, target, { observe, timing }),
    );
  }

  start(): void {
    const policies = this.#following(kinds.NETWORK_POLICIES);
    for (const reflector of this.#reflectors) {
      if (!policies.includes(reflector)) reflector.start();
    }
    void this.#startWithPods(policies);
  }

  /** How large a policy is depends on the pods that it is about. */
  async #startWithPods(policies: readonly Reflector[]): Promise<void> {
    const first = [kinds.NAMESPACES, kinds.PODS].flatMap((type) => this.#following(type));
    await Promise.all(first.map(({ whenSynced }) => whenSynced));
    for (const reflector of policies) reflector.start();
  }

  /** End all watches; the engine does not change after the promise settles. */
  async stop(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()));
  }

  /** Report whether every resource has been listed once. */
  synced(): boolean {
    return this.#reflectors.every((reflector) => reflector.synced);
  }

  /** Settles when every resource has been listed once; never, if stopped before that. */
  async whenSynced(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.whenSynced));
  }

  /** Milliseconds since the API server last confirmed all that is known; null before the first sync. */
  ageMs(): number | null {
    if (!this.synced()) return null;
    return Math.round(Math.max(...this.#reflectors.map((reflector) => reflector.staleMs())));
  }

  freshness(): Freshness {
    const ageMs = this.ageMs();
    if (ageMs === null) return { kind: "syncing" };
    return ageMs > this.#options.staleAfterMs ? { kind: "stale", ageMs } : { kind: "fresh" };
  }

  /** What keeps lists and watches from working at the moment, each naming the verb and the resource. */
  problems(): readonly string[] {
    return this.#reflectors.flatMap(({ problem }) => problem ?? []);
  }

  unreadable(): readonly Unreadable[] {
    return this.#unreadable.all();
  }

  /** Report whether the namespace has a deletion timestamp. */
  isTerminating(namespace: string): boolean {
    const manifest = this.#namespaces.get(namespace);
    return field(manifest, "metadata", "deletionTimestamp") !== undefined;
  }

  #following({ resource }: kinds.ResourceType): readonly Reflector[] {
    return this.#reflectors.filter((reflector) => reflector.resource === resource);
  }

  /** Everything that is watched, and where it goes. `manifests/base/rbac.yaml` grants exactly this. */
  #follow(): readonly (readonly [ReflectorSource, ReflectorTarget])[] {
    const { dnsService, engine, listener, others = [] } = this.#options;
    const { policyPartsLimit: partsLimit } = this.#options;
    const unreadable = this.#unreadable;
    const namespaces = both(this.#manifests(), namespacesInto(engine, unreadable));
    const policies = policiesInto(engine, unreadable, { kind: "NetworkPolicy", partsLimit });
    return [
      ...others,
      [{ type: kinds.NAMESPACES }, both(namespaces, listener?.namespaces)],
      [{ type: kinds.NODES }, nodesInto(engine, unreadable)],
      [{ type: kinds.PODS }, podsInto(engine, unreadable)],
      [{ type: kinds.NETWORK_POLICIES }, both(policies, listener?.policies)],
      ...TIERED_KINDS.map(
        (kind) =>
          [policySource(kind), policiesInto(engine, unreadable, { kind, partsLimit })] as const,
      ),
      [
        { type: kinds.SERVICES },
        unreadable.reading("services", parseService, {
          upsert: (_, service) => this.#services.upsert(service),
          delete: (key) => this.#services.delete(key),
        }),
      ],
      [{ type: kinds.DEPLOYMENTS }, this.#workloads("Deployment")],
      [{ type: kinds.STATEFUL_SETS }, this.#workloads("StatefulSet")],
      [
        { type: kinds.DAEMON_SETS },
        both(both(this.#agents(), this.#network), this.#workloads("DaemonSet")),
      ],
      [
        // Until Kubernetes 1.21 there was only `v1beta1`, as of EndpointSlices.
        { type: kinds.CRON_JOBS, otherVersions: ["v1beta1"], optional: true },
        this.#workloads("CronJob"),
      ],
      this.#endpoints(dnsService, (found) => {
        this.#dns = resolverEndpoints(found);
      }),
      this.#endpoints({ namespace: "default", name: "kubernetes" }, (found) => {
        this.#apiServer = found;
      }),
    ];
  }

  /** Namespaces as they are stored, but for who manages which field: that is most of their bytes. */
  #manifests(): ReflectorTarget {
    return {
      upsert: (key, raw) => void this.#namespaces.set(key, withoutManagedFields(raw)),
      delete: (key) => void this.#namespaces.delete(key),
    };
  }

  #agents(): ReflectorTarget {
    return {
      upsert: (key) => {
        if (this.#daemonSets.has(key)) return;
        this.#daemonSets.add(key);
        if (this.#options.detectDataplane === true) this.#judgeAs(nameDataplane(this.#daemonSets));
      },
      delete: (key) => void this.#daemonSets.delete(key),
    };
  }

  /** An agent that goes is being replaced, more likely than not: only another one changes anything. */
  #judgeAs({ dataplane, evidence }: DetectedDataplane): void {
    if (dataplane === "generic" || dataplane === this.engine.dataplane.name) return;
    this.engine.useDataplane(DATAPLANES[dataplane]);
    this.#options.observe({ kind: "dataplane", dataplane, evidence });
  }

  #workloads(kind: string): ReflectorTarget {
    return this.#unreadable.reading(`${kind.toLowerCase()}s`, (raw) => parseWorkload(raw, kind), {
      upsert: (key, template) => this.#templates.upsert(kind, key, template),
      delete: (key) => this.#templates.delete(kind, key),
    });
  }

  /** The addresses behind a Service, none when it is gone. */
  #endpoints(
    service: ClusterStateOptions["dnsService"],
    take: (found: readonly ServiceEndpoint[]) => void,
  ): readonly [ReflectorSource, ReflectorTarget] {
    const index = new EndpointIndex();
    const tell = (): void => take(index.get(`${service.namespace}/${service.name}`) ?? []);
    const target = this.#unreadable.reading("endpointslices", parseEndpointSlice, {
      upsert: (key, slice) => {
        index.upsert(key, slice);
        tell();
      },
      delete: (key) => {
        index.delete(key);
        tell();
      },
    });
    return [endpointsOf(service), target];
  }
}

function withoutManagedFields(raw: unknown): unknown {
  const metadata = field(raw, "metadata");
  if (!isObject(raw) || !isObject(metadata)) return raw;
  const { managedFields: _, ...kept } = metadata;
  return { ...raw, metadata: kept };
}
