/**
 * What differs between the implementations of NetworkPolicy (CNIs). The switches are those of
 * behaviour the API leaves open; "unknown" is an answer, and the generic dataplane prefers it to a guess.
 */
export interface Dataplane {
  readonly name: DataplaneName;
  /** Whether `ipBlock` and `networks` match the addresses of pods (upstream e2e says yes; cilium/cilium#19601 says no). */
  readonly ipBlockMatchesPods: boolean;
  /** Whether `ipBlock` matches the addresses of nodes. */
  readonly ipBlockMatchesNodes: "yes" | "no" | "unknown";
  /** Whether policies select hostNetwork pods, as subject or as peer (the API: "undefined"). */
  readonly hostNetwork: "ignored" | "unknown";
  /** `endPort`: honoured, or only the first port applies. */
  readonly endPort: "range" | "first-only";
  readonly sctp: "enforced" | "unknown";
}

export type DataplaneName = "generic" | "calico" | "cilium" | "antrea";
