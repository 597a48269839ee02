/**
 * What differs between the implementations of NetworkPolicy (CNIs): behaviour that the API leaves
 * open. `unknown` is an answer, and the generic dataplane prefers it to a guess.
 */
export interface Dataplane {
  readonly name: DataplaneName;
  /**
   * Whether `ipBlock` and `networks` match addresses of pods. The upstream e2e suite requires it;
   * Cilium does not do it (cilium/cilium#19601).
   */
  readonly ipBlockMatchesPods: boolean;
  /** Whether `ipBlock` matches addresses of nodes, hostNetwork pods included. */
  readonly ipBlockMatchesNodes: Certainty;
  /** Whether NetworkPolicy selectors match hostNetwork pods, as subject and as peer (API: undefined). */
  readonly selectsHostNetwork: Certainty;
  /** Whether `endPort` is honoured; where not, only the first port of the range applies. */
  readonly endPort: boolean;
  /** Whether rules for SCTP are enforced (the API asks for it, not every plugin does it). */
  readonly sctp: Certainty;
}

export const DATAPLANE_NAMES = ["generic", "calico", "cilium", "antrea"] as const;

export type DataplaneName = (typeof DATAPLANE_NAMES)[number];

export type Certainty = "yes" | "no" | "unknown";

export const DATAPLANES: Readonly<Record<DataplaneName, Dataplane>> = {
  generic: {
    name: "generic",
    ipBlockMatchesPods: true,
    ipBlockMatchesNodes: "unknown",
    selectsHostNetwork: "unknown",
    endPort: true,
    sctp: "yes",
  },
  // A hostNetwork pod is not a workload endpoint, so selectors leave it out; its traffic is its
  // node's, and CIDRs match that.
  calico: {
    name: "calico",
    ipBlockMatchesPods: true,
    ipBlockMatchesNodes: "yes",
    selectsHostNetwork: "no",
    endPort: true,
    sctp: "yes",
  },
  // Identities, not addresses: CIDRs match neither pods nor (without policy-cidr-match-mode=nodes)
  // nodes. SCTP is off unless enabled.
  cilium: {
    name: "cilium",
    ipBlockMatchesPods: false,
    ipBlockMatchesNodes: "no",
    selectsHostNetwork: "no",
    endPort: true,
    sctp: "unknown",
  },
  // Antrea leaves hostNetwork pods out of AppliedTo and of groups (antrea-io/antrea#8041).
  antrea: {
    name: "antrea",
    ipBlockMatchesPods: true,
    ipBlockMatchesNodes: "yes",
    selectsHostNetwork: "no",
    endPort: true,
    sctp: "yes",
  },
};
