import type { ClusterFacts } from "../../rules/rule.ts";
import type { SourcePolicy, World } from "../sources/world.ts";

/** What files need not say: who runs in a namespace that they do not fill, and which others there are. */
export function knowledgeOf(world: World): Pick<ClusterFacts, "knowsPodsOf" | "knowsNamespaces"> {
  const { isWhole, declared } = world;
  const filled = filledNamespaces(world);
  return {
    knowsPodsOf: (namespace) => isWhole || filled.has(namespace),
    // A folder with the one namespace of an application says nothing of the others.
    knowsNamespaces: isWhole ? "yes" : declared.size > 1 ? "unknown" : "no",
  };
}

/** What is taken for granted of the pods that some policies select, as sentences. */
export function podAssumptions(policies: readonly SourcePolicy[], world: World): readonly string[] {
  const filled = filledNamespaces(world);
  const empty = new Set(
    policies.flatMap(({ policy: { namespace } }) =>
      world.isWhole || namespace === "" || filled.has(namespace) ? [] : [namespace],
    ),
  );
  if (empty.size === 0) return [];
  const places = `${empty.size === 1 ? "namespace" : "namespaces"} ${[...empty].toSorted().join(", ")}`;
  return [`selectors of pods in ${places} find somebody: the files do not say who runs there`];
}

function filledNamespaces({ pods, templates }: World): ReadonlySet<string> {
  return new Set([...pods.values(), ...templates].map(({ namespace }) => namespace));
}
