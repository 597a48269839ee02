import { z } from "zod";
import type { Peer, Selector } from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { selectorMatches } from "../engine/selector.ts";
import { replaceAt } from "../rules/json-patch.ts";
import { counted } from "../rules/phrases.ts";
import { accepting, type PlacedPeer, type PlacedRule } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { field } from "../wire/shape.ts";
import { isOpen } from "./parts/open-selector.ts";
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
    return accepting(placedRules).flatMap((rule) =>
      rule.peers.flatMap((placed) => {
        const selector = openSelector(placed.peer, evenWithPodSelector);
        return selector === null ? [] : [finding(selector, rule, placed, after)];
      }),
    );
  },
});

/** The namespace selector of a peer that a namespace without labels of its own satisfies. */
function openSelector(peer: Peer, evenWithPodSelector: boolean): Selector | null {
  if (peer.kind !== "pods" || peer.selection.namespaces.kind !== "selector") return null;
  const { selector } = peer.selection.namespaces;
  if (!isOpen(selector)) return null;
  const narrowed = !selectorMatches(peer.selection.pods, NO_LABELS);
  return narrowed && !evenWithPodSelector ? null : selector;
}

const NO_LABELS: ReadonlyMap<string, string> = new Map();

function finding(
  selector: Selector,
  { policy, direction }: PlacedRule,
  { paths, raw }: PlacedPeer,
  after: EngineView,
): Finding {
  const ownNamespace = policy.namespace;
  const matched = after.matchingNamespaces(selector).length;
  const total = after.namespaceCount();
  const reach =
    matched === total
      ? `all ${counted(total, "namespace")}`
      : `${matched} of ${counted(total, "namespace")}, and each one created from now on`;
  const contrast = ownNamespace === "" ? "" : `, not only \`${ownNamespace}\``;
  const found = {
    path: paths.namespaces,
    message: `\`${renderSelector(selector)}\` selects ${reach}${contrast}`,
  };
  if (ownNamespace === "") {
    const help = "name the namespaces that are meant by a label that they alone carry";
    return { ...found, help };
  }
  const help = "for this namespace alone use `podSelector: {}` without namespaceSelector";
  // Pods that are let out to every namespace need at least one of them, that of the DNS.
  if (direction === "egress") return { ...found, help };
  const patch = [replaceAt(paths.item, { podSelector: field(raw, "podSelector") ?? {} })];
  return { ...found, help, fix: { title: "select pods of this namespace alone", patch } };
}
