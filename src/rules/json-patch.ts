import { isObject, jsonKeys } from "../wire/shape.ts";

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

/** `object` with the operations applied one after the other; throws if one does not fit. */
export function applyPatch(object: unknown, patch: readonly PatchOperation[]): unknown {
  return patch.reduce(
    (result, operation) => apply(result, pointerKeys(operation.path), operation),
    object,
  );
}

/** Replace the value of the field with this JSON path, which must exist. */
export function replaceAt(path: string, value: unknown): PatchOperation {
  return { op: "replace", path: pointer(jsonKeys(path)), value };
}

/** Set the field with this JSON path, whether it exists or not; in a list, insert an item. */
export function addAt(path: string, value: unknown): PatchOperation {
  return { op: "add", path: pointer(jsonKeys(path)), value };
}

/** Append to the list with this JSON path. */
export function appendTo(path: string, value: unknown): PatchOperation {
  return { op: "add", path: `${pointer(jsonKeys(path))}/-`, value };
}

/** Remove the field with this JSON path. */
export function removeAt(path: string): PatchOperation {
  return { op: "remove", path: pointer(jsonKeys(path)) };
}

function apply(target: unknown, keys: readonly string[], operation: PatchOperation): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return operation.op === "remove" ? undefined : operation.value;
  if (Array.isArray(target)) return applyToList(target, key, rest, operation);
  if (!isObject(target)) throw new Error(`${operation.path}: nothing there to change`);
  const isThere = Object.hasOwn(target, key);
  if (!isThere && (rest.length > 0 || operation.op !== "add")) {
    throw new Error(`${operation.path}: no \`${key}\``);
  }
  const { [key]: old, ...others } = target;
  if (rest.length === 0 && operation.op === "remove") return others;
  return { ...target, [key]: apply(old, rest, operation) };
}

function applyToList(
  list: readonly unknown[],
  key: string,
  rest: readonly string[],
  operation: PatchOperation,
): unknown {
  const isInserted = rest.length === 0 && operation.op === "add";
  const index = key === "-" ? list.length : Number(key);
  if (!(index >= 0 && index < list.length + (isInserted ? 1 : 0))) {
    throw new Error(`${operation.path}: no item ${key}`);
  }
  if (isInserted) return list.toSpliced(index, 0, operation.value);
  if (rest.length === 0 && operation.op === "remove") return list.toSpliced(index, 1);
  return list.toSpliced(index, 1, apply(list[index], rest, operation));
}
