import { ANY, type Shape } from "../cel/shape.ts";
import { isObject } from "../wire/shape.ts";

const fields = (...names: readonly string[]): Shape => ({
  fields: Object.fromEntries(names.map((name) => [name, ANY])),
});

/** Fields of the same type. */
const all = (type: string, ...names: readonly string[]): Readonly<Record<string, Shape>> =>
  Object.fromEntries(names.map((name) => [name, { type }]));

const object = (...parts: readonly Readonly<Record<string, Shape>>[]): Shape => ({
  type: "object",
  fields: Object.fromEntries(parts.flatMap((part) => Object.entries(part))),
});

const KIND = object(all("string", "group", "version", "kind"));
const RESOURCE = object(all("string", "group", "version", "resource"));
const END = fields("pods", "namespaces", "everyPod", "world", "workloads", "addresses", "omitted");

const FLOWS: Shape = {
  items: { fields: { from: END, to: END, ports: { items: fields("protocol", "first", "last") } } },
};

const SHAPES: Readonly<Record<string, Shape>> = {
  request: object(
    all("string", "operation", "name", "namespace", "subResource", "requestSubResource"),
    all("bool", "dryRun"),
    { kind: KIND, resource: RESOURCE, requestKind: KIND, requestResource: RESOURCE, options: ANY },
    {
      userInfo: object(
        all("string", "username", "uid"),
        all("list(string)", "groups"),
        all("map(string, list(string))", "extra"),
      ),
    },
  ),
  // As a ValidatingAdmissionPolicy has it: neither owners nor managers.
  namespaceObject: object(all("string", "apiVersion", "kind"), {
    metadata: object(
      all("string", "name", "generateName", "namespace", "uid", "resourceVersion"),
      all("string", "creationTimestamp", "deletionTimestamp"),
      all("int", "deletionGracePeriodSeconds", "generation"),
      all("map(string, string)", "labels", "annotations"),
      all("list(string)", "finalizers"),
    ),
    spec: object(all("list(string)", "finalizers")),
    status: object(all("string", "phase"), all("list(dyn)", "conditions")),
  }),
  opened: FLOWS,
  closed: FLOWS,
};

/** What is known of what a custom rule with these `params` sees (`customRuleInput`), but for the objects. */
export function customRuleShapes(
  params: Readonly<Record<string, unknown>>,
): Readonly<Record<string, Shape>> {
  return { ...SHAPES, params: shapeOf(params) };
}

function shapeOf(value: unknown): Shape {
  if (!isObject(value)) return ANY;
  return {
    fields: Object.fromEntries(Object.entries(value).map(([key, part]) => [key, shapeOf(part)])),
  };
}
