import type { Dataplane } from "../../engine/dataplane.ts";
import { MatchingEngine } from "../../engine/matching-engine.ts";
import {
  type Node,
  type Pod,
  type PolicyKind,
  podKey,
  policyKey,
  workloadKey,
} from "../../engine/model.ts";
import { type Problem, problemText, type Result } from "../../errors.ts";
import { isResource } from "../../resources/resource.ts";
import { keyName } from "../../rules/phrases.ts";
import { parseObject, type WireObject } from "../../wire/document.ts";
import { EndpointIndex } from "../../wire/endpoint-index.ts";
import { parseEndpointSlice } from "../../wire/endpoint-slice.ts";
import { parseEndpoints } from "../../wire/endpoints.ts";
import { readLabels } from "../../wire/metadata.ts";
import type { ParsedNamespace } from "../../wire/namespace.ts";
import type { PolicyManifest } from "../../wire/policy-manifest.ts";
import { POLICY_READERS } from "../../wire/policy-readers.ts";
import { parseService, type Service } from "../../wire/service.ts";
import { field, textAt } from "../../wire/shape.ts";
import type { PodTemplate } from "../../wire/workload.ts";
import { InputError } from "../input-error.ts";
import type { Report } from "../report.ts";
import {
  baselineChoices,
  getsBaseline,
  type Joining,
  missingBaseline,
} from "./assumed-baseline.ts";
import { DistinctObjects } from "./distinct-objects.ts";
import { MentionedNamespaces } from "./mentioned-namespaces.ts";
import type { Origin, SourceObject } from "./source-object.ts";
import { addStandIns, type Workload } from "./stand-ins.ts";
import { type SourceNamespace, type SourcePolicy, upserts, type World } from "./world.ts";

export interface WorldOptions {
  readonly dataplane: Dataplane;
  /** Of objects that name none. */
  readonly namespace: string;
  readonly report: Report;
  /** Resources beside those that are read; of the same name they go first. */
  readonly config: readonly SourceObject[];
}

/** Objects that belong together: those of one cluster, or of one set of files. */
export interface Layer {
  /** In a cluster workloads have pods; in files they stand for them. */
  readonly kind: "cluster" | "files";
  /** Laid over the others, as `kubectl apply` would. */
  readonly applied: boolean;
  readonly objects: readonly SourceObject[];
}

/**
 * The world of `layers`, where an object replaces the one of the same name in a layer before. Throws
 * an InputError for everything in files that cannot be read, and for two of one name in the same
 * layer that differ; what cannot be read in a cluster is noted.
 */
export function createWorld(layers: readonly Layer[], options: WorldOptions): World {
  const builder = new WorldBuilder(options);
  for (const layer of layers) builder.add(layer);
  return builder.finish();
}

class WorldBuilder {
  readonly #options: WorldOptions;
  readonly #problems: Problem[] = [];
  readonly #policies = new Map<string, SourcePolicy>();
  readonly #declared = new Map<string, SourceNamespace>();
  /** Namespaces of files that Ringfence will give its baseline, with the labels that say which. */
  readonly #joining = new Map<string, Joining>();
  readonly #mentioned = new MentionedNamespaces();
  #isWhole = false;
  readonly #pods = new Map<string, Pod>();
  readonly #nodes = new Map<string, Node>();
  readonly #templates = new Map<string, PodTemplate>();
  readonly #services = new Map<string, Service>();
  readonly #endpoints = new EndpointIndex();
  readonly #resources = new Map<string, SourceObject>();
  readonly #raw = new Map<string, unknown>();

  constructor(options: WorldOptions) {
    this.#options = options;
  }

  add(layer: Layer): void {
    this.#isWhole ||= layer.kind === "cluster";
    const distinct = new DistinctObjects((problem) => void this.#problems.push(problem));
    const workloads = new Map<string, Workload>();
    for (const object of layer.objects) {
      const read = this.#read(object, layer);
      if (read === null || !distinct.add(read, object)) continue;
      if (read.kind === "workload") {
        workloads.set(workloadKey(read.template), { template: read.template, raw: object.raw });
      }
      this.#take(read, object, layer);
      // In a cluster a namespace that was not read is not known, which is an answer of its own.
      if (layer.kind === "files") this.#mentioned.add(read);
    }
    for (const [key, { template }] of workloads) this.#templates.set(key, template);
    // Workloads without pods of their own get some; in files that is the rule.
    if (layer.kind === "files") {
      addStandIns(workloads, this.#pods, (key) => distinct.has(`Pod/${key}`));
    }
  }

  finish(): World {
    if (this.#problems.length > 0) throw new InputError(this.#problems);
    const read = {
      engine: new MatchingEngine({ dataplane: this.#options.dataplane }),
      isWhole: this.#isWhole,
      namespaces: this.#mentioned.beside(this.#declared),
      policies: this.#policies,
      declared: this.#declared,
      pods: this.#pods,
      nodes: this.#nodes,
      templates: [...this.#templates.values()],
      services: this.#services,
      endpoints: this.#endpoints,
      raw: this.#raw,
      resources: [...this.#resources.values(), ...this.#options.config],
    };
    const missing = missingBaseline(this.#joining, read, baselineChoices(read.resources));
    const policies = new Map([...read.policies, ...missing.policies]);
    const world = { ...read, policies, unknownBaselines: missing.unknown };
    for (const change of upserts(world)) world.engine.apply(change);
    return world;
  }

  /** Null: what the reading came to has been noted. */
  #read(object: SourceObject, layer: Layer): WireObject | null {
    const { raw, origin } = object;
    const read = parseObject(raw, this.#options.namespace);
    if (read.ok) return read.value;
    if (layer.kind === "files") {
      this.#problems.push(...read.error.map((problem) => origin.locate(problem)));
      return null;
    }
    const [first = ""] = read.error.map(problemText);
    this.#options.report.note(`${keyName(resourceName(raw))} cannot be read: ${first}`);
    this.#takeUnreadable(object);
    return null;
  }

  /** A stored policy that cannot be read still isolates its pods, as far as can be told which. */
  #takeUnreadable({ raw, origin }: SourceObject): void {
    const kind = textAt(raw, "kind");
    if (!isPolicyKind(kind)) return;
    const policy = POLICY_READERS[kind].unreadable(raw);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no rule looks at one that is not readable
    const manifest = raw as PolicyManifest;
    this.#policies.set(policyKey(policy), {
      policy,
      manifest,
      notices: [],
      origin,
      standing: "stored",
      replaces: null,
    });
  }

  #take(read: WireObject, { raw, origin }: SourceObject, layer: Layer): void {
    switch (read.kind) {
      case "policy": {
        const key = policyKey(read.parsed.policy);
        this.#policies.set(key, {
          ...read.parsed,
          origin,
          ...standingOf(layer, this.#policies.get(key)),
        });
        return;
      }
      case "namespace":
        this.#takeNamespace(read, origin, layer);
        return;
      case "node":
        this.#nodes.set(read.node.name, read.node);
        this.#raw.set(`Node//${read.node.name}`, raw);
        return;
      case "pod":
        if (!read.pod.ended) this.#pods.set(podKey(read.pod), read.pod);
        return;
      case "workload": {
        const { namespace, workload } = read.template;
        if (workload.kind === "DaemonSet")
          this.#raw.set(`DaemonSet/${namespace}/${workload.name}`, raw);
        return;
      }
      case "other":
        if (isResource(raw)) this.#resources.set(resourceName(raw), { raw, origin });
        this.#takeOther(read.apiVersion, read.objectKind, { raw, origin });
    }
  }

  /**
   * In a cluster, a namespace has the baseline that it has. One from a file will get its baseline if it had
   * none before, and then keeps it whatever becomes of its labels.
   */
  #takeNamespace({ manifest, namespace }: ParsedNamespace, origin: Origin, layer: Layer): void {
    const { name } = namespace;
    const before = this.#declared.get(name);
    const isOurs = this.#joining.has(name) || !getsBaseline(before?.namespace);
    if (layer.kind === "files" && isOurs && getsBaseline(namespace)) {
      const annotations = readLabels(field(manifest, "metadata", "annotations"));
      this.#joining.set(name, { labels: namespace.labels, annotations });
    }
    this.#declared.set(name, { manifest, namespace, origin, ...standingOf(layer, before) });
  }

  #takeOther(apiVersion: string, kind: string, { raw, origin }: SourceObject): void {
    const namespace = textAt(raw, "metadata", "namespace") || this.#options.namespace;
    const key = `${namespace}/${nameOf(raw)}`;
    const take = <T>(read: Result<T, readonly Problem[]>, into: (value: T) => void): void => {
      if (read.ok) into(read.value);
      else this.#problems.push(...read.error.map((problem) => origin.locate(problem)));
    };
    switch (`${apiVersion} ${kind}`) {
      case "v1 ConfigMap":
        this.#raw.set(`ConfigMap/${key}`, raw);
        return;
      case "v1 Service":
        take(parseService(raw, namespace), (service) => this.#services.set(key, service));
        return;
      case "v1 Endpoints":
        take(parseEndpoints(raw, namespace), (endpoints) =>
          this.#endpoints.upsert(`Endpoints/${key}`, { service: key, endpoints }),
        );
        return;
      case "discovery.k8s.io/v1 EndpointSlice":
      case "discovery.k8s.io/v1beta1 EndpointSlice":
        take(parseEndpointSlice(raw, namespace), (slice) =>
          this.#endpoints.upsert(`EndpointSlice/${key}`, slice),
        );
        return;
      default:
    }
  }
}

/** What `layer` lays over the ones before. */
function standingOf<T>(
  { applied }: Layer,
  before: T | undefined,
): { readonly standing: "stored" | "applied"; readonly replaces: T | null } {
  return applied
    ? { standing: "applied", replaces: before ?? null }
    : { standing: "stored", replaces: null };
}

function isPolicyKind(kind: string): kind is PolicyKind {
  return Object.hasOwn(POLICY_READERS, kind);
}

/** `Kind/namespace/name`, as far as the object says them. */
function resourceName(raw: unknown): string {
  return [["kind"], ["metadata", "namespace"], ["metadata", "name"]]
    .map((keys) => textAt(raw, ...keys))
    .join("/");
}

function nameOf(raw: unknown): string {
  return textAt(raw, "metadata", "name");
}
