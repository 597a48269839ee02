import type { Certainty, Dataplane } from "./dataplane.ts";
import type { Effort } from "./effort.ts";
import type {
  Address,
  AddressRange,
  Change,
  Direction,
  FlowClaim,
  Namespace,
  Node,
  Pod,
  Policy,
  Protocol,
  Selection,
  Selector,
  Workload,
} from "./model.ts";
import type { PortSet } from "./port-set.ts";

/** One end of a flow: a pod by `namespace/name`, or an address in or outside the cluster. */
export type FlowEnd =
  | { readonly kind: "pod"; readonly key: string }
  | { readonly kind: "address"; readonly address: Address };

/** A connection attempt; `port` is the destination port, 1 to 65535, after Service translation. */
export interface Flow {
  readonly from: FlowEnd;
  readonly to: FlowEnd;
  readonly protocol: Protocol;
  readonly port: number;
}

/** The running pods of a namespace; with a name those of that workload, or the pod called so. */
export interface PodsOf {
  readonly kind: "pods-of";
  readonly namespace: string;
  readonly name: string | null;
}

/** Whether any of `from` can reach any of `to`. */
export interface ReachQuestion {
  readonly from: FlowEnd | PodsOf;
  readonly to: FlowEnd | PodsOf;
  readonly protocol: Protocol;
  readonly port: number;
}

export type Verdict = "allowed" | "denied" | "unknown";

/** Why a verdict or one step of it is as it is. A closed list: text is made at the edge. */
export type CauseCode =
  | "rule-accepts"
  | "rule-denies"
  | "rule-passes"
  | "not-isolated"
  | "no-rule-matches"
  | "default-allow"
  | "address-has-no-policies"
  | "same-pod"
  | "node-local"
  | "no-such-pod"
  | "no-common-family"
  | "families-differ"
  | "host-network"
  | "node-address"
  | "pod-without-address"
  | "named-port-unresolved"
  | "namespace-unknown"
  | "sctp-support"
  | "equal-priority"
  | "unreadable-policy";

export interface Cause {
  readonly code: CauseCode;
  /** `policyKey` of the policy, null where none took part. */
  readonly policy: string | null;
  /** JSON path of the rule in the policy, null where none took part. */
  readonly path: string | null;
}

/** One rule as the walk met it: whether it matched, or else what failed first. */
export interface RuleStep {
  readonly path: string;
  readonly action: "Accept" | "Deny" | "Pass";
  readonly outcome: "matches" | "other-peer" | "other-port" | "unknown";
  /** Whether the walk came here; it ends where it is decided. */
  readonly reached: boolean;
}

export interface PolicyStep {
  readonly policy: Policy;
  readonly isolates: boolean;
  readonly rules: readonly RuleStep[];
}

export interface DirectionExplanation {
  readonly direction: Direction;
  readonly verdict: Verdict;
  /** Whether a NetworkPolicy isolates the subject in this direction. */
  readonly isolated: boolean;
  readonly causes: readonly Cause[];
  /** Every policy that selects the subject in this direction, in tier order. */
  readonly steps: readonly PolicyStep[];
}

export interface Explanation {
  readonly flow: Flow;
  readonly verdict: Verdict;
  readonly causes: readonly Cause[];
  /**
   * Over all families. Where they differ, the verdict is unknown, and so is the outcome of a rule on which
   * they differ.
   */
  readonly egress: DirectionExplanation;
  readonly ingress: DirectionExplanation;
  /**
   * The same for each family that the flow may have, mostly one alone; empty if the ends decide already:
   * the same pod, no such pod, no family in common.
   */
  readonly families: readonly FamilyExplanation[];
}

/** A flow of one family of addresses: 4 or 6, or 0 where neither end has an address yet. */
export interface FamilyExplanation {
  readonly family: 4 | 6 | 0;
  readonly verdict: Verdict;
  readonly egress: DirectionExplanation;
  readonly ingress: DirectionExplanation;
}

/** One end of a row of an answer: all pods of one workload, or a stretch of addresses. */
export type Endpoint =
  | {
      readonly kind: "workload";
      readonly namespace: string;
      readonly workload: Workload;
      /** How many of its pods are meant. */
      readonly pods: number;
      /** One of those pods, as an example. */
      readonly sample: Pod;
    }
  | { readonly kind: "addresses"; readonly range: AddressRange };

/** A set of ends. The list is capped, the counts are whole. */
export interface Group {
  readonly endpoints: readonly Endpoint[];
  /** How many pods of the group are in neither `endpoints` nor `whole`. */
  readonly omitted: number;
  readonly pods: number;
  /** Namespaces of which every pod is in the group, in order. */
  readonly whole: readonly string[];
  /** Namespaces of which at least one pod is in the group, in order. */
  readonly namespaces: readonly string[];
  /** Every pod of the cluster is in the group. */
  readonly everyPod: boolean;
  /** Every address outside the cluster of IPv4, of IPv6, is in the group. */
  readonly everyIpv4: boolean;
  readonly everyIpv6: boolean;
}

/** A rectangle: each of `from` to each of `to`, on `ports`. A pod's way to itself is never meant. */
export interface FlowGroup {
  readonly from: Group;
  readonly to: Group;
  readonly ports: PortSet;
}

/** Who can reach whom, as rectangles; flows that are in no row are denied. */
export interface ConnectivityRow {
  readonly from: Group;
  readonly to: Group;
  readonly allowed: PortSet;
  /** What cannot be decided; disjoint from `allowed`. */
  readonly unknown: PortSet;
}

/** One pair of ends and what is open between them, as it is printed. */
export interface Connection {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly allowed: PortSet;
  readonly unknown: PortSet;
}

/** Which pairs an answer lists. */
export interface Wanted {
  isWanted(from: Endpoint, to: Endpoint): boolean;
  /** How many there are at most. */
  readonly limit: number;
}

/**
 * What a change does to who can reach whom. Opened is what is allowed for certain and was not, closed the other
 * way round: what becomes undecidable is closed if it was allowed. The two are disjoint.
 */
export interface Delta {
  readonly opened: readonly FlowGroup[];
  readonly closed: readonly FlowGroup[];
  /** Flows that become undecidable, or stop being so without being opened or closed. */
  readonly unsure: readonly FlowGroup[];
  /**
   * What is closed or unsure of flows between addresses of nodes, which the lists above leave out, and the pods of
   * a namespace; `direction` is that of the pods. To be asked while the preview lasts. PERF: each node counts.
   */
  nodesLose(namespace: string, direction: Direction): readonly FlowGroup[];
}

/** One pair of ends of a delta. */
export interface FlowPair {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly ports: PortSet;
}

/** A delta pair by pair. Between two workloads, one pair of pods may open while another closes. */
export interface PairDelta {
  readonly opened: readonly FlowPair[];
  readonly closed: readonly FlowPair[];
  readonly unsure: readonly FlowPair[];
}

/** A claim that is held, as a handle by which to ask about it. */
export interface HeldClaim {
  readonly claim: FlowClaim;
}

/** Flows as rectangles, the widest first. The list is capped, the counts are whole. */
export interface FlowList {
  readonly groups: readonly FlowGroup[];
  /** How many groups more there are. */
  readonly omitted: number;
  /** How many distinct pods the flows come from, and go to. */
  readonly from: number;
  readonly to: number;
  /** False: there were so many that the search was ended; the counts are of what was found until then. */
  readonly complete: boolean;
}

/**
 * The flows that break a claim. `perhaps`: flows for which that cannot be decided; with hostNetwork pods
 * that is nearly all, since one may be on the node of the other end.
 */
export interface Breaches {
  readonly certain: FlowList;
  readonly perhaps: FlowList;
}

/**
 * What changes do to a claim. The flows are those of pods: a pod that comes to an end of the claim
 * brings its breaches, and one that leaves takes them, though nothing opens or closes.
 */
export interface BreachDelta {
  /** Breaches that were none before, or only perhaps. */
  readonly appeared: FlowList;
  /** Breaches that are none any more, or only perhaps. */
  readonly disappeared: FlowList;
  /** Flows that perhaps break the claim now, and neither did nor perhaps did before. */
  readonly unsure: FlowList;
}

/** What changes do to held claims. To be asked only while the preview lasts. */
export interface ClaimPreview {
  /** The claims that the changes could matter to, by who is at their ends. All others are as before. */
  concerned(): readonly HeldClaim[];
  /** Worked out when asked; lists name at most `limit` groups. */
  breaches(claim: HeldClaim, limit: number): BreachDelta;
}

/** What the engine finds about the cluster as it stands, with what shows it. Text is made at the edge. */
export type ClusterFinding =
  | { readonly code: "selects-nothing"; readonly policy: string }
  | { readonly code: "peer-selects-nothing"; readonly policy: string; readonly path: string }
  /** Removing it changes no row; `because`: the other policies of the same pods, which say as much. */
  | {
      readonly code: "redundant-policy";
      readonly policy: string;
      readonly because: readonly string[];
    }
  | {
      readonly code: "redundant-rule" | "shadowed-rule";
      readonly policy: string;
      readonly path: string;
      readonly because: readonly string[];
    }
  /** Same pods, same effect, whatever the text. */
  | { readonly code: "duplicate-policies"; readonly policies: readonly string[] }
  /** Rules that are one with the ports (same peers) or the peers (same ports) of all. */
  | {
      readonly code: "mergeable-rules";
      readonly policy: string;
      readonly paths: readonly string[];
      readonly same: "peers" | "ports";
    }
  | {
      readonly code: "unprotected";
      readonly namespace: string;
      readonly workload: Workload;
      readonly directions: readonly Direction[];
      /** `namespace/name` of the workload's pods that no policy selects. */
      readonly pods: readonly string[];
    };

/** Those that say what of a policy could go. */
export type Redundancy = Extract<
  ClusterFinding,
  {
    readonly code: "redundant-policy" | "redundant-rule" | "shadowed-rule" | "duplicate-policies";
  }
>;

/** Pods that a selection matches now. */
export interface PodMatches {
  readonly count: number;
  /** Matches that cannot be relied on: hostNetwork pods where the dataplane leaves them open. */
  readonly unsure: number;
  /** Up to the number asked for, in no particular order. */
  readonly sample: readonly Pod[];
}

export interface EngineStats {
  readonly pods: number;
  readonly namespaces: number;
  readonly nodes: number;
  readonly policies: number;
  readonly classes: number;
  readonly selectors: number;
  readonly portAtoms: number;
  readonly addressAtoms: number;
}

/** What may be asked of an engine at any time without changing it. */
export interface EngineView {
  verdict(flow: Flow): Verdict;
  /** `allowed` if any flow between the ends is, else `unknown` if one is; `denied` also without ends. */
  reach(question: ReachQuestion): Verdict;
  explain(flow: Flow): Explanation;
  /** All of who can reach whom, aggregated; groups name at most `limit` ends. */
  connectivity(limit: number): readonly ConnectivityRow[];
  /**
   * The same pair by pair, at most as many as are wanted. A workload to itself is a pair if it has two pods that may
   * talk.
   */
  connections(by: "workload" | "pod", wanted?: Wanted): readonly Connection[];
  /** How many of `connections("pod")` are from pod to pod. */
  pairCount(): number;
  /** What has no effect, or could go without changing who can reach whom. */
  findings(): readonly ClusterFinding[];
  /** Those of the findings that are about this policy alone, and not about it beside its duplicates. */
  findingsAbout(key: string): readonly ClusterFinding[];
  /**
   * What of one policy could go, and which others do the same to the same pods. What takes the
   * comparison of more than `effort` classes is not found: an empty answer proves nothing.
   */
  redundanciesOf(key: string, effort: number): readonly Redundancy[];
  /** Whether a NetworkPolicy isolates the pod (`namespace/name`) in that direction. */
  isolation(key: string, direction: Direction): Certainty;
  /** Ports open from one pod to another, both ends considered, and those that cannot be decided. */
  portsBetween(from: string, to: string): Pick<Connection, "allowed" | "unknown">;
  /** hostNetwork pods that `selection`, which a policy mentions, has by their labels. */
  hostPods(selection: Selection, limit: number): readonly Pod[];
  /** Pods that `selection` matches; `sample` at most `limit`. */
  select(selection: Selection, limit: number): PodMatches;
  /** The flows that break a claim now; lists name at most `limit` groups. */
  breaches(claim: HeldClaim, limit: number): Breaches;
  /** Running pods with an address in `range`; lazy, so that a caller may stop early. */
  podsWithin(range: AddressRange): Iterable<Pod>;
  /** Nodes with an address in `range`, likewise. */
  nodesWithin(range: AddressRange): Iterable<Node>;
  /** Namespaces that `selector` matches. */
  matchingNamespaces(selector: Selector): readonly Namespace[];
  readonly dataplane: Dataplane;
  pod(key: string): Pod | undefined;
  /**
   * `namespace/name` of every running pod. PERF: flows between ends by these very strings are judged
   * fastest, since a string is the same as itself without a look at its characters.
   */
  podKeys(): Iterable<string>;
  /** The running pods of a namespace. */
  podsOf(namespace: string): Iterable<Pod>;
  namespace(name: string): Namespace | undefined;
  namespaceCount(): number;
  podCount(): number;
  /**
   * Report whether a policy that asks for this label key, or named port (`:http`), would have all pods told
   * apart by it: some pod has it, and no policy asks for it in all namespaces yet.
   */
  isNewFact(key: string): boolean;
  /** How much it would take to match the addresses of rules (`blocks`), roughly where that is less than `limit`. */
  addressEffort(blocks: readonly (readonly AddressRange[])[], limit: number): number;
  node(name: string): Node | undefined;
  policy(key: string): Policy | undefined;
  /** All policies of a namespace (`""`: the cluster-scoped ones). */
  policiesOf(namespace: string): Iterable<Policy>;
  /** The policies that select a pod of a node, of all kinds. PERF: as much work as the node has pods. */
  policiesOnNode(name: string): Iterable<Policy>;
  stats(): EngineStats;
}

/** What there was not enough effort for: to tell what a change opens and closes, or else which claims that breaks. */
export type TooMuch = "too-many-flows" | "too-many-breaches";

/** The engine as the layers above see it. */
export interface Engine extends EngineView {
  apply(change: Change): void;
  /** Judge from now on as this dataplane does; everything known is kept. Costs as much as a full list. */
  useDataplane(dataplane: Dataplane): void;
  /** Hold a claim, so that its breaches can be asked for. Each call gives a handle of its own. */
  hold(claim: FlowClaim): HeldClaim;
  /** Forget a claim; a second time does nothing. */
  release(claim: HeldClaim): void;
  /**
   * What `changes` together would open and close. `ask` may question the cluster as it would be, but
   * not preview again; afterwards the index is as it was before.
   */
  preview<T>(
    changes: readonly Change[],
    ask: (after: EngineView, delta: Delta, claims: ClaimPreview) => T,
  ): T;
  /**
   * The same, unless more peers than there is `effort` for would have to be looked at, to tell what opens and closes and
   * all that is asked of the claims. One effort may do for several previews.
   */
  previewWithin<T>(
    effort: Effort,
    changes: readonly Change[],
    ask: (after: EngineView, delta: Delta, claims: ClaimPreview) => T,
  ): T | TooMuch;
  /** The same of the claims alone. PERF: for so many changes that nobody would read what they open. */
  previewClaims<T>(
    effort: Effort,
    changes: readonly Change[],
    ask: (claims: ClaimPreview) => T,
  ): T | TooMuch;
  /**
   * Answer as if `changes`, admitted and not yet seen, were there: what `ask` asks, previews too, is
   * about the cluster with them. Of several that name one object the last one counts. Afterwards the
   * index is as it was before. To be asked outside of previews.
   */
  assume<T>(changes: readonly Change[], ask: () => T): T;
  /** The same delta as `preview`'s, pair by pair; of opened, closed and unsure each at most `limit`. */
  difference(changes: readonly Change[], by: "workload" | "pod", limit?: number): PairDelta;
}
