import { jsonKeys } from "../wire/shape.ts";

/** An operation of a JSON Patch (RFC 6902). */
export type PatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string };

/** RFC 6901: `~` becomes `~0` and `/` becomes `~1`, in this order. */
export function pointer(keys: readonly (string | number)[]): string {
  return keys.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** The keys of a pointer; positions in lists are text, as are `-` and names. */
export function pointerKeys(path: string): readonly string[] {
  const keys = path.split("/").slice(1);
  return keys.map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** Put `value` in the place of the field with this JSON path, which is there. */
export function replaceAt(path: string, value: unknown): PatchOperation {
  return { op: "replace", path: pointer(jsonKeys(path)), value };
}

/** Give the field with this JSON path a value, whether it is there or not; in a list: insert it. */
export function addAt(path: string, value: unknown): PatchOperation {
  return { op: "add", path: pointer(jsonKeys(path)), value };
}

/** Append to the list with this JSON path. */
export function appendTo(path: string, value: unknown): PatchOperation {
  return { op: "add", path: `${pointer(jsonKeys(path))}/-`, value };
}

/** Take the field with this JSON path away. */
export function removeAt(path: string): PatchOperation {
  return { op: "remove", path: pointer(jsonKeys(path)) };
}
