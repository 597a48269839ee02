import type { z } from "zod";
import { knownFields } from "./known-fields.ts";
import { isObject } from "./shape.ts";

/** The path of the first field in `value`, which stands at `path`, that `schema` does not declare; null: there is none. */
export function findUnknownField(
  schema: z.core.$ZodType,
  value: unknown,
  path: readonly PropertyKey[],
): readonly PropertyKey[] | null {
  if (Array.isArray(value)) {
    return firstOf(value.entries(), ([index, item]) =>
      findUnknownField(schema, item, [...path, index]),
    );
  }
  const known = knownFields(schema, path);
  // None are known of labels, which may have any key.
  if (known.length === 0 || !isObject(value)) return null;
  const set = Object.entries(value).filter(([, item]) => item != null);
  return firstOf(set, ([name, item]) => {
    const at = [...path, name];
    return known.includes(name) ? findUnknownField(schema, item, at) : at;
  });
}

function firstOf<K, T>(keys: Iterable<K>, find: (key: K) => T | null): T | null {
  for (const key of keys) {
    const found = find(key);
    if (found !== null) return found;
  }
  return null;
}
