import { z } from "zod";
import type { Selector } from "../engine/model.ts";
import { removeAt, replaceAt } from "../rules/json-patch.ts";
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
        const beside = [peers[index - 1], peers[index + 1]].find(takesWholeNamespaces);
        return pods === null || beside === undefined ? [] : [finding(placed, pods, beside)];
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

/** Report whether an item names namespaces, and no pods of them. */
function takesWholeNamespaces(placed: PlacedPeer | undefined): placed is PlacedPeer {
  if (placed?.peer.kind !== "pods" || field(placed.raw, "podSelector") != null) return false;
  return placed.peer.selection.namespaces.kind === "selector";
}

function finding(stray: PlacedPeer, pods: Selector, beside: PlacedPeer): Finding {
  const namespaces = beside.peer.kind === "pods" ? beside.peer.selection.namespaces : null;
  const selector = namespaces?.kind === "selector" ? namespaces.selector : [];
  const merged = {
    namespaceSelector: field(beside.raw, "namespaceSelector"),
    podSelector: field(stray.raw, "podSelector"),
  };
  return {
    path: stray.paths.pods,
    message: `two peers: every pod of namespaces \`${renderSelector(selector)}\`, or pods \`${renderSelector(pods)}\` of this namespace, which has none`,
    help: "put both selectors into one item: no `-` before the second",
    fix: {
      title: "put both selectors into one item",
      patch: [replaceAt(beside.paths.item, merged), removeAt(stray.paths.item)],
    },
  };
}
