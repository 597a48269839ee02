import { type Family, familyOf, mayHoldPods, rangesCover } from "./address.ts";
import type { CompiledPolicy } from "./compile.ts";
import type { Certainty, Dataplane } from "./dataplane.ts";
import {
  type EndpointClass,
  type FlowFamily,
  factOf,
  least,
  type Match,
  type NamespaceRecord,
  NO,
  PERHAPS,
  YES,
} from "./endpoint-class.ts";
import type { GlanceTable } from "./glance-table.ts";
import type { AddressRange, Peer, Pod, Selector } from "./model.ts";
import { type NamespaceIndex, type ScopeEntry, scopeMatch } from "./namespace-index.ts";
import { type ClassListener, Partition } from "./partition.ts";
import { requirementHolds, selectionKey, selectorKey, selectorMatches } from "./selector.ts";

/**
 * How to read selectors where NetworkPolicy leaves open what matches: as the dataplane does, as
 * ClusterNetworkPolicy defines it, or literally, everybody with the labels and whoever has the address.
 */
export type Reading = "dataplane" | "defined" | "literal";

/** What a selector looks for. */
export type SelectorSpec = Peer & { readonly reading: Reading };

export type PodsSpec = Extract<SelectorSpec, { readonly kind: "pods" }>;

/** A distinct selector and the classes it matches now, surely (`members`) or perhaps (`maybe`). */
export interface SelectorEntry {
  readonly id: number;
  readonly key: string;
  readonly spec: SelectorSpec;
  readonly scope: ScopeEntry | null;
  /** The family of an address block; null for all other selectors. */
  readonly family: Family | null;
  readonly members: Set<EndpointClass>;
  readonly maybe: Set<EndpointClass>;
  /** Policies whose subject this is. */
  readonly subjectOf: Set<CompiledPolicy>;
  references: number;
}

/** How surely `entry` matches `cls` in a flow of that family, by look-up. */
export function entryMatch(entry: SelectorEntry, cls: EndpointClass, family: FlowFamily): Match {
  // An IPv4 block never matches IPv6 traffic, and the other way round.
  if (entry.family !== null && family !== 0 && entry.family !== family) return NO;
  if (entry.members.has(cls)) return YES;
  return entry.maybe.size > 0 && entry.maybe.has(cls) ? PERHAPS : NO;
}

/** Facts that selectors of one namespace mention, or, without a scope, of any. */
export interface Mention {
  readonly scope: ScopeEntry | null;
  readonly facts: string[];
}

/** Keeps the rows up to date. */
export interface SubjectListener {
  /** The class is new, or tells other ports apart: its rows are no longer known. */
  rowsChanged(cls: EndpointClass): void;
  removed(cls: EndpointClass): void;
}

/** Every distinct selector once, its set of classes kept current as classes come and go. */
export class SelectorIndex implements ClassListener {
  readonly partition: Partition;
  readonly #dataplane: Dataplane;
  readonly #namespaces: NamespaceIndex;
  readonly #entries = new Map<string, SelectorEntry>();
  /** Entries that are not bound to namespaces: for addresses, nodes and domain names. */
  readonly #unscoped = new Set<SelectorEntry>();
  readonly #listener: SubjectListener;
  #nextId = 0;

  constructor(
    dataplane: Dataplane,
    namespaces: NamespaceIndex,
    listener: SubjectListener,
    glance: GlanceTable,
  ) {
    this.#dataplane = dataplane;
    this.#namespaces = namespaces;
    this.#listener = listener;
    this.partition = new Partition(this, glance);
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Mention facts of pods of any namespace, and what these selectors will once they are acquired; `forget` undoes it. PERF:
   * a class then parts once for all of them. Few of them mention their own more quickly one by one.
   */
  mention(peers: readonly Peer[], facts: readonly string[]): readonly Mention[] {
    const mentions = new Map<NamespaceRecord | null, Mention>();
    if (facts.length > 0) mentions.set(null, { scope: null, facts: [...facts] });
    // Let go after all are known: to acquire a scope anew is to look through all namespaces.
    const scopes = peers.length > FEW ? peers.map((peer) => this.#noteMention(peer, mentions)) : [];
    for (const scope of scopes) if (scope !== null) this.#namespaces.release(scope);
    for (const [sole, of] of mentions) this.partition.mentionFacts(of.facts, sole);
    return [...mentions.values()];
  }

  /** Note what a selector will mention; the scope is to be released. */
  #noteMention(peer: Peer, mentions: Map<NamespaceRecord | null, Mention>): ScopeEntry | null {
    const facts = mentionedFacts(peer);
    if (facts.length === 0) return null;
    const scope = peer.kind === "pods" ? this.#namespaces.acquire(peer.selection.namespaces) : null;
    const sole = scope?.sole ?? null;
    const known = mentions.get(sole);
    if (known !== undefined) {
      known.facts.push(...facts);
      return scope;
    }
    mentions.set(sole, { scope: sole === null ? null : scope, facts: [...facts] });
    // One for each namespace keeps it from being forgotten.
    return sole === null ? scope : null;
  }

  forget(mentions: readonly Mention[]): void {
    for (const { scope, facts } of mentions) {
      this.partition.releaseFacts(facts, scope?.sole ?? null);
      if (scope !== null) this.#namespaces.release(scope);
    }
  }

  find(peer: Peer, reading: Reading): SelectorEntry | undefined {
    return this.#entries.get(selectorText(peer, reading));
  }

  /** The entry of a selector, with one more reference. New mentions refine the partition first. */
  acquire(peer: Peer, reading: Reading): SelectorEntry {
    this.partition.refuseWhileHeld();
    const key = selectorText(peer, reading);
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.references++;
      return known;
    }
    const spec: SelectorSpec = { ...peer, reading };
    const scope = spec.kind === "pods" ? this.#namespaces.acquire(spec.selection.namespaces) : null;
    this.partition.mentionFacts(mentionedFacts(spec), scope?.sole ?? null);
    this.partition.mentionRanges(mentionedRanges(spec));
    const entry: SelectorEntry = {
      id: this.#nextId++,
      key,
      spec,
      scope,
      family: spec.kind === "addresses" ? familyOfRanges(spec.ranges) : null,
      members: new Set(),
      maybe: new Set(),
      subjectOf: new Set(),
      references: 1,
    };
    this.#entries.set(key, entry);
    if (scope === null) this.#unscoped.add(entry);
    else scope.selectors.add(entry);
    for (const cls of this.#candidates(entry)) this.#match(entry, cls);
    return entry;
  }

  release(entry: SelectorEntry): void {
    this.partition.refuseWhileHeld();
    entry.references--;
    if (entry.references > 0) return;
    for (const cls of entry.members) cls.selectors.delete(entry);
    for (const cls of entry.maybe) cls.selectors.delete(entry);
    this.#entries.delete(entry.key);
    this.#unscoped.delete(entry);
    const { scope, spec } = entry;
    this.partition.releaseFacts(mentionedFacts(spec), scope?.sole ?? null);
    this.partition.releaseRanges(mentionedRanges(spec));
    if (scope === null) return;
    scope.selectors.delete(entry);
    this.#namespaces.release(scope);
  }

  created(fresh: EndpointClass, origin: EndpointClass | null): void {
    if (origin !== null) {
      for (const [entry, match] of origin.selectors) this.#join(entry, fresh, match);
    } else {
      for (const entry of this.#entriesFor(fresh)) this.#match(entry, fresh);
    }
    this.#listener.rowsChanged(fresh);
  }

  portsChanged(cls: EndpointClass): void {
    this.#listener.rowsChanged(cls);
  }

  removed(gone: EndpointClass): void {
    for (const entry of gone.selectors.keys()) {
      entry.members.delete(gone);
      entry.maybe.delete(gone);
    }
    this.#listener.removed(gone);
  }

  /** How surely `spec` matches `cls`, by evaluation. */
  evaluate(spec: SelectorSpec, cls: EndpointClass): Match {
    switch (spec.kind) {
      case "pods":
        return cls.namespace === null || cls.sample === null
          ? NO
          : this.evaluatePod(spec, cls.namespace, cls.sample.pod);
      case "addresses":
        return this.#evaluateAddresses(spec, cls);
      case "nodes":
        return cls.host ? nodeMatch(spec.selector, cls) : NO;
      case "domainNames":
        return cls.kind === "address" ? PERHAPS : NO;
    }
  }

  /** How surely a selection of pods matches this one pod. */
  evaluatePod(spec: PodsSpec, namespace: NamespaceRecord, pod: Pod): Match {
    const inScope = scopeMatch(spec.selection.namespaces, namespace);
    if (inScope === NO || !selectorMatches(spec.selection.pods, pod.labels)) return NO;
    if (!pod.hostNetwork || spec.reading === "literal") return inScope;
    // ClusterNetworkPolicy: "host-networked pods are not included"; NetworkPolicy leaves it undefined.
    if (spec.reading === "defined") return NO;
    return least(inScope, certainty(this.#dataplane.selectsHostNetwork));
  }

  #evaluateAddresses(spec: SelectorSpec & { kind: "addresses" }, cls: EndpointClass): Match {
    const inside = cls.atoms.some((atom) => rangesCover(spec.ranges, atom));
    if (spec.reading === "literal") return inside ? YES : NO;
    const pods = cls.kind === "pod" && !cls.host;
    if (pods && !this.#dataplane.ipBlockMatchesPods) return NO;
    if (cls.atoms.length === 0) return pods && !mayHoldPods(spec.ranges) ? NO : PERHAPS;
    if (!inside) return NO;
    if (!cls.host || spec.reading === "defined") return YES;
    return certainty(this.#dataplane.ipBlockMatchesNodes);
  }

  #match(entry: SelectorEntry, cls: EndpointClass): void {
    const match = this.evaluate(entry.spec, cls);
    if (match !== NO) this.#join(entry, cls, match);
  }

  #join(entry: SelectorEntry, cls: EndpointClass, match: Match): void {
    (match === YES ? entry.members : entry.maybe).add(cls);
    cls.selectors.set(entry, match);
  }

  /** The entries that may match a class that is new. */
  *#entriesFor(cls: EndpointClass): Iterable<SelectorEntry> {
    if (cls.namespace !== null) {
      for (const scope of cls.namespace.scopes) yield* scope.selectors;
    }
    if (cls.host || cls.atoms.length === 0 || cls.kind === "address") yield* this.#unscoped;
    else for (const { outside } of cls.atoms) yield* outside.selectors.keys();
  }

  /** The classes that an entry, which is new, may match. */
  *#candidates(entry: SelectorEntry): Iterable<EndpointClass> {
    const { spec, scope } = entry;
    if (spec.kind === "pods" && scope !== null) {
      const narrow = scope.namespaces.size > FEW ? narrowest(spec.selection.pods) : null;
      if (narrow === null) for (const namespace of scope.namespaces) yield* namespace.classes;
      else for (const fact of narrow) yield* this.partition.withFact(fact);
    } else if (spec.kind === "addresses") {
      for (const range of spec.ranges) {
        for (const atom of this.partition.atoms.within(range)) {
          yield atom.outside;
          yield* atom.classes;
        }
      }
      yield* this.partition.unplaced;
    } else yield* this.partition.classes;
  }
}

/** PERF: up to this many selectors mention their own, and so many namespaces are looked through for classes. */
const FEW = 8;

/** The facts of the `In` requirement with the fewest values: one of them every match has. */
function narrowest(selector: Selector): readonly string[] | null {
  const [best] = selector
    .filter(({ operator }) => operator === "In")
    .toSorted((a, b) => a.values.length - b.values.length);
  return best === undefined ? null : best.values.map((value) => `${best.key}=${value}`);
}

function mentionedFacts(spec: Peer): readonly string[] {
  if (spec.kind === "pods") return spec.selection.pods.map(({ key }) => key);
  return spec.kind === "nodes" ? spec.selector.map(({ key }) => `@${key}`) : [];
}

function mentionedRanges(spec: SelectorSpec): readonly AddressRange[] {
  return spec.kind === "addresses" ? spec.ranges : [];
}

function familyOfRanges(ranges: readonly AddressRange[]): Family | null {
  const [range] = ranges;
  return range === undefined ? null : familyOf(range.first);
}

const MARKS: Readonly<Record<Reading, string>> = { dataplane: "", defined: "!", literal: "=" };

function selectorText(peer: Peer, reading: Reading): string {
  const mark = MARKS[reading];
  switch (peer.kind) {
    case "pods":
      return `${mark}pods ${selectionKey(peer.selection)}`;
    case "addresses":
      return `${mark}addresses ${peer.ranges.map(({ first, last }) => `${first}-${last}`).join()}`;
    case "nodes":
      return `nodes ${selectorKey(peer.selector)}`;
    case "domainNames":
      return "domainNames";
  }
}

function nodeMatch(selector: Selector, cls: EndpointClass): Match {
  const { sample } = cls;
  if (sample === null || sample.node === null) return PERHAPS;
  const matches = selector.every((requirement) =>
    requirementHolds(requirement, factOf(sample, `@${requirement.key}`)),
  );
  return matches ? YES : NO;
}

function certainty(certain: Certainty): Match {
  return certain === "yes" ? YES : certain === "no" ? NO : PERHAPS;
}
