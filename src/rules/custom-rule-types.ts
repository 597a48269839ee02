import { DYN, listOf, plain, readType, type StaticType, withFields } from "../cel/static-type.ts";
import { isObject } from "../wire/shape.ts";

type Fields = Readonly<Record<string, StaticType>>;

/** Fields of the same type. */
const all = (type: string, ...names: readonly string[]): Fields =>
  Object.fromEntries(names.map((name) => [name, readType(type)]));

/** One of Kubernetes' types. */
const object = (name: string, ...parts: readonly Fields[]): StaticType => ({
  ...plain(`kubernetes.${name}`),
  fields: Object.fromEntries(parts.flatMap((part) => Object.entries(part))),
});

const KIND = object("GroupVersionKind", all("string", "group", "version", "kind"));
const RESOURCE = object("GroupVersionResource", all("string", "group", "version", "resource"));
const END = withFields(
  all("dyn", "pods", "namespaces", "everyPod", "world", "workloads", "addresses", "omitted"),
);

const FLOWS = listOf(
  withFields({
    from: END,
    to: END,
    ports: listOf(withFields(all("dyn", "protocol", "first", "last"))),
  }),
);

const TYPES: Fields = {
  object: DYN,
  oldObject: DYN,
  request: object(
    "AdmissionRequest",
    all("string", "operation", "name", "namespace", "subResource", "requestSubResource"),
    all("bool", "dryRun"),
    { kind: KIND, resource: RESOURCE, requestKind: KIND, requestResource: RESOURCE, options: DYN },
    {
      userInfo: object(
        "UserInfo",
        all("string", "username", "uid"),
        all("list(string)", "groups"),
        all("map(string, list(string))", "extra"),
      ),
    },
  ),
  // As a ValidatingAdmissionPolicy has it: neither owners nor managers.
  namespaceObject: object("Namespace", all("string", "apiVersion", "kind"), {
    metadata: object(
      "NamespaceMetadata",
      all("string", "name", "generateName", "namespace", "uid", "resourceVersion"),
      all("string", "creationTimestamp", "deletionTimestamp"),
      all("int", "deletionGracePeriodSeconds", "generation"),
      all("map(string, string)", "labels", "annotations"),
      all("list(string)", "finalizers"),
    ),
    spec: object("NamespaceSpec", all("list(string)", "finalizers")),
    status: object("NamespaceStatus", all("string", "phase"), all("list(dyn)", "conditions")),
  }),
  opened: FLOWS,
  closed: FLOWS,
};

/** What is known of what a custom rule with these `params` sees (`customRuleInput`). */
export function customRuleTypes(params: Readonly<Record<string, unknown>>): Fields {
  return { ...TYPES, params: typeOf(params) };
}

/** Of any type, as in a ValidatingAdmissionPolicy, but with the fields that there are. */
function typeOf(value: unknown): StaticType {
  if (!isObject(value)) return DYN;
  return withFields(
    Object.fromEntries(Object.entries(value).map(([key, part]) => [key, typeOf(part)])),
  );
}
