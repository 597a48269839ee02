import { isDeepStrictEqual } from "node:util";
import { isObject } from "../wire/shape.ts";
import { type PatchOperation, pointer } from "./json-patch.ts";

/** A field that is to have a value. */
export interface Assignment {
  /** Keys and list positions from the top of the object. */
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

/** A mutation: data and one pure function, which is idempotent. */
export interface Mutator {
  /** Kebab-case, equal to the file name, stable for ever. */
  readonly id: string;
  readonly title: string;
  /** Why it is done: whole sentences, printed into the reference. */
  readonly why: string;
  /** Kinds of the Kubernetes API. */
  readonly kinds: readonly string[];
  readonly since: string;
  /** The values that fields of `object` have to have. Fields that have theirs already may be named too. */
  assign(object: unknown): readonly Assignment[];
}

/**
 * The JSON Patch that `mutators` ask for on an object of that kind; empty if everything is right. Objects that
 * are missing on the way to a field are created.
 */
export function renderPatch(
  mutators: readonly Mutator[],
  kind: string,
  object: unknown,
): readonly PatchOperation[] {
  const operations: PatchOperation[] = [];
  const made = new Set<string>();
  const assignments = mutators
    .filter(({ kinds }) => kinds.includes(kind))
    .flatMap((mutator) => mutator.assign(object));
  for (const { path, value } of assignments) {
    const present = at(object, path);
    if (isDeepStrictEqual(present, value)) continue;
    for (let depth = 1; depth < path.length; depth += 1) {
      const parent = path.slice(0, depth);
      const missing = at(object, parent) == null && !made.has(pointer(parent));
      if (!missing) continue;
      made.add(pointer(parent));
      operations.push({ op: "add", path: pointer(parent), value: {} });
    }
    operations.push({ op: present === undefined ? "add" : "replace", path: pointer(path), value });
  }
  return operations;
}

function at(object: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return value[Number(key)] as unknown;
    return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }, object);
}
