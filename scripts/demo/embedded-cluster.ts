import type { ClusterState } from "../../src/admission/surroundings.ts";
import { type Change, policyKey } from "../../src/engine/model.ts";
import type { Engine } from "../../src/engine/query.ts";
import { type Problem, problemText, type Result, unreachable } from "../../src/errors.ts";
import type { WorkloadTemplate } from "../../src/rules/rule.ts";
import { parseObject, type WireObject } from "../../src/wire/document.ts";
import {
  parseEndpoints,
  type ResolverEndpoint,
  resolverEndpoints,
} from "../../src/wire/endpoints.ts";
import { parseService } from "../../src/wire/service.ts";
import { ServiceIndex } from "../../src/wire/service-index.ts";
import type { KubernetesObject } from "./example-cluster.ts";

const OWN_NAMESPACE = "ringfence-system";
const DNS_SERVICE = "kube-system/kube-dns";

/** The engine over objects that are handed in, where a cluster has watches. */
export class EmbeddedCluster implements ClusterState {
  readonly engine: Engine;
  readonly facts: ClusterState["facts"];
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #templates: WorkloadTemplate[] = [];
  readonly #services = new ServiceIndex();
  readonly #ownPods: string[] = [];
  readonly #dns: ResolverEndpoint[] = [];

  /** `webhookPort` is where Ringfence's own pods, if there are any, serve the webhook. */
  constructor(engine: Engine, webhookPort: number) {
    this.engine = engine;
    this.facts = {
      dns: this.#dns,
      apiServer: [],
      apiServerPorts: [],
      ownNamespace: OWN_NAMESPACE,
      ownPods: this.#ownPods,
      webhookPort,
      templatesOf: (namespace) => this.#templates.filter((it) => it.namespace === namespace),
      services: this.#services,
      knowsPodsOf: () => true,
      namespaceManifest: (name) => this.#objects.get(keyOf("Namespace", { name, namespace: "" })),
      network: { bare: () => null },
      knowsNamespaces: "yes",
    };
  }

  freshness(): ReturnType<ClusterState["freshness"]> {
    return { kind: "fresh" };
  }

  isTerminating(): boolean {
    return false;
  }

  /** The object as it is stored now. */
  stored({ kind, metadata }: KubernetesObject): KubernetesObject | null {
    return this.#objects.get(keyOf(kind, metadata)) ?? null;
  }

  /** Take an object, as a watch would bring it. Throws where it cannot be read: the example is wrong. */
  upsert(object: KubernetesObject): void {
    const { kind, metadata } = object;
    this.#objects.set(keyOf(kind, metadata), object);
    if (kind === "Endpoints") {
      const isDns = `${metadata.namespace}/${metadata.name}` === DNS_SERVICE;
      if (isDns) this.#dns.push(...resolverEndpoints(valueOf(parseEndpoints(object))));
      return;
    }
    if (kind === "Service") {
      this.#services.upsert(valueOf(parseService(object)));
      return;
    }
    const read = valueOf(parseObject(object));
    if (read.kind === "workload") this.#templates.push(read.template);
    if (read.kind === "pod" && read.pod.namespace === OWN_NAMESPACE) {
      this.#ownPods.push(`${read.pod.namespace}/${read.pod.name}`);
    }
    const change = changeOf(read);
    if (change !== null) this.engine.apply(change);
  }

  /** Let go of a policy. */
  deletePolicy(object: KubernetesObject): void {
    this.#objects.delete(keyOf(object.kind, object.metadata));
    const read = valueOf(parseObject(object));
    if (read.kind !== "policy")
      throw new Error(`${object.kind} ${object.metadata.name} is no policy`);
    this.engine.apply({ kind: "policy", op: "delete", key: policyKey(read.parsed.policy) });
  }
}

function changeOf(object: WireObject): Change | null {
  switch (object.kind) {
    case "policy":
      return { kind: "policy", op: "upsert", object: object.parsed.policy };
    case "namespace":
      return { kind: "namespace", op: "upsert", object: object.namespace };
    case "node":
      return { kind: "node", op: "upsert", object: object.node };
    case "pod":
      return { kind: "pod", op: "upsert", object: object.pod };
    case "workload":
    case "other":
      return null;
    default:
      return unreachable(object);
  }
}

function keyOf(
  kind: string,
  { namespace, name }: Pick<KubernetesObject["metadata"], "namespace" | "name">,
): string {
  return `${kind}/${namespace}/${name}`;
}

/** What has been read; throws where it could not be: the example is wrong. */
export function valueOf<T>(read: Result<T, readonly Problem[]>): T {
  if (read.ok) return read.value;
  throw new Error(read.error.map(problemText).join("; "));
}
