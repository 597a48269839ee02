import type { z } from "zod";

/** The fields that `schema` declares for the object at a path; none if there is no object. */
export function knownFields(
  schema: z.core.$ZodType,
  path: readonly PropertyKey[],
): readonly string[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the union of all schemas that there are
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if ("innerType" in def) return knownFields(def.innerType, path);
  // `preprocess` makes a pipe that begins with a transformation.
  if (def.type === "pipe") {
    return knownFields(def.in._zod.def.type === "transform" ? def.out : def.in, path);
  }
  const [key, ...rest] = path;
  if (key === undefined) return def.type === "object" ? Object.keys(def.shape) : [];
  if (def.type === "array") return knownFields(def.element, rest);
  const field =
    def.type === "object" && Object.hasOwn(def.shape, key) ? def.shape[String(key)] : undefined;
  return field === undefined ? [] : knownFields(field, rest);
}
