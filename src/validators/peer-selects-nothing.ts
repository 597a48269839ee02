import { z } from "zod";
import { parseCidr, rangesOverlap } from "../engine/address.ts";
import {
  type AddressRange,
  NAME_LABEL,
  POLICY_KINDS,
  type Selection,
  type Selector,
} from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { replaceAt } from "../rules/json-patch.ts";
import { counted, withHint } from "../rules/phrases.ts";
import type { Block, PeerPaths } from "../rules/placed-rules.ts";
import { defineValidator, type Finding, type Fix } from "../rules/rule.ts";
import { cidrTextSchema } from "../wire/ip-block.ts";
import { namespacesOf, type Surroundings, selectsAnything } from "./parts/bearers.ts";
import { blockText } from "./parts/blocks.ts";
import { contradictionIn } from "./parts/contradiction.ts";
import { isElsewhere } from "./parts/elsewhere.ts";
import { renderSelector } from "./parts/render-selector.ts";
import { showLabels } from "./parts/show-labels.ts";
import { suggestLabel, suggestPods } from "./parts/suggest-label.ts";

/** PERF: for how many peers of a policy we look for what was meant, which takes milliseconds in a large cluster. */
const MAX_HINTS = 3;

const parameters = z.strictObject({
  knownRanges: z
    .array(cidrTextSchema)
    .default([])
    .describe(
      "CIDRs that together hold every address there is to name, the networks beside the cluster for instance: a block that has none of them is reported; empty: only a block whose exceptions leave nothing is",
    ),
});

/** Report peers that no pod and no workload template matches, and blocks that are empty or in no known range. */
export const peerSelectsNothing = defineValidator({
  id: "peer-selects-nothing",
  title: "A peer selects nobody",
  why: "A peer with a typo lets nobody through, which shows as a timeout much later. A `podSelector` without `namespaceSelector` looks only in the policy's own namespace, and namespaces carry no label `name` unless somebody sets it.",
  fix: "Compare the selectors with `kubectl get pods --show-labels` and `kubectl get namespaces --show-labels`; to select a namespace by name use `kubernetes.io/metadata.name`.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ placedRules, after, facts, parameters: { knownRanges } }): readonly Finding[] {
    const known = knownRanges.flatMap((cidr) => parseCidr(cidr) ?? []);
    const missed = placedRules.flatMap(({ peers }) =>
      peers.flatMap(({ peer, paths }) =>
        peer.kind === "pods" &&
        !selectsAnything(peer.selection, { after, facts }) &&
        // That policies do not know those on the host's network is another rule's finding.
        after.hostPods(peer.selection, 1).length === 0
          ? [{ selection: peer.selection, paths }]
          : [],
      ),
    );
    return [
      ...missed.flatMap(({ selection, paths }, index) =>
        judge(selection, paths, { after, facts }, index < MAX_HINTS),
      ),
      ...placedRules.flatMap((placed) => placed.blocks.flatMap((block) => missing(block, known))),
    ];
  },
});

/** Why a block lets nobody through as far as is known; `known` is empty where nothing is. */
function missing({ path, raw, ranges }: Block, known: readonly AddressRange[]): readonly Finding[] {
  const text = blockText({ raw });
  if (ranges.length === 0) {
    return [
      {
        path,
        message: `\`${text}\` leaves no address`,
        help: "take an exception out, or the block",
      },
    ];
  }
  const isKnown = (range: AddressRange): boolean => known.some((one) => rangesOverlap(one, range));
  if (known.length === 0 || ranges.some(isKnown)) return [];
  return [
    {
      path,
      message: `\`${text}\` is in none of the ranges that there are`,
      help: "compare with the parameter `knownRanges` of the profile",
    },
  ];
}

function judge(
  selection: Selection,
  paths: PeerPaths,
  surroundings: Surroundings,
  isHinted: boolean,
): readonly Finding[] {
  const { after, facts } = surroundings;
  const { namespaces: scope, pods } = selection;
  const contradiction = contradictionIn(selection, paths);
  if (contradiction !== null) return [contradiction];
  const namespaces = namespacesOf(scope, after);
  if (scope.kind === "selector" && namespaces.length === 0 && isElsewhere(scope.selector, facts)) {
    return [];
  }
  if (!namespaces.every((name) => facts.knowsPodsOf(name))) return [];
  if (scope.kind === "selector" && namespaces.length === 0) {
    return [noNamespace(scope.selector, paths, after, isHinted)];
  }
  // All pods of a namespace, those to come included, may well be none today.
  if (pods.length === 0) return [];
  const where =
    namespaces.length === 1
      ? `namespace \`${namespaces[0]}\``
      : counted(namespaces.length, "namespace");
  const missed = `\`${renderSelector(pods)}\` selects no pod and no workload in ${where}`;
  return [
    {
      path: paths.pods,
      message: withHint(missed, isHinted ? suggestPods(selection, surroundings) : null),
      help:
        scope.kind === "name"
          ? "pods of another namespace need a `namespaceSelector` in the same item"
          : showLabels(namespaces),
    },
  ];
}

function noNamespace(
  selector: Selector,
  paths: PeerPaths,
  after: EngineView,
  isHinted: boolean,
): Finding {
  const missed = `\`${renderSelector(selector)}\` selects none of ${counted(after.namespaceCount(), "namespace")}`;
  return {
    path: paths.namespaces,
    message: withHint(
      missed,
      isHinted ? suggestLabel(selector, after.matchingNamespaces([])) : null,
    ),
    help: "compare with `kubectl get namespaces --show-labels`",
    ...byName(selector, paths, after),
  };
}

/**
 * If the only label that is asked for has names of namespaces as its values: the label that every namespace
 * does have.
 */
function byName(
  selector: Selector,
  { namespaces }: PeerPaths,
  after: EngineView,
): { readonly fix?: Fix } {
  const [only, second] = selector;
  if (only?.operator !== "In" || second !== undefined) return {};
  const { values } = only;
  if (!values.every((value) => after.namespace(value) !== undefined)) return {};
  const next =
    values.length === 1
      ? { matchLabels: { [NAME_LABEL]: values[0] } }
      : { matchExpressions: [{ key: NAME_LABEL, operator: "In", values }] };
  return { fix: { title: `select by \`${NAME_LABEL}\``, patch: [replaceAt(namespaces, next)] } };
}
