import type { Change, Namespace, Node, Pod, Policy } from "../src/engine/model.ts";
import { parseNamespace } from "../src/wire/namespace.ts";
import { parseNetworkPolicy } from "../src/wire/network-policy.ts";
import { parseNode } from "../src/wire/node.ts";
import { parsePod } from "../src/wire/pod.ts";
import { succeed } from "../test/wire/describe-policy.ts";
import type { ClusterSize } from "./catalogue.ts";
import { type GeneratedCluster, generateCluster } from "./cluster-generator.ts";
import type { Random } from "./random.ts";

/** A generated cluster as the engine's model. */
export interface EngineCluster {
  readonly namespaces: readonly Namespace[];
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly policies: readonly Policy[];
}

export function engineCluster(size: ClusterSize, seed = 1): EngineCluster {
  return readCluster(generateCluster(size, seed));
}

/** Read generated manifests through `src/wire`, as the running webhook does. */
export function readCluster(generated: GeneratedCluster): EngineCluster {
  return {
    namespaces: generated.namespaces.map((raw) => succeed(parseNamespace(raw)).namespace),
    nodes: generated.nodes.map((raw) => succeed(parseNode(raw))),
    pods: generated.pods.map((raw) => succeed(parsePod(raw))),
    policies: generated.policies.map((raw) => succeed(parseNetworkPolicy(raw)).policy),
  };
}

/** The cluster as one full list: what start-up applies. */
export function changesOf({ namespaces, nodes, pods, policies }: EngineCluster): readonly Change[] {
  return [
    ...namespaces.map((object): Change => ({ kind: "namespace", op: "upsert", object })),
    ...nodes.map((object): Change => ({ kind: "node", op: "upsert", object })),
    ...pods.map((object): Change => ({ kind: "pod", op: "upsert", object })),
    ...policies.map((object): Change => ({ kind: "policy", op: "upsert", object })),
  ];
}

/** Policies replaced, added and taken away, as reviews bring them. */
export function policyReviews(
  { policies }: EngineCluster,
  random: Random,
  count: number,
): readonly Change[] {
  return Array.from({ length: count }, (_, index): Change => {
    const like = random.pick(policies);
    if (index % 4 === 3) {
      return { kind: "policy", op: "delete", key: `NetworkPolicy/${like.namespace}/${like.name}` };
    }
    const { ingress, egress } = random.pick(policies);
    const object =
      index % 4 === 0 ? { ...like, ingress, egress } : { ...like, name: `new-${index}` };
    return { kind: "policy", op: "upsert", object };
  });
}
