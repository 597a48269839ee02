import { ANY, type Shape } from "../cel/shape.ts";
import { isObject } from "../wire/shape.ts";

const fields = (...names: readonly string[]): Shape => ({
  fields: Object.fromEntries(names.map((name) => [name, ANY])),
});

const KIND = fields("group", "version", "kind");
const RESOURCE = fields("group", "version", "resource");
const END = fields("pods", "namespaces", "everyPod", "world", "workloads", "addresses", "omitted");

const FLOWS: Shape = {
  items: { fields: { from: END, to: END, ports: { items: fields("protocol", "first", "last") } } },
};

const SHAPES: Readonly<Record<string, Shape>> = {
  request: {
    fields: {
      ...fields("operation", "name", "namespace", "dryRun", "options").fields,
      kind: KIND,
      resource: RESOURCE,
      subResource: ANY,
      requestKind: KIND,
      requestResource: RESOURCE,
      requestSubResource: ANY,
      userInfo: fields("username", "uid", "groups", "extra"),
    },
  },
  // As a ValidatingAdmissionPolicy has it: neither owners nor managers.
  namespaceObject: {
    fields: {
      ...fields("apiVersion", "kind").fields,
      metadata: fields(
        "name",
        "generateName",
        "namespace",
        "uid",
        "labels",
        "annotations",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "resourceVersion",
        "finalizers",
      ),
      spec: fields("finalizers"),
      status: fields("phase", "conditions"),
    },
  },
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
