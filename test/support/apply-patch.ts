import { type PatchOperation, pointerKeys } from "../../src/rules/json-patch.ts";
import { isObject } from "../../src/wire/shape.ts";

/** RFC 6902 `add`, `replace` and `remove`; throws where an operation does not fit the object. */
export function applyPatch(object: unknown, patch: readonly PatchOperation[]): unknown {
  return patch.reduce(
    (result, operation) => apply(result, pointerKeys(operation.path), operation),
    object,
  );
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
