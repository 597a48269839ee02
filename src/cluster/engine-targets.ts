import { isDeepStrictEqual } from "node:util";
import type { Policy, PolicyKind } from "../engine/model.ts";
import { oversizeOf } from "../engine/oversize.ts";
import type { Engine } from "../engine/query.ts";
import { failure, type Problem, type Result, success } from "../errors.ts";
import { hasMoreParts } from "../wire/has-more-parts.ts";
import { parseNamespace } from "../wire/namespace.ts";
import { parseNode } from "../wire/node.ts";
import { parsePod } from "../wire/pod.ts";
import { POLICY_READERS } from "../wire/policy-readers.ts";
import { field } from "../wire/shape.ts";
import type { ReflectorTarget } from "./reflector-target.ts";
import type { UnreadableObjects } from "./unreadable-objects.ts";

/** Namespaces as they are watched, into the engine. */
export function namespacesInto(engine: Engine, unreadable: UnreadableObjects): ReflectorTarget {
  return unreadable.reading("namespaces", parseNamespace, {
    upsert: (_, { namespace }) =>
      engine.apply({ kind: "namespace", op: "upsert", object: namespace }),
    delete: (key) => engine.apply({ kind: "namespace", op: "delete", key }),
  });
}

/** Nodes as they are watched, into the engine. */
export function nodesInto(engine: Engine, unreadable: UnreadableObjects): ReflectorTarget {
  return unreadable.reading("nodes", parseNode, {
    upsert: (key, object) => {
      // PERF: kubelets report every few minutes and almost always the same; to the engine a node is
      // all of its pods.
      if (isDeepStrictEqual(engine.node(key), object)) return;
      engine.apply({ kind: "node", op: "upsert", object });
    },
    delete: (key) => engine.apply({ kind: "node", op: "delete", key }),
  });
}

/** Pods as they are watched, into the engine. */
export function podsInto(engine: Engine, unreadable: UnreadableObjects): ReflectorTarget {
  return unreadable.reading("pods", parsePod, {
    upsert: (_, pod) => engine.apply({ kind: "pod", op: "upsert", object: pod }),
    delete: (key) => engine.apply({ kind: "pod", op: "delete", key }),
  });
}

/**
 * Policies of a kind as they are watched, into the engine. One that cannot be read, or is larger than `partsLimit` allows,
 * isolates and allows nothing.
 */
export function policiesInto(
  engine: Engine,
  unreadable: UnreadableObjects,
  { kind, partsLimit }: { readonly kind: PolicyKind; readonly partsLimit: number },
): ReflectorTarget {
  const reader = POLICY_READERS[kind];
  const { resource } = reader;
  const read = (raw: unknown): Result<Policy, readonly Problem[]> => {
    if (hasMoreParts(field(raw, "spec"), partsLimit)) return tooLarge(partsLimit);
    const parsed = reader.parse(raw);
    if (!parsed.ok) return parsed;
    const { policy } = parsed.value;
    return oversizeOf(policy, engine, partsLimit) === null ? success(policy) : tooLarge(partsLimit);
  };
  return {
    upsert: (key, raw) => {
      const policy = read(raw);
      unreadable.note(resource, key, policy);
      const object = policy.ok ? policy.value : reader.unreadable(raw);
      engine.apply({ kind: "policy", op: "upsert", object });
    },
    delete: (key) => {
      unreadable.forget(resource, key);
      const path = reader.namespaced ? key : `/${key}`;
      engine.apply({ kind: "policy", op: "delete", key: `${kind}/${path}` });
    },
  };
}

/**
 * SECURITY: where nobody has opted in, nobody judges what is stored; one policy would fill the memory, and stall all
 * decisions.
 */
function tooLarge(partsLimit: number): Result<never, readonly Problem[]> {
  const message = `has more rules and selectors than \`policyPartsLimit\` (${partsLimit}) allows, by themselves or for as many pods and addresses as they are about`;
  return failure([{ code: "NP_E_VALUE", path: "spec", message }]);
}
