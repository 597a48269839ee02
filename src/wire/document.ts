import { type Namespace, type Node, type Pod, podKey, policyKey } from "../engine/model.ts";
import { failure, type Problem, type Result, success, unreachable } from "../errors.ts";
import { type NamespaceManifest, parseNamespace } from "./namespace.ts";
import { parseNode } from "./node.ts";
import type { ParsedPolicy } from "./parsed-policy.ts";
import { parsePod } from "./pod.ts";
import { policyReader } from "./policy-kind.ts";
import type { PolicyManifest } from "./policy-manifest.ts";
import { field, isObject } from "./shape.ts";
import { hasPodTemplate, type PodTemplate, parseWorkload, WORKLOAD_KINDS } from "./workload.ts";

/** A Kubernetes object of a manifest, as far as it concerns us. */
export type WireObject =
  | { readonly kind: "policy"; readonly parsed: ParsedPolicy<PolicyManifest> }
  | {
      readonly kind: "namespace";
      readonly manifest: NamespaceManifest;
      readonly namespace: Namespace;
    }
  | { readonly kind: "node"; readonly node: Node }
  | { readonly kind: "pod"; readonly pod: Pod }
  | { readonly kind: "workload"; readonly template: PodTemplate }
  /** An object of a kind that has no part in who can reach whom. */
  | { readonly kind: "other"; readonly apiVersion: string; readonly objectKind: string };

/** One object of a document: a List holds several. */
export interface DocumentItem {
  readonly raw: unknown;
  /** Where it stands in the document, empty where it is the document: `items[3]`. */
  readonly path: string;
}

/** The objects of a document, Lists of any kind flattened. */
export function itemsOf(raw: unknown, path = ""): readonly DocumentItem[] {
  const kind = field(raw, "kind");
  const items = field(raw, "items");
  if (typeof kind !== "string" || !kind.endsWith("List")) return [{ raw, path }];
  // Go writes an empty list as null.
  if (items === null) return [];
  if (!Array.isArray(items)) return [{ raw, path }];
  const prefix = path === "" ? "items" : `${path}.items`;
  // Items of a PodList carry neither `kind` nor `apiVersion`; those of a plain List do.
  const shared = { apiVersion: field(raw, "apiVersion"), kind: kind.slice(0, -"List".length) };
  return items.flatMap((item: unknown, index) =>
    itemsOf(isObject(item) ? { ...shared, ...item } : item, `${prefix}[${index}]`),
  );
}

/** Read one object by its `apiVersion` and `kind`; `namespace` is that of those that name none. */
export function parseObject(
  raw: unknown,
  namespace?: string,
): Result<WireObject, readonly Problem[]> {
  const apiVersion = field(raw, "apiVersion");
  const kind = field(raw, "kind");
  if (typeof apiVersion !== "string" || typeof kind !== "string") {
    const message = "is not a Kubernetes object: it needs `apiVersion` and `kind`";
    return failure([{ code: "NP_E_SCHEMA", path: "", message }]);
  }
  // `itemsOf` has taken apart what it could; any other List would be passed over with all its items.
  if (kind.endsWith("List") && field(raw, "items") !== undefined) {
    return failure([{ code: "NP_E_SCHEMA", path: "items", message: "is not a list" }]);
  }
  const group = groupOf(apiVersion);
  if (WORKLOAD_KINDS.get(kind) === group || hasPodTemplate(raw)) {
    return as(parseWorkload(raw, kind, namespace), (template) => ({ kind: "workload", template }));
  }
  switch (`${group}/${kind}`) {
    case "/Namespace":
      return as(parseNamespace(raw), (parsed) => ({ kind: "namespace", ...parsed }));
    case "/Pod":
      return as(parsePod(raw, namespace), (pod) => ({ kind: "pod", pod }));
    case "/Node":
      return as(parseNode(raw), (node) => ({ kind: "node", node }));
  }
  const reader = policyReader(apiVersion, kind);
  if (!reader.ok) return reader;
  return reader.value === null
    ? success({ kind: "other", apiVersion, objectKind: kind })
    : as(reader.value.parse(raw, namespace), (parsed) => ({ kind: "policy", parsed }));
}

function as<T>(
  read: Result<T, readonly Problem[]>,
  wrap: (value: T) => WireObject,
): Result<WireObject, readonly Problem[]> {
  return read.ok ? success(wrap(read.value)) : read;
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
}

/**
 * What identifies an object: kind, namespace and name. Two objects with one key in one set of manifests are a
 * mistake, since the API server would keep only the last.
 */
export function objectKey(object: WireObject): string | null {
  switch (object.kind) {
    case "policy":
      return policyKey(object.parsed.policy);
    case "namespace":
      return `Namespace//${object.namespace.name}`;
    case "node":
      return `Node//${object.node.name}`;
    case "pod":
      return `Pod/${podKey(object.pod)}`;
    case "workload": {
      const { namespace, workload } = object.template;
      return `${workload.kind}/${namespace}/${workload.name}`;
    }
    case "other":
      return null;
    default:
      return unreachable(object);
  }
}
