import type { MatchingEngine } from "../../engine/matching-engine.ts";
import type { Change, Namespace, Node, Pod } from "../../engine/model.ts";
import type { EndpointIndex } from "../../wire/endpoint-index.ts";
import type { ParsedNamespace } from "../../wire/namespace.ts";
import type { ParsedPolicy } from "../../wire/parsed-policy.ts";
import type { PolicyManifest } from "../../wire/policy-manifest.ts";
import type { Service } from "../../wire/service.ts";
import type { PodTemplate } from "../../wire/workload.ts";
import type { Origin, SourceObject } from "./source-object.ts";

/**
 * `stored`: of the cluster or the manifests; `applied`: of a file of `-f`; `assumed`: nobody wrote it
 * down, Ringfence will.
 */
type Standing = "stored" | "applied" | "assumed";

/** A policy with where it was read. */
export interface SourcePolicy extends ParsedPolicy<PolicyManifest> {
  readonly origin: Origin;
  readonly standing: Standing;
  /** What a file of `-f` is put in the place of. */
  readonly replaces: SourcePolicy | null;
}

/** The same for a namespace that a document or the cluster declares. */
export interface SourceNamespace extends ParsedNamespace {
  readonly origin: Origin;
  readonly standing: Standing;
  readonly replaces: SourceNamespace | null;
}

/** Everything that was read, by kind and key; the engine over it; and what to say of the reading. */
export interface World {
  readonly engine: MatchingEngine;
  /** Whether a cluster was read, which leaves nothing out; files say what somebody has chosen to write down. */
  readonly isWhole: boolean;
  readonly policies: ReadonlyMap<string, SourcePolicy>;
  readonly namespaces: ReadonlyMap<string, Namespace>;
  /** Those of the namespaces that a document or the cluster declares. */
  readonly declared: ReadonlyMap<string, SourceNamespace>;
  /** Running pods, stand-ins of workloads included, by `namespace/name`. */
  readonly pods: ReadonlyMap<string, Pod>;
  readonly nodes: ReadonlyMap<string, Node>;
  /** Namespaces that get a baseline which cannot be told, and why. */
  readonly unknownBaselines: ReadonlyMap<string, string>;
  readonly templates: readonly PodTemplate[];
  readonly services: ReadonlyMap<string, Service>;
  /** Of Services, by `namespace/name`. */
  readonly endpoints: Pick<EndpointIndex, "get">;
  /** Of Ringfence's own kinds, as they came. */
  readonly resources: readonly SourceObject[];
  /** DaemonSets, Nodes and ConfigMaps as they came, by `Kind/namespace/name`, for who looks at their settings. */
  readonly raw: ReadonlyMap<string, unknown>;
}

/** Policies of one namespace, or all, that somebody wrote. */
export function writtenIn(world: World, namespace: string | null): readonly SourcePolicy[] {
  return [...world.policies.values()].filter(
    ({ policy, standing }) =>
      standing !== "assumed" && (namespace === null || policy.namespace === namespace),
  );
}

/** Those of them that can be read. */
export function policiesIn(world: World, namespace: string | null): readonly SourcePolicy[] {
  return writtenIn(world, namespace).filter(({ policy }) => policy.readable);
}

/** DaemonSets, Nodes or ConfigMaps as they came. */
export function rawOf({ raw }: Pick<World, "raw">, kind: string): readonly unknown[] {
  return [...raw].flatMap(([key, object]) => (key.startsWith(`${kind}/`) ? [object] : []));
}

/** Namespaces that somebody declares: one, or all. */
export function namespacesIn(world: World, namespace: string | null): readonly SourceNamespace[] {
  return [...world.declared.values()].filter(
    (source) => namespace === null || source.namespace.name === namespace,
  );
}

/** The changes that turn the engine of one world into that of another. */
export function changesBetween(old: World, next: World): readonly Change[] {
  return [
    ...deletions("namespace", old.namespaces, next.namespaces),
    ...deletions("node", old.nodes, next.nodes),
    ...deletions("pod", old.pods, next.pods),
    ...deletions("policy", old.policies, next.policies),
    ...upserts(next),
  ];
}

/** The changes that make up a world from nothing. */
export function upserts(
  world: Pick<World, "namespaces" | "nodes" | "pods" | "policies">,
): readonly Change[] {
  const upsert = { op: "upsert" } as const;
  return [
    ...Array.from(world.namespaces.values(), (object) => {
      return { ...upsert, kind: "namespace" as const, object };
    }),
    ...Array.from(world.nodes.values(), (object) => {
      return { ...upsert, kind: "node" as const, object };
    }),
    ...Array.from(world.pods.values(), (object) => {
      return { ...upsert, kind: "pod" as const, object };
    }),
    ...Array.from(world.policies.values(), ({ policy: object }) => {
      return { ...upsert, kind: "policy" as const, object };
    }),
  ];
}

function deletions(
  kind: Change["kind"],
  old: ReadonlyMap<string, unknown>,
  next: ReadonlyMap<string, unknown>,
): readonly Change[] {
  const gone = [...old.keys()].filter((key) => !next.has(key));
  return gone.map((key) => ({ kind, op: "delete", key }));
}
