import { formatRange } from "../../engine/address.ts";
import type { Peer, Rule } from "../../engine/model.ts";
import type { Cause, CauseCode, Verdict } from "../../engine/query.ts";
import { unreachable } from "../../errors.ts";
import { capped, keyName } from "../../rules/phrases.ts";
import { renderSelector } from "../../validators/parts/render-selector.ts";

const MAX_PEERS = 3;

/** The peers of a rule in a few words: `pods app: api`, `10.0.0.0/8`, `anybody`. */
export function renderPeers({ peers }: Rule): string {
  if (peers === "all") return "anybody";
  const named = peers.map(renderPeer);
  return capped(named, MAX_PEERS, "; ");
}

function renderPeer(peer: Peer): string {
  switch (peer.kind) {
    case "pods": {
      const { namespaces, pods } = peer.selection;
      const which = pods.length === 0 ? "all pods" : `pods ${renderSelector(pods)}`;
      if (namespaces.kind === "name") return `${which} of ${namespaces.name}`;
      const { selector } = namespaces;
      const where =
        selector.length === 0 ? "all namespaces" : `namespaces ${renderSelector(selector)}`;
      return `${which} of ${where}`;
    }
    case "addresses":
      return capped(peer.ranges.map(formatRange), MAX_PEERS);
    case "nodes":
      return `nodes ${renderSelector(peer.selector)}`;
    case "domainNames":
      return `hosts ${peer.names.slice(0, MAX_PEERS).join(", ")}`;
    default:
      return unreachable(peer);
  }
}

const CAUSES: Readonly<Record<CauseCode, string>> = {
  "rule-accepts": "a rule allows it",
  "rule-denies": "a rule denies it",
  "rule-passes": "a rule passes it on to the next tier",
  "not-isolated": "no policy isolates it in this direction",
  "no-rule-matches": "it is isolated, and no rule matches",
  "default-allow": "policies select it, but none decides, so it is allowed",
  "address-has-no-policies": "an address has no policies",
  "same-pod": "a pod may always reach itself",
  "node-local": "a pod and its own node can always reach each other",
  "no-such-pod": "there is no such pod running",
  "no-common-family": "the ends have no address family in common",
  "families-differ": "IPv4 and IPv6 come to different answers",
  "host-network": "what policies do to pods on the host's network is up to the network plugin",
  "node-address": "whether CIDRs match addresses of nodes is up to the network plugin",
  "pod-without-address": "the pod has no address yet, and a rule asks for one",
  "named-port-unresolved": "a rule names a port, and an address has no named ports",
  "namespace-unknown": "the labels of the namespace are not known",
  "sctp-support": "whether SCTP is enforced is up to the network plugin",
  "equal-priority": "policies of equal priority disagree, and nobody can know which wins",
  "unreadable-policy": "a stored policy cannot be read: it isolates and allows nothing",
};

/** A cause with what took part: `a rule allows it: NetworkPolicy shop/web spec.egress[0]`. */
export function renderCause({ code, policy, path }: Cause, verdict: Verdict): string {
  const where = policy === null ? "" : `: ${keyName(policy)}${path === null ? "" : ` ${path}`}`;
  const isOpen = code === "node-local" && verdict === "unknown";
  return `${CAUSES[code]}${isOpen ? ", but whether this is its node is not known" : ""}${where}`;
}
