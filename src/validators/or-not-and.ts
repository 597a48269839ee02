import { z } from "zod";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { field } from "../wire/shape.ts";
import { type Surroundings, selectsAnything } from "./parts/bearers.ts";
import { governedPolicy, type PlacedPeer, placedRules } from "./parts/placed-rules.ts";
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
  check({ object, after, facts }): readonly Finding[] {
    const governed = governedPolicy(object);
    if (governed === null) return [];
    return placedRules(governed).flatMap(({ peers }) =>
      (peers === "all" ? [] : peers).flatMap((placed, index, all) => {
        const beside = [all[index - 1], all[index + 1]].find(isNamespacesOnly);
        return beside !== undefined && isStray(placed, { after, facts })
          ? [finding(placed, beside)]
          : [];
      }),
    );
  },
});

/** Report whether the item names pods that the policy's own namespace does not have. */
function isStray({ peer, raw }: PlacedPeer, surroundings: Surroundings): boolean {
  return (
    peer.kind === "pods" &&
    field(raw, "podSelector") != null &&
    field(raw, "namespaceSelector") == null &&
    peer.selection.pods.length > 0 &&
    !selectsAnything(peer.selection, surroundings)
  );
}

/** Report whether the item names namespaces, and no pods of them. */
function isNamespacesOnly(placed: PlacedPeer | undefined): boolean {
  return (
    field(placed?.raw, "namespaceSelector") != null && field(placed?.raw, "podSelector") == null
  );
}

function finding({ peer, paths }: PlacedPeer, beside: PlacedPeer): Finding {
  return {
    path: paths.pods,
    message: `two peers: every pod of namespaces \`${namespacesText(beside)}\`, or pods \`${podsText(peer)}\` of this namespace, which has none`,
    help: "put both selectors into one item: no `-` before the second",
  };
}

function podsText(peer: PlacedPeer["peer"]): string {
  return peer.kind === "pods" ? renderSelector(peer.selection.pods) : "";
}

function namespacesText({ peer }: PlacedPeer): string {
  return peer.kind === "pods" && peer.selection.namespaces.kind === "selector"
    ? renderSelector(peer.selection.namespaces.selector)
    : "";
}
