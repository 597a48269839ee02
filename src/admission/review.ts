import { POLICY_KINDS, type PolicyKind } from "../engine/model.ts";
import { RESOURCE_KINDS, type ResourceKind } from "../resources/resource.ts";
import { API_VERSION } from "../resources/resource-metadata.ts";
import type { Operation, RequestFacts } from "../rules/rule.ts";
import { POLICY_READERS } from "../wire/policy-readers.ts";
import { field, isObject } from "../wire/shape.ts";

/** Kinds the webhook judges; each in the API versions its schema is known of. */
const KINDS: ReadonlyMap<string, GovernedKind | ResourceKind> = new Map<
  string,
  GovernedKind | ResourceKind
>([
  ["/v1/Namespace", "Namespace"],
  ["/v1/Pod", "Pod"],
  ...POLICY_KINDS.flatMap((kind) => {
    const { group, version, otherVersions } = POLICY_READERS[kind];
    return [version, ...otherVersions].map((one) => [`${group}/${one}/${kind}`, kind] as const);
  }),
  ...RESOURCE_KINDS.map(({ kind }) => [`${API_VERSION}/${kind}`, kind] as const),
]);

const OPERATIONS: ReadonlyMap<unknown, Operation> = new Map(
  (["CREATE", "UPDATE", "DELETE"] as const).map((operation) => [operation, operation]),
);

/** Kinds that profiles govern; the others are what profiles are made of. */
type GovernedKind = PolicyKind | "Namespace" | "Pod";

const NAMESPACED: ReadonlySet<GovernedKind | ResourceKind> = new Set([
  "NetworkPolicy",
  "Pod",
  "Exemption",
]);

/** Who asks: `request.userInfo`, as the API server has authenticated it. */
export type RequestUser = RequestFacts["user"];

/** What an AdmissionReview asks about. `object` is null on DELETE, `oldObject` on CREATE. */
interface RequestOf<K extends string> extends RequestFacts {
  readonly uid: string;
  readonly kind: K;
  readonly operation: Operation;
  /** Empty also where `generateName` is not filled in yet (mutation). */
  readonly name: string;
  readonly requestedAs: NonNullable<RequestFacts["requestedAs"]>;
  readonly object: unknown;
  readonly oldObject: unknown;
}

/** A change that a profile governs. */
export type GovernedRequest = RequestOf<GovernedKind>;

/** What is asked for, whoever asks. */
export type RequestedChange = Pick<
  GovernedRequest,
  "kind" | "operation" | "namespace" | "name" | "object" | "oldObject"
>;

/** A change of one of Ringfence's own resources. */
export type ResourceRequest = RequestOf<ResourceKind>;

export type AdmissionRequest = GovernedRequest | ResourceRequest;

export type ReviewReading =
  | { readonly kind: "request"; readonly request: AdmissionRequest }
  /** There is a uid to answer to, but no question that can be answered. */
  | { readonly kind: "unusable"; readonly uid: string; readonly problem: string }
  | { readonly kind: "no-uid" };

/** SECURITY: it is repeated in the answer and in the log, as names are. API servers make UUIDs. */
const UID = /^[!-~]{1,128}$/;

/** Of no name is more asked here than that: before it is made from `generateName` it is empty. */
const NAME = /^[!-~]{0,253}$/;

/**
 * The uid of anything that looks like an AdmissionReview, null where there is none: as long as there
 * is one the answer can be a review, and only a review reaches the user's terminal.
 */
export function uidOf(body: unknown): string | null {
  const uid = text(field(body, "request", "uid"));
  return UID.test(uid) ? uid : null;
}

/**
 * Read a parsed body as an `admission.k8s.io/v1` AdmissionReview.
 * PERF: by hand rather than by schema: a dozen fields are read on the hot path, and none is copied.
 */
export function readReview(body: unknown): ReviewReading {
  const uid = uidOf(body);
  if (uid === null) return { kind: "no-uid" };
  const request = readRequest(body, uid);
  return typeof request === "string"
    ? { kind: "unusable", uid, problem: request }
    : { kind: "request", request };
}

/** The request of a review, or what is wrong with it. */
function readRequest(body: unknown, uid: string): AdmissionRequest | string {
  const version = `${text(field(body, "apiVersion"))} ${text(field(body, "kind"))}`;
  if (version !== "admission.k8s.io/v1 AdmissionReview") {
    return `\`${version}\` is not \`admission.k8s.io/v1 AdmissionReview\``;
  }
  const raw = field(body, "request");
  const gvk = field(raw, "kind");
  const kindName = `${text(field(gvk, "group"))}/${text(field(gvk, "version"))}/${text(field(gvk, "kind"))}`;
  const kind = KINDS.get(kindName);
  if (kind === undefined) return `request.kind: \`${kindName}\` is not judged here`;
  const operationName = text(field(raw, "operation"));
  const operation = OPERATIONS.get(operationName);
  if (operation === undefined) return `request.operation: \`${operationName}\` is not judged here`;
  const object = operation === "DELETE" ? null : field(raw, "object");
  const oldObject = operation === "CREATE" ? null : field(raw, "oldObject");
  if (operation !== "DELETE" && !isObject(object)) return "request.object: is not an object";
  if (operation !== "CREATE" && !isObject(oldObject)) return "request.oldObject: is not an object";
  const name = nameOf(raw, object ?? oldObject);
  const namespace = namespaceOf(kind, raw, name);
  if (![name, namespace].every((it) => NAME.test(it)))
    return "request.name: no object has such a name";
  return {
    uid,
    kind,
    operation,
    namespace,
    name,
    subResource: text(field(raw, "subResource")),
    requestedAs: requestedAs(raw),
    dryRun: field(raw, "dryRun") === true,
    user: userOf(field(raw, "userInfo")),
    options: field(raw, "options"),
    object,
    oldObject,
  };
}

/** AdmissionRequest API: what was asked for is said where it "differs" from what is judged. */
function requestedAs(raw: unknown): GovernedRequest["requestedAs"] {
  return {
    kind: field(raw, "requestKind") ?? field(raw, "kind"),
    resource: field(raw, "requestResource") ?? field(raw, "resource"),
    subResource: text(field(raw, "requestSubResource")),
  };
}

/** deletecollection sends an empty name, and generateName one that only the object carries. */
function nameOf(raw: unknown, object: unknown): string {
  return text(field(raw, "name")) || text(field(object, "metadata", "name"));
}

function namespaceOf(kind: GovernedKind | ResourceKind, raw: unknown, name: string): string {
  if (kind === "Namespace") return name;
  return NAMESPACED.has(kind) ? text(field(raw, "namespace")) : "";
}

/** Report whether profiles govern objects of that kind. */
export function isGovernedKind(kind: unknown): kind is GovernedKind {
  return KINDS.values().some((one) => one === kind) && !isResourceKind(kind);
}

/** Report whether that is an operation that is judged. */
export function isOperation(name: unknown): name is Operation {
  return OPERATIONS.has(name);
}

/** Report whether the request changes one of Ringfence's own resources. */
export function isResourceRequest(request: AdmissionRequest): request is ResourceRequest {
  return isResourceKind(request.kind);
}

function isResourceKind(name: unknown): boolean {
  return RESOURCE_KINDS.some(({ kind }) => kind === name);
}

function userOf(user: unknown): RequestUser {
  const groups = field(user, "groups");
  return {
    username: text(field(user, "username")),
    uid: text(field(user, "uid")),
    groups: Array.isArray(groups) ? groups.map(text) : [],
    extra: field(user, "extra"),
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
