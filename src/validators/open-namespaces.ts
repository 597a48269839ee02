import { z } from "zod";
import type { Peer, Selector } from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { selectorMatches } from "../engine/selector.ts";
import { accepting, type PeerPaths } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { counted } from "./parts/phrases.ts";
import { renderSelector } from "./parts/render-selector.ts";

const parameters = z.strictObject({
  evenWithPodSelector: z
    .boolean()
    .default(false)
    .describe("also find peers whose pod selector asks for a label: anybody may label a pod"),
});

/** Report peers that take in every namespace, and those that will be created. */
export const openNamespaces = defineValidator({
  id: "open-namespaces",
  title: "A peer takes in every namespace",
  why: '`namespaceSelector: {}` reads like "this namespace" but selects all of them, `kube-system` and those of other teams included. A selector that no label has to be set for, such as `NotIn` alone, does the same to every namespace created from now on.',
  fix: "For pods of the policy's own namespace use `podSelector: {}` without `namespaceSelector`; for another namespace select the label `kubernetes.io/metadata.name`, which the API server sets and nobody can forge.",
  kinds: ["policy"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Deny", restricted: "Deny" },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ placedRules, after, parameters: { evenWithPodSelector } }): readonly Finding[] {
    return accepting(placedRules).flatMap(({ policy, peers }) =>
      peers.flatMap(({ peer, paths }) => {
        const selector = openSelector(peer, evenWithPodSelector);
        return selector === null ? [] : [finding(selector, paths, after, policy.namespace)];
      }),
    );
  },
});

/** The namespace selector of a peer that a namespace without labels of its own satisfies. */
function openSelector(peer: Peer, evenWithPodSelector: boolean): Selector | null {
  if (peer.kind !== "pods" || peer.selection.namespaces.kind !== "selector") return null;
  const { selector } = peer.selection.namespaces;
  if (!selectorMatches(selector, UNLABELLED)) return null;
  const narrowed = !selectorMatches(peer.selection.pods, NO_LABELS);
  return narrowed && !evenWithPodSelector ? null : selector;
}

const NO_LABELS: ReadonlyMap<string, string> = new Map();

/** A namespace that nobody has named in a selector: with only the label that the API server sets. */
const UNLABELLED: ReadonlyMap<string, string> = new Map([["kubernetes.io/metadata.name", "*"]]);

function finding(
  selector: Selector,
  paths: PeerPaths,
  after: EngineView,
  ownNamespace: string,
): Finding {
  const matched = after.matchingNamespaces(selector).length;
  const total = after.namespaceCount();
  const reach =
    matched === total
      ? `all ${counted(total, "namespace")}`
      : `${matched} of ${counted(total, "namespace")}, and each one created from now on`;
  const contrast = ownNamespace === "" ? "" : `, not only \`${ownNamespace}\``;
  return {
    path: paths.namespaces,
    message: `\`${renderSelector(selector)}\` selects ${reach}${contrast}`,
    help:
      ownNamespace === ""
        ? "name the namespaces that are meant by a label that they alone carry"
        : "for this namespace alone use `podSelector: {}` without namespaceSelector",
  };
}
