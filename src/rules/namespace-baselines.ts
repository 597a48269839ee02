import type { Labels } from "../engine/model.ts";
import type { Problem, Result } from "../errors.ts";
import { DEFAULT_BASELINE } from "../resources/baseline.ts";
import type { ClusterValues, NamespaceFacts } from "../resources/baseline-variables.ts";
import { baselineRevision, renderBaseline } from "../resources/render-baseline.ts";
import type { RuleBook } from "./rule-book.ts";

/** A namespace that is to have a baseline. */
export type JoinedNamespace = NamespaceFacts;

/** The policies a namespace is to have. */
export interface NamespaceBaseline {
  /** Name of the Baseline; null where that cannot be told. */
  readonly baseline: string | null;
  readonly policies: Result<readonly object[], readonly Problem[]>;
}

/** The baselines of namespaces: chosen by the rule book, filled in with the state of the cluster. */
export class NamespaceBaselines {
  readonly #ruleBook: RuleBook;
  readonly #clusterValues: () => ClusterValues;

  constructor(ruleBook: RuleBook, clusterValues: () => ClusterValues) {
    this.#ruleBook = ruleBook;
    this.#clusterValues = clusterValues;
  }

  /** The policies that a namespace is to have now. */
  renderFor(namespace: JoinedNamespace): NamespaceBaseline {
    const chosen = this.#ruleBook.baselineFor(namespace.labels);
    if (!chosen.ok) return { baseline: null, policies: chosen };
    const policies = renderBaseline(chosen.value, { ...this.#clusterValues(), ...namespace });
    return { baseline: chosen.value.name, policies };
  }

  /** The revision of a namespace's baseline: the same text for all namespaces with the same version. */
  revisionFor(labels: Labels): string {
    const chosen = this.#ruleBook.baselineFor(labels);
    return baselineRevision(chosen.ok ? chosen.value : DEFAULT_BASELINE, this.#clusterValues());
  }
}
