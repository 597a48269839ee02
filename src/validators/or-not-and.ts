import { z } from "zod";
import type { Selector } from "../engine/model.ts";
import type { PlacedPeer } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { field } from "../wire/shape.ts";
import { type Surroundings, selectsAnything } from "./parts/bearers.ts";
import { renderSelector } from "./parts/render-selector.ts";

/** Report two peers that were most likely meant as one. */
export const orNotAnd = defineValidator({
  id: "or-not-and",
  title: "Two peers that were meant as one",
  why: "Items of `from` and `to` are alternatives. A `namespaceSelector` in one item and a `podSelector` in the next mean every pod of those namespaces, or such pods of the policy's own namespace; one dash too many opens a whole namespace.",
  fix: "Put `namespaceSelector` and `podSelector` into one item to mean such pods of those namespaces.",
  kinds: ["policy"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ placedRules, after, facts }): readonly Finding[] {
    return placedRules.flatMap(({ peers }) =>
      peers.flatMap((placed, index) => {
        const pods = strayPods(placed, { after, facts });
        const beside = wholeNamespaces(peers[index - 1]) ?? wholeNamespaces(peers[index + 1]);
        return pods === null || beside === null ? [] : [finding(placed.paths.pods, pods, beside)];
      }),
    );
  },
});

/** The selector of an item that names pods only, where the policy's own namespace has none of them. */
function strayPods({ peer }: PlacedPeer, surroundings: Surroundings): Selector | null {
  if (peer.kind !== "pods" || peer.selection.namespaces.kind !== "name") return null;
  const { pods } = peer.selection;
  return pods.length === 0 || selectsAnything(peer.selection, surroundings) ? null : pods;
}

/** The selector of an item that names namespaces, and no pods of them. */
function wholeNamespaces(placed: PlacedPeer | undefined): Selector | null {
  const named = field(placed?.raw, "podSelector") != null;
  if (named || placed?.peer.kind !== "pods") return null;
  const { namespaces } = placed.peer.selection;
  return namespaces.kind === "selector" ? namespaces.selector : null;
}

function finding(path: string, pods: Selector, namespaces: Selector): Finding {
  return {
    path,
    message: `two peers: every pod of namespaces \`${renderSelector(namespaces)}\`, or pods \`${renderSelector(pods)}\` of this namespace, which has none`,
    help: "put both selectors into one item: no `-` before the second",
  };
}
