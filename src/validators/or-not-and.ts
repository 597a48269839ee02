import { z } from "zod";
import type { Selector } from "../engine/model.ts";
import { removeAt, replaceAt } from "../rules/json-patch.ts";
import type { PlacedPeer } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { field } from "../wire/shape.ts";
import { type Surroundings, selectsAnything } from "./parts/bearers.ts";
import { renderSelector } from "./parts/render-selector.ts";

const parameters = z.strictObject({
  evenWithPods: z
    .boolean()
    .default(false)
    .describe(
      "also find them where the policy's own namespace has such pods, so that both may be meant",
    ),
});

/** Report two peers that were most likely meant as one. */
export const orNotAnd = defineValidator({
  id: "or-not-and",
  title: "Two peers that were meant as one",
  why: "Items of `from` and `to` are alternatives. A `namespaceSelector` in one item and a `podSelector` in the next mean every pod of those namespaces, or such pods of the policy's own namespace; one dash too many opens a whole namespace.",
  fix: "Put `namespaceSelector` and `podSelector` into one item to mean such pods of those namespaces.",
  kinds: ["NetworkPolicy"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ placedRules, after, facts, parameters: { evenWithPods } }): readonly Finding[] {
    return placedRules.flatMap(({ peers }) =>
      peers.flatMap((placed, index) => {
        const pods = podsAlone(placed);
        if (pods === null) return [];
        for (const beside of [peers[index - 1], peers[index + 1]]) {
          const namespaces = wholeNamespaces(beside);
          if (beside === undefined || namespaces === null) continue;
          const pair = { stray: placed, beside, namespaces, pods };
          const found = finding(pair, evenWithPods, { after, facts });
          return found === null ? [] : [found];
        }
        return [];
      }),
    );
  },
});

/** The selector of an item that names some pods of the policy's own namespace. */
function podsAlone({ peer }: PlacedPeer): Selector | null {
  if (peer.kind !== "pods" || peer.selection.namespaces.kind !== "name") return null;
  return peer.selection.pods.length === 0 ? null : peer.selection.pods;
}

/** The selector of an item that names namespaces, and no pods of them. */
function wholeNamespaces(placed: PlacedPeer | undefined): Selector | null {
  const named = field(placed?.raw, "podSelector") != null;
  if (named || placed?.peer.kind !== "pods") return null;
  const { namespaces } = placed.peer.selection;
  return namespaces.kind === "selector" ? namespaces.selector : null;
}

interface Pair {
  readonly stray: PlacedPeer;
  readonly beside: PlacedPeer;
  readonly namespaces: Selector;
  readonly pods: Selector;
}

/** Null if the policy's own namespace has such pods, so that both may well be meant. */
function finding(
  { stray, beside, namespaces, pods }: Pair,
  evenWithPods: boolean,
  surroundings: Surroundings,
): Finding | null {
  const has = stray.peer.kind === "pods" && selectsAnything(stray.peer.selection, surroundings);
  if (has && !evenWithPods) return null;
  const found = {
    path: stray.paths.pods,
    message: `two peers: every pod of namespaces \`${renderSelector(namespaces)}\`, or pods \`${renderSelector(pods)}\` of this namespace${has ? "" : ", which has none"}`,
    help: "put both selectors into one item: no `-` before the second",
  };
  const merged = { namespaces: { kind: "selector", selector: namespaces }, pods } as const;
  // If both may be meant, putting them together takes something away.
  if (has || !selectsAnything(merged, surroundings)) return found;
  const item = {
    namespaceSelector: field(beside.raw, "namespaceSelector"),
    podSelector: field(stray.raw, "podSelector"),
  };
  const patch = [replaceAt(beside.paths.item, item), removeAt(stray.paths.item)];
  return { ...found, fix: { title: "put both selectors into one item", patch } };
}
