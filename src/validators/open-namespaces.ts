import { z } from "zod";
import {
  type Peer,
  POLICY_KINDS,
  type Pod,
  type PortMatch,
  podKey,
  type Selector,
} from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { selectorMatches } from "../engine/selector.ts";
import { replaceAt } from "../rules/json-patch.ts";
import { counted } from "../rules/phrases.ts";
import { accepting, type PlacedPeer, type PlacedRule } from "../rules/placed-rules.ts";
import { type ClusterFacts, defineValidator, type Finding, type Fix } from "../rules/rule.ts";
import { resolverPort } from "../wire/endpoints.ts";
import { field } from "../wire/shape.ts";
import { type Surroundings, selectsAnything } from "./parts/bearers.ts";
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
  why: '`namespaceSelector: {}` reads like "this namespace" but selects all of them, `kube-system` and those of other teams included. A selector that no label has to be set for, such as `NotIn` alone, does the same to every namespace created from now on. Only the cluster\'s DNS is for all of them: what lets them reach its pods on its ports is no finding.',
  fix: "For pods of the policy's own namespace use `podSelector: {}` without `namespaceSelector`; for another namespace select the label `kubernetes.io/metadata.name`, which the API server sets and nobody can forge.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Deny", restricted: "Deny" },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ placedRules, after, facts, parameters: { evenWithPodSelector } }): readonly Finding[] {
    return accepting(placedRules).flatMap((rule) => {
      const opens = (placed: PlacedPeer): boolean =>
        openPeer(placed.peer, evenWithPodSelector) !== null;
      if (!rule.peers.some(opens) || isWayToDns(rule, { after, facts })) return [];
      return rule.peers.flatMap((placed) => {
        const open = openPeer(placed.peer, evenWithPodSelector);
        if (open === null) return [];
        const found = finding(open.namespaces, rule, placed, after);
        const fix = ownNamespace(open, rule, placed, { after, facts });
        return [fix === null ? found : { ...found, fix }];
      });
    });
  },
});

interface OpenPeer {
  readonly namespaces: Selector;
  readonly pods: Selector;
}

/** The selectors of a peer whose namespace selector a namespace without labels of its own satisfies. */
function openPeer(peer: Peer, evenWithPodSelector: boolean): OpenPeer | null {
  if (peer.kind !== "pods" || peer.selection.namespaces.kind !== "selector") return null;
  const { selector: namespaces } = peer.selection.namespaces;
  if (!isOpen(namespaces)) return null;
  const { pods } = peer.selection;
  const narrowed = !selectorMatches(pods, NO_LABELS);
  return narrowed && !evenWithPodSelector ? null : { namespaces, pods };
}

const NO_LABELS: ReadonlyMap<string, string> = new Map();

function finding(
  selector: Selector,
  { policy: { namespace } }: PlacedRule,
  { paths }: PlacedPeer,
  after: EngineView,
): Finding {
  const matched = after.matchingNamespaces(selector).length;
  const total = after.namespaceCount();
  const reach =
    matched === total
      ? `all ${counted(total, "namespace")}`
      : `${matched} of ${counted(total, "namespace")}, and each one created from now on`;
  const contrast = namespace === "" ? "" : `, not only \`${namespace}\``;
  return {
    path: paths.namespaces,
    message: `\`${renderSelector(selector)}\` selects ${reach}${contrast}`,
    help:
      namespace === ""
        ? "name the namespaces that are meant by a label that they alone carry"
        : "for this namespace alone use `podSelector: {}` without namespaceSelector",
  };
}

/**
 * Pods of the policy's own namespace alone; null where something else was meant: pods that this namespace does not
 * have, namespaces without those that the selector leaves out, or at least one other, where the DNS is. The DNS
 * itself is for all of them.
 */
function ownNamespace(
  { namespaces, pods }: OpenPeer,
  { policy: { namespace, subject }, direction }: PlacedRule,
  { paths, raw }: PlacedPeer,
  surroundings: Surroundings,
): Fix | null {
  if (namespace === "" || direction === "egress") return null;
  if (isForDns(namespace, subject.pods, surroundings)) return null;
  if (namespaces.some(({ operator }) => operator !== "Exists")) return null;
  const own = { namespaces: { kind: "name", name: namespace }, pods } as const;
  if (pods.length > 0 && !selectsAnything(own, surroundings)) return null;
  const patch = [replaceAt(paths.item, { podSelector: field(raw, "podSelector") ?? {} })];
  return { title: "select pods of this namespace alone", patch };
}

/** Report whether such pods of the namespace are of the cluster's DNS. */
function isForDns(namespace: string, pods: Selector, { after, facts }: Surroundings): boolean {
  return facts.dns.some(({ end }) => {
    const server = end.kind === "pod" ? after.pod(end.key) : undefined;
    return server?.namespace === namespace && selectorMatches(pods, server.labels);
  });
}

/** PERF: the DNS has a handful of pods. */
const MAX_SERVERS = 100;

/** Report whether the rule lets others reach the ports of the cluster's DNS alone, and its pods alone. */
function isWayToDns(
  { policy: { subject }, rule, direction }: PlacedRule,
  { after, facts: { dns } }: Surroundings,
): boolean {
  if (direction === "egress" || rule.ports === "all") return false;
  const keys = new Set(dns.flatMap(({ end }) => (end.kind === "pod" ? [end.key] : [])));
  const { sample, count, unsure } = after.select(subject, MAX_SERVERS);
  const servers = sample.filter(({ ended }) => !ended);
  if (servers.length === 0 || count > sample.length || unsure > 0) return false;
  return (
    servers.every((pod) => keys.has(podKey(pod))) &&
    rule.ports.every((port) => isDnsPort(port, servers, dns))
  );
}

function isDnsPort(port: PortMatch, servers: readonly Pod[], dns: ClusterFacts["dns"]): boolean {
  if (port.kind === "range") {
    const { protocol, first, last } = port;
    return first === last && dns.some((one) => resolverPort(one, protocol) === first);
  }
  return servers
    .flatMap(({ ports }) => ports)
    .filter(({ name, protocol }) => name === port.name && protocol === (port.protocol ?? protocol))
    .every((named) => dns.some((one) => resolverPort(one, named.protocol) === named.port));
}
