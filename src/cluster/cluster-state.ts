import { isDeepStrictEqual } from "node:util";
import { DATAPLANES } from "../engine/dataplane.ts";
import { type Address, type PolicyKind, podKey } from "../engine/model.ts";
import type { Engine } from "../engine/query.ts";
import type { Problem, Result } from "../errors.ts";
import {
  parseEndpoints,
  type ResolverEndpoint,
  resolverEndpoints,
  type ServiceEndpoint,
} from "../wire/endpoints.ts";
import { parseNamespace } from "../wire/namespace.ts";
import { parseNode } from "../wire/node.ts";
import { parsePod } from "../wire/pod.ts";
import { POLICY_READERS } from "../wire/policy.ts";
import { parseService } from "../wire/service.ts";
import { ServiceIndex, type Services } from "../wire/service-index.ts";
import { field } from "../wire/shape.ts";
import { ofDeployment, type PodTemplate, parseWorkload } from "../wire/workload.ts";
import type { ApiClient } from "./api-client.ts";
import { NetworkAgents } from "./bare-network.ts";
import { type DetectedDataplane, nameDataplane } from "./detect-dataplane.ts";
import type { Observe } from "./notice.ts";
import { Reflector } from "./reflector.ts";
import { both, type ReflectorTarget } from "./reflector-target.ts";
import { type ReflectorTiming, STANDARD_TIMING } from "./reflector-timing.ts";
import * as kinds from "./resource-type.ts";
import { TemplateIndex } from "./template-index.ts";
import { endpointsOf, policySource, type ReflectorSource, TIERED_KINDS } from "./watch-source.ts";

/** A stored object that cannot be read, and why. */
export interface Unreadable {
  readonly resource: string;
  /** `namespace/name`, or the name. */
  readonly key: string;
  readonly problems: readonly Problem[];
}

/** How current the picture of the cluster is. */
export type Freshness =
  | { readonly kind: "syncing" }
  | { readonly kind: "fresh" }
  | { readonly kind: "stale"; readonly ageMs: number };

/** What rules may ask beyond the engine. Empty lists mean "not known". */
export interface Facts {
  readonly dns: readonly ResolverEndpoint[];
  readonly apiServer: readonly Address[];
  readonly ownNamespace: string;
  /** Ringfence's own pods, `namespace/name`. */
  readonly ownPods: readonly string[];
  readonly webhookPort: number;
  templatesOf(namespace: string): Iterable<PodTemplate>;
  readonly services: Services;
  knowsPodsOf(namespace: string): boolean;
  readonly knowsNamespaces: "yes";
  readonly network: NetworkAgents;
}

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
  /** Tell the dataplane by the agents on the nodes, and have the engine judge as it does. */
  readonly detectDataplane?: boolean;
  readonly observe: Observe;
  readonly listener?: ClusterListener;
  /** What else is watched, and where it goes. */
  readonly others?: readonly (readonly [ReflectorSource, ReflectorTarget])[];
  readonly timing?: ReflectorTiming;
}

/** Ringfence's own pods, as its manifests label them. */
const OWN_POD_LABEL = { key: "app.kubernetes.io/name", value: "ringfence" };

/**
 * The cluster as the watches show it, kept in the engine. Objects are reduced on receipt.
 *
 * - A stored policy that cannot be read isolates its pods and allows nothing; any other object that
 *   cannot be read is not known to the engine. Both are named by `unreadable()`.
 * - Kinds that the cluster lacks count as having no objects and are looked for again.
 */
export class ClusterState {
  readonly engine: Engine;
  readonly facts: Facts;
  readonly #options: ClusterStateOptions;
  readonly #reflectors: readonly Reflector[];
  readonly #terminating = new Set<string>();
  readonly #unreadable = new Map<string, Unreadable>();
  readonly #templates = new TemplateIndex();
  readonly #services = new ServiceIndex();
  readonly #daemonSets = new Set<string>();
  readonly #network = new NetworkAgents();
  #dns: readonly ResolverEndpoint[] = [];
  #apiServer: readonly Address[] = [];

  constructor(options: ClusterStateOptions) {
    this.#options = options;
    this.engine = options.engine;
    this.facts = this.#createFacts();
    const { client, observe, timing = STANDARD_TIMING } = options;
    this.#reflectors = this.#follow().map(
      ([source, target]) => new Reflector(client, source, target, { observe, timing }),
    );
  }

  start(): void {
    for (const reflector of this.#reflectors) reflector.start();
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
    return [...this.#unreadable.values()];
  }

  /** Report whether the namespace has a deletion timestamp. */
  isTerminating(namespace: string): boolean {
    return this.#terminating.has(namespace);
  }

  /** Everything that is watched, and where it goes. `manifests/base/rbac.yaml` grants exactly this. */
  #follow(): readonly (readonly [ReflectorSource, ReflectorTarget])[] {
    const { dnsService, listener, others = [] } = this.#options;
    return [
      ...others,
      [{ type: kinds.NAMESPACES }, both(this.#namespaces(), listener?.namespaces)],
      [{ type: kinds.NODES }, this.#nodes()],
      [{ type: kinds.PODS }, this.#pods()],
      [{ type: kinds.NETWORK_POLICIES }, both(this.#policies("NetworkPolicy"), listener?.policies)],
      ...TIERED_KINDS.map((kind) => [policySource(kind), this.#policies(kind)] as const),
      [
        { type: kinds.SERVICES },
        this.#reading("services", parseService, {
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
        // Until Kubernetes 1.21 there was only `v1beta1`.
        { type: kinds.CRON_JOBS, otherVersions: ["v1beta1"], optional: true },
        this.#workloads("CronJob"),
      ],
      this.#endpoints(dnsService, (found) => {
        this.#dns = resolverEndpoints(found);
      }),
      this.#endpoints({ namespace: "default", name: "kubernetes" }, (found) => {
        this.#apiServer = found.map(({ address }) => address);
      }),
    ];
  }

  #namespaces(): ReflectorTarget {
    const { engine } = this;
    const target = this.#reading("namespaces", parseNamespace, {
      upsert: (_, { namespace }) =>
        engine.apply({ kind: "namespace", op: "upsert", object: namespace }),
      delete: (key) => engine.apply({ kind: "namespace", op: "delete", key }),
    });
    return both(
      {
        upsert: (key, raw) => {
          const ends = field(raw, "metadata", "deletionTimestamp") !== undefined;
          if (ends) this.#terminating.add(key);
          else this.#terminating.delete(key);
        },
        delete: (key) => void this.#terminating.delete(key),
      },
      target,
    );
  }

  #nodes(): ReflectorTarget {
    const { engine } = this;
    return this.#reading("nodes", parseNode, {
      upsert: (key, object) => {
        // PERF: kubelets report every few minutes and almost always the same; to the engine a node is
        // all of its pods.
        if (isDeepStrictEqual(engine.node(key), object)) return;
        engine.apply({ kind: "node", op: "upsert", object });
      },
      delete: (key) => engine.apply({ kind: "node", op: "delete", key }),
    });
  }

  #pods(): ReflectorTarget {
    const { engine } = this;
    return this.#reading("pods", parsePod, {
      upsert: (_, pod) => engine.apply({ kind: "pod", op: "upsert", object: ofDeployment(pod) }),
      delete: (key) => engine.apply({ kind: "pod", op: "delete", key }),
    });
  }

  #policies(kind: PolicyKind): ReflectorTarget {
    const { engine } = this;
    const reader = POLICY_READERS[kind];
    const { resource } = reader;
    return {
      upsert: (key, raw) => {
        const read = reader.parse(raw);
        this.#report(resource, key, read);
        const object = read.ok ? read.value.policy : reader.unreadable(raw);
        engine.apply({ kind: "policy", op: "upsert", object });
      },
      delete: (key) => {
        this.#unreadable.delete(`${resource} ${key}`);
        const path = reader.namespaced ? key : `/${key}`;
        engine.apply({ kind: "policy", op: "delete", key: `${kind}/${path}` });
      },
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
    return this.#reading(`${kind.toLowerCase()}s`, (raw) => parseWorkload(raw, kind), {
      upsert: (key, template) => this.#templates.upsert(kind, key, template),
      delete: (key) => this.#templates.delete(kind, key),
    });
  }

  /** The addresses behind a Service, none when it is gone. */
  #endpoints(
    service: ClusterStateOptions["dnsService"],
    take: (found: readonly ServiceEndpoint[]) => void,
  ): readonly [ReflectorSource, ReflectorTarget] {
    const target = this.#reading("endpoints", parseEndpoints, {
      upsert: (_, found) => take(found),
      delete: () => take([]),
    });
    return [endpointsOf(service), target];
  }

  /** Parse, then hand on; what cannot be parsed is reported and counts as not being there. */
  #reading<T>(
    resource: string,
    parse: (raw: unknown) => Result<T, readonly Problem[]>,
    target: { upsert(key: string, value: T): void; delete(key: string): void },
  ): ReflectorTarget {
    return {
      upsert: (key, raw) => {
        const read = parse(raw);
        this.#report(resource, key, read);
        if (read.ok) target.upsert(key, read.value);
        else target.delete(key);
      },
      delete: (key) => {
        this.#unreadable.delete(`${resource} ${key}`);
        target.delete(key);
      },
    };
  }

  #report(resource: string, key: string, read: Result<unknown, readonly Problem[]>): void {
    if (read.ok) {
      this.#unreadable.delete(`${resource} ${key}`);
      return;
    }
    this.#unreadable.set(`${resource} ${key}`, { resource, key, problems: read.error });
    this.#options.observe({ kind: "unreadable", resource, key, problems: read.error });
  }

  /** Each is read when asked for, so none is older than the engine. */
  #createFacts(): Facts {
    const { ownNamespace, webhookPort, engine } = this.#options;
    const dns = (): readonly ResolverEndpoint[] => this.#dns;
    const apiServer = (): readonly Address[] => this.#apiServer;
    return {
      get dns() {
        return dns();
      },
      get apiServer() {
        return apiServer();
      },
      get ownPods() {
        return Array.from(engine.podsOf(ownNamespace))
          .filter(({ labels }) => labels.get(OWN_POD_LABEL.key) === OWN_POD_LABEL.value)
          .map(podKey);
      },
      ownNamespace,
      webhookPort,
      templatesOf: (namespace) => this.#templates.of(namespace),
      services: this.#services,
      // The watches leave nothing out.
      knowsPodsOf: () => true,
      knowsNamespaces: "yes",
      network: this.#network,
    };
  }
}
