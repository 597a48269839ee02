import { z } from "zod";
import { field, isObject } from "../wire/shape.ts";
import type { KindDefinition } from "./resource.ts";
import { GROUP, VERSION } from "./resource-metadata.ts";

type Json = Readonly<Record<string, unknown>>;

/** The CustomResourceDefinition (apiextensions.k8s.io/v1) of a kind, its schema from the one that reads it. */
export function renderCustomResourceDefinition(definition: KindDefinition): Json {
  const { kind, description, schema, plural, shortNames, scope, columns } = definition;
  const written: unknown = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const { properties, ...root } = structural(written);
  const { spec, ...others } = isObject(properties) ? properties : {};
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames,
        categories: ["ringfence"],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: {
            openAPIV3Schema: {
              ...root,
              description,
              properties: {
                ...others,
                spec: {
                  description: "What is wanted.",
                  ...withShownDefaults(spec, written, columns),
                },
                apiVersion: { type: "string" },
                kind: { type: "string" },
                metadata: { type: "object" },
                status: STATUS,
              },
            },
          },
        },
      ],
    },
  };
}

/** `spec` with the defaults of what has a column: `kubectl get` shows only what is stored. */
function withShownDefaults(
  spec: unknown,
  written: unknown,
  columns: KindDefinition["columns"],
): Json {
  if (!isObject(spec)) return {};
  const shown = new Set(columns.map(({ jsonPath }) => jsonPath));
  const fields = Object.entries(field(spec, "properties") ?? {}).map(([name, of]) => {
    const value = field(written, "properties", "spec", "properties", name, "default");
    const isSeen = shown.has(`.spec.${name}`) && typeof value === "string" && value !== "";
    return [name, isSeen && isObject(of) ? { ...of, default: value } : of] as const;
  });
  return { ...spec, properties: Object.fromEntries(fields) };
}

/** What Ringfence says of a resource; the fields that a kind does not use are left out. */
const STATUS: Json = {
  type: "object",
  description: "What Ringfence makes of it.",
  properties: {
    observedGeneration: {
      type: "integer",
      format: "int64",
      description: "The version of the resource that the status is about.",
    },
    namespaces: {
      type: "integer",
      description: "How many namespaces name the profile, or are to have the baseline.",
    },
    findings: {
      type: "integer",
      description: "How many findings there are of policies that are stored in those namespaces.",
    },
    upToDate: {
      type: "integer",
      description: "How many of them have the newest version of the baseline.",
    },
    breaches: { type: "integer", description: "How many pods break the invariant." },
    conditions: {
      type: "array",
      description: "What is true of it.",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
      items: {
        type: "object",
        required: ["type", "status", "lastTransitionTime", "reason", "message"],
        properties: {
          type: { type: "string", description: "`Ready`, for instance." },
          status: {
            type: "string",
            enum: ["True", "False", "Unknown"],
            description: "Whether it is so.",
          },
          observedGeneration: {
            type: "integer",
            format: "int64",
            description: "The version of the resource that it was seen of.",
          },
          lastTransitionTime: {
            type: "string",
            format: "date-time",
            description: "Since when the status has been what it is.",
          },
          reason: { type: "string", description: "Why, in one word." },
          message: { type: "string", description: "Why, for people." },
        },
      },
    },
  },
};

/**
 * A JSON schema in the form that the API server takes ("structural schema"): no `$schema`, `const` as `enum`,
 * null as `nullable`, and nothing about unknown fields, which it prunes by itself. Defaults stay out, so that
 * what is stored is what was written, but for `withShownDefaults`.
 */
function structural(schema: unknown): Json {
  if (!isObject(schema)) return {};
  const {
    $schema: _,
    const: only,
    anyOf,
    default: __,
    additionalProperties,
    ...rest
  } = withoutNull(schema);
  const options: readonly unknown[] = Array.isArray(anyOf) ? anyOf : [];
  const option = options.find((candidate) => !isNull(candidate));
  const kept: Record<string, unknown> = {
    ...(option === undefined ? {} : { ...structural(option), nullable: true }),
    ...rest,
  };
  if (only !== undefined) kept["enum"] = [only];
  if (isObject(additionalProperties))
    kept["additionalProperties"] = structural(additionalProperties);
  if (isObject(rest["properties"])) kept["properties"] = mapValues(rest["properties"], structural);
  if (isObject(rest["items"])) kept["items"] = structural(rest["items"]);
  // zod writes the pattern of a format out; the API server knows the format.
  if (kept["format"] !== undefined) delete kept["pattern"];
  return kept;
}

/** `type: [boolean, null]` is how zod writes a union of simple types. */
function withoutNull(schema: Json): Json {
  const { type } = schema;
  if (!Array.isArray(type)) return schema;
  return { ...schema, type: type.find((name) => name !== "null"), nullable: true };
}

function isNull(schema: unknown): boolean {
  return isObject(schema) && schema["type"] === "null";
}

function mapValues(object: Json, map: (value: unknown) => unknown): Json {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
