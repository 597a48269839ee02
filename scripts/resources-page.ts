import { z } from "zod";
import { renderCustomResourceDefinition } from "../src/resources/custom-resource-definition.ts";
import { RESOURCE_KINDS } from "../src/resources/resource.ts";

/** The part of a structural schema that a reader wants to know. */
const fieldSchema = z.looseObject({
  type: z.string(),
  description: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  "x-kubernetes-preserve-unknown-fields": z.boolean().optional(),
  get properties(): z.ZodOptional<z.ZodRecord<z.ZodString, typeof fieldSchema>> {
    return z.record(z.string(), fieldSchema).optional();
  },
  get items(): z.ZodOptional<typeof fieldSchema> {
    return fieldSchema.optional();
  },
});

type Field = z.output<typeof fieldSchema>;

const definitionSchema = z.looseObject({
  spec: z.looseObject({
    versions: z.array(z.looseObject({ schema: z.looseObject({ openAPIV3Schema: fieldSchema }) })),
  }),
});

/** A section for each kind: what it is called, and every field of its spec. */
export function resourceSections(
  table: (head: readonly string[], rows: readonly (readonly string[])[]) => string,
): readonly string[] {
  return RESOURCE_KINDS.map((definition) => {
    const { kind, plural, shortNames, scope } = definition;
    const { spec } = definitionSchema.parse(renderCustomResourceDefinition(definition));
    const schema = spec.versions[0]?.schema.openAPIV3Schema.properties?.["spec"];
    return [
      `## ${kind}`,
      `\`${plural}.ringfence.dev\`, short \`${shortNames.join(", ")}\`; ${scope === "Cluster" ? "cluster-scoped" : "in a namespace"}.`,
      table(
        ["field", "type", "what it is"],
        schema === undefined ? [] : [...rowsOf(schema, "spec")],
      ),
    ].join("\n\n");
  });
}

function* rowsOf(schema: Field, path: string): Generator<readonly string[]> {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const at = `${path}.${name}`;
    const isRequired = schema.required?.includes(name) === true;
    yield [
      `\`${at}${field.type === "array" ? "[]" : ""}\``,
      `${typeOf(field)}${isRequired ? ", required" : ""}`,
      field.description ?? "",
    ];
    // Everybody knows a label selector; what is free in form has no fields of its own.
    if (isSelector(field) || field["x-kubernetes-preserve-unknown-fields"] === true) continue;
    yield* rowsOf(field, at);
    if (field.items !== undefined) yield* rowsOf(field.items, `${at}[]`);
  }
}

function typeOf(field: Field): string {
  if (isSelector(field)) return "label selector";
  if (field.type === "array") {
    return field.items === undefined ? "list" : `list of ${typeOf(field.items)}`;
  }
  return field.enum === undefined
    ? field.type
    : field.enum.map((value) => `\`${String(value)}\``).join(", ");
}

function isSelector({ properties }: Field): boolean {
  return properties?.["matchExpressions"] !== undefined;
}
