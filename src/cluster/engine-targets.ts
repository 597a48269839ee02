import { isDeepStrictEqual } from "node:util";
import type { PolicyKind } from "../engine/model.ts";
import type { Engine } from "../engine/query.ts";
import { parseNamespace } from "../wire/namespace.ts";
import { parseNode } from "../wire/node.ts";
import { parsePod } from "../wire/pod.ts";
import { POLICY_READERS } from "../wire/policy.ts";
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

/** Policies of a kind as they are watched, into the engine; one that cannot be read isolates and allows nothing. */
export function policiesInto(
  engine: Engine,
  unreadable: UnreadableObjects,
  kind: PolicyKind,
): ReflectorTarget {
  const reader = POLICY_READERS[kind];
  const { resource } = reader;
  return {
    upsert: (key, raw) => {
      const read = reader.parse(raw);
      unreadable.note(resource, key, read);
      const object = read.ok ? read.value.policy : reader.unreadable(raw);
      engine.apply({ kind: "policy", op: "upsert", object });
    },
    delete: (key) => {
      unreadable.forget(resource, key);
      const path = reader.namespaced ? key : `/${key}`;
      engine.apply({ kind: "policy", op: "delete", key: `${kind}/${path}` });
    },
  };
}
