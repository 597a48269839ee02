import { addressEffort } from "./address-effort.ts";
import { nodesWithin, podsWithin } from "./addressed.ts";
import { breachesOf, PreviewedClaims } from "./breaches.ts";
import { ClusterIndex } from "./cluster-index.ts";
import {
  connectionsOf,
  connectivityRows,
  pairCount,
  pairDelta,
  rectanglesOf,
} from "./connectivity.ts";
import { type Certainty, DATAPLANES, type Dataplane } from "./dataplane.ts";
import { type Difference, versionOf } from "./difference.ts";
import type { Effort } from "./effort.ts";
import { explainFlow } from "./explain.ts";
import { findingsAbout, findingsOf } from "./findings.ts";
import { hostPodsOf, isolationOf } from "./isolation.ts";
import { pairOutcome } from "./item.ts";
import type {
  AddressRange,
  Change,
  Direction,
  FlowClaim,
  Namespace,
  Node,
  Pod,
  Policy,
  Selection,
  Selector,
} from "./model.ts";
import { ALL_PORTS, NO_PORTS } from "./port-set.ts";
import { assumeChanges, createDelta, withChanges } from "./preview.ts";
import type {
  Breaches,
  ClaimPreview,
  ClusterFinding,
  Connection,
  ConnectivityRow,
  Delta,
  Engine,
  EngineStats,
  EngineView,
  Explanation,
  Flow,
  HeldClaim,
  PairDelta,
  PodMatches,
  ReachQuestion,
  Redundancy,
  TooMuch,
  Verdict,
  Wanted,
} from "./query.ts";
import { reachOf } from "./reach.ts";
import { redundanciesAbout } from "./redundancy.ts";
import { selectPods } from "./select.ts";
import { selectingPolicies } from "./tiers.ts";
import { verdictOf } from "./verdict.ts";

/** The engine: everything it knows lies in the index, every question is a function over it. */
export class MatchingEngine implements Engine {
  #index: ClusterIndex;

  constructor(options: { readonly dataplane: Dataplane } = { dataplane: DATAPLANES.generic }) {
    this.#index = new ClusterIndex(options.dataplane);
  }

  get dataplane(): Dataplane {
    return this.#index.dataplane;
  }

  apply(change: Change): void {
    this.#index.apply(change);
  }

  useDataplane(dataplane: Dataplane): void {
    const index = new ClusterIndex(dataplane);
    for (const held of this.#index.claims.held()) index.claims.hold(held);
    for (const change of this.#index.objects()) index.apply(change);
    this.#index = index;
  }

  hold(claim: FlowClaim): HeldClaim {
    const held = { claim };
    this.#index.claims.hold(held);
    return held;
  }

  release(held: HeldClaim): void {
    this.#index.claims.release(held);
  }

  preview<T>(
    changes: readonly Change[],
    ask: (after: EngineView, delta: Delta, claims: ClaimPreview) => T,
  ): T {
    return this.#previewed(changes, (difference, claims) =>
      ask(this, createDelta(this.#index, difference), claims),
    );
  }

  previewWithin<T>(
    effort: Effort,
    changes: readonly Change[],
    ask: (after: EngineView, delta: Delta, claims: ClaimPreview) => T,
  ): T | TooMuch {
    const tell = (difference: Difference, claims: ClaimPreview): T | TooMuch => {
      difference.everyFlow();
      if (effort.isUsedUp) return "too-many-flows";
      const answer = ask(this, createDelta(this.#index, difference), claims);
      return effort.isUsedUp ? "too-many-breaches" : answer;
    };
    return this.#previewed(changes, tell, effort);
  }

  previewClaims<T>(
    effort: Effort,
    changes: readonly Change[],
    ask: (claims: ClaimPreview) => T,
  ): T | TooMuch {
    const tell = (_: Difference, claims: ClaimPreview): T | TooMuch => {
      const answer = ask(claims);
      return effort.isUsedUp ? "too-many-breaches" : answer;
    };
    return this.#previewed(changes, tell, effort);
  }

  #previewed<T>(
    changes: readonly Change[],
    ask: (difference: Difference, claims: ClaimPreview) => T,
    effort?: Effort,
  ): T {
    const during = (difference: Difference): T => {
      const claims = new PreviewedClaims(this.#index, difference);
      try {
        return ask(difference, claims);
      } finally {
        claims.end();
      }
    };
    return withChanges(this.#index, changes, during, effort);
  }

  assume<T>(changes: readonly Change[], ask: () => T): T {
    return assumeChanges(this.#index, changes, ask);
  }

  difference(changes: readonly Change[], by: "workload" | "pod", limit?: number): PairDelta {
    return withChanges(this.#index, changes, (difference) =>
      pairDelta(difference.everyFlow(), by, limit),
    );
  }

  verdict(flow: Flow): Verdict {
    return verdictOf(this.#index, flow);
  }

  reach(question: ReachQuestion): Verdict {
    return reachOf(this.#index, question);
  }

  explain(flow: Flow): Explanation {
    return explainFlow(this.#index, flow);
  }

  connectivity(limit: number): readonly ConnectivityRow[] {
    return connectivityRows(this.#index, limit);
  }

  connections(by: "workload" | "pod", wanted?: Wanted): readonly Connection[] {
    return connectionsOf(rectanglesOf(this.#index), by, wanted);
  }

  pairCount(): number {
    return pairCount(rectanglesOf(this.#index));
  }

  findings(): readonly ClusterFinding[] {
    return findingsOf(this.#index);
  }

  findingsAbout(key: string): readonly ClusterFinding[] {
    return findingsAbout(this.#index, key);
  }

  breaches(held: HeldClaim, limit: number): Breaches {
    return breachesOf(this.#index, this.#index.claims.bound(held), limit);
  }

  redundanciesOf(key: string, effort: number): readonly Redundancy[] {
    return redundanciesAbout(this.#index, key, effort);
  }

  isolation(key: string, direction: Direction): Certainty {
    return isolationOf(this.#index, key, direction);
  }

  portsBetween(from: string, to: string): Pick<Connection, "allowed" | "unknown"> {
    const ends = [from, to].map((key) => {
      const record = this.#index.inventory.pod(key);
      return record === undefined ? null : versionOf(this.#index, record.cls);
    });
    return from === to
      ? { allowed: ALL_PORTS, unknown: NO_PORTS }
      : pairOutcome(ends[0] ?? null, ends[1] ?? null);
  }

  hostPods(selection: Selection, limit: number): readonly Pod[] {
    return hostPodsOf(this.#index, selection, limit);
  }

  select(selection: Selection, limit: number): PodMatches {
    return selectPods(this.#index, selection, limit);
  }

  addressEffort(blocks: readonly (readonly AddressRange[])[], limit: number): number {
    return addressEffort(this.#index.selectors, blocks, limit);
  }

  podsWithin(range: AddressRange): Iterable<Pod> {
    return podsWithin(this.#index, range);
  }

  nodesWithin(range: AddressRange): Iterable<Node> {
    return nodesWithin(this.#index, range);
  }

  matchingNamespaces(selector: Selector): readonly Namespace[] {
    return this.#index.namespaces
      .within({ kind: "selector", selector })
      .flatMap(({ declared }) => declared ?? []);
  }

  pod(key: string): Pod | undefined {
    return this.#index.inventory.pod(key)?.pod;
  }

  podKeys(): Iterable<string> {
    return this.#index.inventory.keys();
  }

  *podsOf(namespace: string): Iterable<Pod> {
    for (const { pod } of this.#index.namespaces.find(namespace)?.pods ?? []) yield pod;
  }

  namespace(name: string): Namespace | undefined {
    return this.#index.namespaces.find(name)?.declared ?? undefined;
  }

  namespaceCount(): number {
    return this.#index.namespaces.declaredCount;
  }

  isNewFact(key: string): boolean {
    return this.#index.selectors.partition.isNewFact(key);
  }

  podCount(): number {
    return this.#index.inventory.podCount;
  }

  node(name: string): Node | undefined {
    return this.#index.inventory.node(name);
  }

  policy(key: string): Policy | undefined {
    return this.#index.policy(key)?.policy;
  }

  *policiesOf(namespace: string): Iterable<Policy> {
    for (const { policy } of this.#index.policiesOf(namespace)) yield policy;
  }

  policiesOnNode(name: string): Iterable<Policy> {
    const classes = new Set(Array.from(this.#index.inventory.onNode(name), ({ cls }) => cls));
    const selecting = Array.from(classes).flatMap(selectingPolicies);
    return new Set(selecting.map(({ policy }) => policy.policy));
  }

  stats(): EngineStats {
    const { inventory, namespaces, selectors, policyCount } = this.#index;
    return {
      pods: inventory.podCount,
      namespaces: namespaces.declaredCount,
      nodes: inventory.nodeCount,
      policies: policyCount,
      classes: selectors.partition.classes.size,
      selectors: selectors.size,
      portAtoms: this.#index.portAtoms(),
      addressAtoms: selectors.partition.atoms.size,
    };
  }
}
