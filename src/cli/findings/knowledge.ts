import { bareNetwork } from "../../cluster/bare-network.ts";
import { selectorMatches } from "../../engine/selector.ts";
import type { ClusterFacts } from "../../rules/rule.ts";
import { textAt } from "../../wire/shape.ts";
import { rawOf, type SourcePolicy, type World } from "../sources/world.ts";

/** What files may leave out: who runs in a namespace, and which other namespaces there are. */
export function knowledgeOf(
  world: World,
): Pick<ClusterFacts, "knowsPodsOf" | "knowsNamespaces" | "network"> {
  const { isWhole, declared } = world;
  const daemonSets = rawOf(world, "DaemonSet");
  const filled = knownNamespaces(world);
  return {
    network: { bare: () => bareNetwork(daemonSets) },
    knowsPodsOf: (namespace) => isWhole || filled.has(namespace),
    // A folder with the one namespace of an application says nothing of the others.
    knowsNamespaces: isWhole ? "yes" : declared.size > 1 ? "unknown" : "no",
  };
}

/** What is taken for granted of the pods that some policies select, as sentences. */
export function podAssumptions(policies: readonly SourcePolicy[], world: World): readonly string[] {
  const places = emptyNamespaces(policies, world);
  if (places.length === 0) return [];
  return [
    `selectors of pods in ${named(places)} find somebody: the files do not say who runs there`,
  ];
}

/** Where no connection can be told, since the files that hold policies do not say who has any. */
export function emptyAssumptions(
  policies: readonly SourcePolicy[],
  world: World,
): readonly string[] {
  const places = emptyNamespaces(policies, world);
  return [
    ...(places.length === 0
      ? []
      : [`nobody runs in ${named(places)}: the files have no pods and no workloads there`]),
    ...nodeAssumptions(policies, world),
  ];
}

/** What is taken for granted where policies ask for nodes, and files do not say which there are. */
export function nodeAssumptions(policies: Iterable<SourcePolicy>, world: World): readonly string[] {
  if (world.isWhole || world.engine.stats().nodes > 0) return [];
  const matters = Iterator.from(policies).some(({ policy: { ingress, egress } }) =>
    [...ingress.rules, ...egress.rules].some(
      ({ peers }) => peers !== "all" && peers.some(({ kind }) => kind === "nodes"),
    ),
  );
  return matters ? ["no address is a node's: the files have no Nodes"] : [];
}

function emptyNamespaces(policies: readonly SourcePolicy[], world: World): readonly string[] {
  const filled = knownNamespaces(world);
  const empty = policies.flatMap(({ policy: { namespace } }) =>
    world.isWhole || namespace === "" || filled.has(namespace) ? [] : [namespace],
  );
  return [...new Set(empty)].toSorted();
}

function named(namespaces: readonly string[]): string {
  return `${namespaces.length === 1 ? "namespace" : "namespaces"} ${namespaces.join(", ")}`;
}

/**
 * Namespaces of which files say who runs there: those that have anybody, and one that is only meant because a policy
 * names none, while the pods that it selects are in another.
 */
function knownNamespaces({ pods, templates, policies }: World): ReadonlySet<string> {
  const bearers = [...pods.values(), ...templates];
  const known = new Set(bearers.map(({ namespace }) => namespace));
  for (const { policy, manifest } of policies.values()) {
    const { namespace, subject } = policy;
    if (namespace === "" || known.has(namespace)) continue;
    // Whoever only says which pods are not meant may mean any.
    if (!subject.pods.some(({ operator }) => operator === "In")) continue;
    if (textAt(manifest, "metadata", "namespace") !== "") continue;
    if (bearers.some(({ labels }) => selectorMatches(subject.pods, labels))) known.add(namespace);
  }
  return known;
}
