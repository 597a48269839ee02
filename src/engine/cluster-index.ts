import { ClaimIndex } from "./claim-index.ts";
import {
  bindPolicy,
  type CompiledPolicy,
  cutPoints,
  hasPart,
  sayTheSame,
  unbindPolicy,
} from "./compile.ts";
import type { Dataplane } from "./dataplane.ts";
import type { EndpointClass } from "./endpoint-class.ts";
import { GlanceTable } from "./glance-table.ts";
import { Inventory } from "./inventory.ts";
import {
  type Change,
  changeKey,
  DIRECTIONS,
  type Direction,
  type Policy,
  policyKey,
} from "./model.ts";
import { NamespaceIndex } from "./namespace-index.ts";
import type { Row } from "./row.ts";
import { RowIndex } from "./row-index.ts";
import { SelectorIndex, type SubjectListener } from "./selector-index.ts";

/** The rows of a class as they were before something changed. */
export interface RowsBefore {
  readonly egress: Row;
  readonly ingress: Row;
}

/**
 * All state of the engine: pods ⇄ classes ⇄ selectors ⇄ policies, and the rows that follow from them.
 * `apply` is the only way to change it.
 */
export class ClusterIndex {
  readonly dataplane: Dataplane;
  readonly namespaces = new NamespaceIndex();
  readonly glance = new GlanceTable();
  readonly selectors: SelectorIndex;
  readonly inventory: Inventory;
  readonly rows: RowIndex;
  readonly claims: ClaimIndex;
  readonly #policies = new Map<string, CompiledPolicy>();
  readonly #byNamespace = new Map<string, Map<string, CompiledPolicy>>();
  /** While previews last, the inner one last: the rows that have changed, as they were before. */
  readonly #journals: Map<EndpointClass, RowsBefore | null>[] = [];

  constructor(dataplane: Dataplane) {
    this.dataplane = dataplane;
    this.rows = new RowIndex(dataplane.sctp, this.glance);
    const listener: SubjectListener = {
      rowsChanged: (cls) => this.#rowsChange(cls),
      removed: (cls) => this.rows.removed(cls),
    };
    this.selectors = new SelectorIndex(dataplane, this.namespaces, listener, this.glance);
    this.claims = new ClaimIndex(this.selectors);
    this.inventory = new Inventory(this.namespaces, this.selectors.partition);
  }

  get policyCount(): number {
    return this.#policies.size;
  }

  /** Into how many stretches the policies cut the ports of the three protocols. */
  portAtoms(): number {
    const policies = Array.from(this.#policies.values());
    return cutPoints(policies.flatMap(({ ingress, egress }) => [...ingress.rules, ...egress.rules]))
      .size;
  }

  policy(key: string): CompiledPolicy | undefined {
    return this.#policies.get(key);
  }

  policies(): Iterable<CompiledPolicy> {
    return this.#policies.values();
  }

  policiesOf(namespace: string): Iterable<CompiledPolicy> {
    return this.#byNamespace.get(namespace)?.values() ?? [];
  }

  apply(change: Change): void {
    switch (change.kind) {
      case "pod":
        if (change.op === "upsert") this.inventory.upsertPod(change.object);
        else this.inventory.deletePod(change.key);
        return;
      case "namespace":
        if (change.op === "upsert") this.inventory.upsertNamespace(change.object);
        else this.inventory.deleteNamespace(change.key);
        return;
      case "node":
        if (change.op === "upsert") this.inventory.upsertNode(change.object);
        else this.inventory.deleteNode(change.key);
        return;
      case "policy":
        if (change.op === "upsert") this.#setPolicy(policyKey(change.object), change.object);
        else this.#setPolicy(change.key, null);
    }
  }

  /** All objects, in the order in which they are cheapest to apply to another index. */
  *objects(): Iterable<Change> {
    for (const object of this.namespaces.declared())
      yield { kind: "namespace", op: "upsert", object };
    for (const object of this.inventory.nodes()) yield { kind: "node", op: "upsert", object };
    for (const object of this.inventory.pods()) yield { kind: "pod", op: "upsert", object };
    for (const { policy } of this.#policies.values()) {
      yield { kind: "policy", op: "upsert", object: policy };
    }
  }

  /** The change that undoes `change`, if asked before it is applied. */
  inverse(change: Change): Change {
    const { kind } = change;
    const key = changeKey(change);
    const gone: Change = { kind, op: "delete", key };
    switch (kind) {
      case "pod": {
        const object = this.inventory.pod(key)?.pod;
        return object === undefined ? gone : { kind, op: "upsert", object };
      }
      case "namespace": {
        const object = this.namespaces.find(key)?.declared;
        return object == null ? gone : { kind, op: "upsert", object };
      }
      case "node": {
        const object = this.inventory.node(key);
        return object === undefined ? gone : { kind, op: "upsert", object };
      }
      case "policy": {
        const object = this.#policies.get(key)?.policy;
        return object === undefined ? gone : { kind, op: "upsert", object };
      }
    }
  }

  /** Begin to remember the rows that change, until `forget`. What began last ends first. */
  remember(): Map<EndpointClass, RowsBefore | null> {
    this.rows.settle();
    this.rows.hold();
    const journal = new Map<EndpointClass, RowsBefore | null>();
    this.#journals.push(journal);
    return journal;
  }

  /** The state is again what it was when `remember` was called. */
  forget(): void {
    const journal = this.#journals.pop() ?? new Map<EndpointClass, RowsBefore | null>();
    const outer = this.#journals.at(-1);
    for (const [cls, rows] of journal) {
      // A class that is new since then has no earlier rows, for the outer preview neither.
      if (rows === null && outer?.has(cls) === false) outer.set(cls, null);
      if (!this.selectors.partition.classes.has(cls)) continue;
      // PERF: the same state has the same rows, so they are put back instead of being worked out again.
      if (rows !== null) this.rows.restore(cls, rows);
      else this.rows.invalidate(cls);
    }
    this.rows.letGo();
  }

  /** Make a policy ready to be swapped in; what it mentions refines the partition from now on. */
  bind(policy: Policy): CompiledPolicy {
    return bindPolicy(policy, policyKey(policy), this.selectors, this.dataplane);
  }

  unbind(policy: CompiledPolicy): void {
    unbindPolicy(policy, this.selectors);
  }

  /** Put a bound policy, or none, in the place of the one with this key, which stays bound. */
  swapPolicy(key: string, next: CompiledPolicy | null): CompiledPolicy | null {
    const previous = this.replacePolicy(key, next);
    for (const direction of DIRECTIONS) {
      // PERF: a row depends on what policies say, so the same said again leaves it as it is.
      if (previous !== null && next !== null && sayTheSame(previous, next, direction)) continue;
      if (previous !== null) this.#subjectsChange(previous, direction);
      if (next !== null) this.#subjectsChange(next, direction);
    }
    return previous;
  }

  /** The same for a swap that is taken back before `forget`, which puts the rows back. */
  replacePolicy(key: string, next: CompiledPolicy | null): CompiledPolicy | null {
    const previous = this.#policies.get(key) ?? null;
    // PERF: nothing is taken out before what comes in its place: an emptied set is made anew.
    if (next !== null) next.subject.subjectOf.add(next);
    if (previous !== null) previous.subject.subjectOf.delete(previous);
    const namespace = (next ?? previous)?.policy.namespace ?? "";
    if (next !== null) {
      this.#policies.set(key, next);
      const siblings = this.#byNamespace.get(namespace);
      if (siblings === undefined) this.#byNamespace.set(namespace, new Map([[key, next]]));
      else siblings.set(key, next);
    } else {
      this.#policies.delete(key);
      const siblings = this.#byNamespace.get(namespace);
      siblings?.delete(key);
      if (siblings?.size === 0) this.#byNamespace.delete(namespace);
    }
    return previous;
  }

  #setPolicy(key: string, policy: Policy | null): void {
    const previous = this.swapPolicy(key, policy === null ? null : this.bind(policy));
    if (previous !== null) this.unbind(previous);
  }

  /** PERF: a direction that the policy has no part in keeps its rows. */
  #subjectsChange(policy: CompiledPolicy, direction: Direction): void {
    if (!hasPart(policy[direction])) return;
    const { members, maybe } = policy.subject;
    for (const cls of members) this.#rowsChange(cls, direction);
    for (const cls of maybe) this.#rowsChange(cls, direction);
  }

  #rowsChange(cls: EndpointClass, direction?: Direction): void {
    const journal = this.#journals.at(-1);
    if (journal !== undefined && !journal.has(cls)) {
      const { egress, ingress } = cls;
      journal.set(cls, egress === null || ingress === null ? null : { egress, ingress });
    }
    this.rows.invalidate(cls, direction);
  }
}
