import {
  least,
  type Match,
  type NamespaceRecord,
  NO,
  namespaceLabels,
  PERHAPS,
  YES,
} from "./endpoint-class.ts";
import { NAME_LABEL, type Namespace, type NamespaceScope } from "./model.ts";
import { requirementHolds, sameLabels, scopeKey, selectorMatches } from "./selector.ts";
import type { SelectorEntry } from "./selector-index.ts";
import { SetMap } from "./set-map.ts";

/** A distinct way to choose namespaces, and those it chooses now (surely or perhaps). */
export interface ScopeEntry {
  readonly key: string;
  readonly scope: NamespaceScope;
  /** The one namespace of a scope by name; null for a selector. */
  readonly sole: NamespaceRecord | null;
  readonly namespaces: Set<NamespaceRecord>;
  readonly selectors: Set<SelectorEntry>;
  references: number;
}

/** The namespaces, and which of them each namespace selector matches. */
export class NamespaceIndex {
  readonly #records = new Map<string, NamespaceRecord>();
  readonly #byLabel = new SetMap<string, NamespaceRecord>();
  readonly #undeclared = new Set<NamespaceRecord>();
  readonly #scopes = new Map<string, ScopeEntry>();
  readonly #selecting = new Set<ScopeEntry>();
  #nextId = 0;

  find(name: string): NamespaceRecord | undefined {
    return this.#records.get(name);
  }

  *declared(): Iterable<Namespace> {
    for (const { declared } of this.#records.values()) if (declared !== null) yield declared;
  }

  get declaredCount(): number {
    return this.#records.size - this.#undeclared.size;
  }

  /** The record of a namespace; it stays undeclared until an object of it is seen. */
  ensure(name: string): NamespaceRecord {
    const known = this.#records.get(name);
    if (known !== undefined) return known;
    const record: NamespaceRecord = {
      id: this.#nextId++,
      name,
      declared: null,
      generation: 0,
      pods: new Set(),
      classes: new Set(),
      scopes: new Set(),
    };
    this.#records.set(name, record);
    this.#undeclared.add(record);
    this.#scope(record);
    return record;
  }

  /**
   * Set or take away the object of a namespace. Report whether selectors may see a difference; its
   * pods then need new classes.
   */
  declare(record: NamespaceRecord, declared: Namespace | null): boolean {
    const before = record.declared;
    if (before !== null && declared !== null && sameLabels(before.labels, declared.labels)) {
      record.declared = declared;
      return false;
    }
    for (const fact of labelFacts(before)) this.#byLabel.delete(fact, record);
    record.declared = declared;
    record.generation++;
    for (const fact of labelFacts(declared)) this.#byLabel.add(fact, record);
    if (declared === null) this.#undeclared.add(record);
    else this.#undeclared.delete(record);
    this.#scope(record);
    return true;
  }

  /** Forget a namespace that has neither an object nor pods, unless a policy names it. */
  forgetIfUnused(record: NamespaceRecord): void {
    const named = this.#scopes.has(scopeKey({ kind: "name", name: record.name }));
    if (record.declared !== null || record.pods.size > 0 || named) return;
    for (const scope of record.scopes) scope.namespaces.delete(record);
    this.#records.delete(record.name);
    this.#undeclared.delete(record);
  }

  /** The entry of `scope`, with one more reference. */
  acquire(wanted: NamespaceScope): ScopeEntry {
    const scope = byName(wanted);
    const key = scopeKey(scope);
    const known = this.#scopes.get(key);
    if (known !== undefined) {
      known.references++;
      return known;
    }
    const entry: ScopeEntry = {
      key,
      scope,
      sole: scope.kind === "name" ? this.ensure(scope.name) : null,
      namespaces: new Set(),
      selectors: new Set(),
      references: 1,
    };
    this.#scopes.set(key, entry);
    if (scope.kind === "selector") this.#selecting.add(entry);
    for (const record of this.#candidates(scope)) {
      if (scopeMatch(scope, record) !== NO) this.#hold(entry, record);
    }
    return entry;
  }

  release(entry: ScopeEntry): void {
    entry.references--;
    if (entry.references > 0) return;
    this.#scopes.delete(entry.key);
    this.#selecting.delete(entry);
    for (const record of entry.namespaces) {
      record.scopes.delete(entry);
      this.forgetIfUnused(record);
    }
  }

  /** The namespaces that a scope holds now, surely or perhaps. */
  within(scope: NamespaceScope): readonly NamespaceRecord[] {
    const known = this.#scopes.get(scopeKey(byName(scope)));
    if (known !== undefined) return [...known.namespaces];
    if (scope.kind === "name") {
      const record = this.#records.get(scope.name);
      return record === undefined ? [] : [record];
    }
    return [...this.#candidates(scope)].filter((record) => scopeMatch(scope, record) !== NO);
  }

  /** PERF: an `In` requirement leads straight to the namespaces; most selectors have one. */
  *#candidates(scope: NamespaceScope): Iterable<NamespaceRecord> {
    if (scope.kind === "name") {
      yield this.ensure(scope.name);
      return;
    }
    const narrow = scope.selector.find(({ operator }) => operator === "In");
    if (narrow === undefined) {
      yield* this.#records.values();
      return;
    }
    for (const value of narrow.values) yield* this.#byLabel.get(`${narrow.key}=${value}`) ?? [];
    yield* this.#undeclared;
  }

  /** PERF: a scope by name never changes whom it holds, so only selectors are asked again. */
  #scope(record: NamespaceRecord): void {
    for (const scope of this.#selecting) {
      if (scopeMatch(scope.scope, record) === NO) {
        scope.namespaces.delete(record);
        record.scopes.delete(scope);
      } else this.#hold(scope, record);
    }
  }

  #hold(scope: ScopeEntry, record: NamespaceRecord): void {
    scope.namespaces.add(record);
    record.scopes.add(scope);
  }
}

/**
 * PERF: the way to name a namespace in a selector is its automatic label, which the API server keeps
 * equal to the name; that is the same as a scope by name, and much cheaper.
 */
function byName(scope: NamespaceScope): NamespaceScope {
  if (scope.kind === "name") return scope;
  const [only, second] = scope.selector;
  if (only === undefined || second !== undefined) return scope;
  const [name, other] = only.values;
  const isName = only.key === NAME_LABEL && only.operator === "In";
  return isName && name !== undefined && other === undefined ? { kind: "name", name } : scope;
}

/** How surely a scope holds a namespace; of an undeclared one only the automatic label is known. */
export function scopeMatch(scope: NamespaceScope, namespace: NamespaceRecord): Match {
  if (scope.kind === "name") return scope.name === namespace.name ? YES : NO;
  const labels = namespaceLabels(namespace);
  if (namespace.declared !== null) return selectorMatches(scope.selector, labels) ? YES : NO;
  return scope.selector.reduce<Match>((match, requirement) => {
    const value = labels.get(requirement.key);
    if (value === undefined) return least(match, PERHAPS);
    return requirementHolds(requirement, value) ? match : NO;
  }, YES);
}

function labelFacts(namespace: Namespace | null): readonly string[] {
  return namespace === null ? [] : [...namespace.labels].map(([key, value]) => `${key}=${value}`);
}
