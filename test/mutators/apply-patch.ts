import type { PatchOperation } from "../../src/rules/mutator.ts";
import { field, isObject } from "../../src/wire/shape.ts";

/** RFC 6902 `add` and `replace` of members, which is all that mutators ask for. */
export function applyPatch(object: unknown, patch: readonly PatchOperation[]): unknown {
  return patch.reduce((result, { path, value }) => {
    const keys = path.slice(1).split("/");
    return put(
      result,
      keys.map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~")),
      value,
    );
  }, object);
}

function put(target: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(target)) {
    return target.map((item: unknown, index) =>
      String(index) === key ? put(item, rest, value) : item,
    );
  }
  return { ...(isObject(target) ? target : {}), [key]: put(field(target, key), rest, value) };
}
