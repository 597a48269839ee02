import { parseResource, RESOURCE_KINDS, type ResourceKind } from "../resources/resource.ts";
import { GROUP, VERSION } from "../resources/resource-metadata.ts";
import type { RuleBook } from "./rule-book.ts";

/** One kind of custom resources to be watched, and where its objects go. */
export interface ResourceTarget {
  readonly kind: ResourceKind;
  readonly type: { readonly group: string; readonly version: string; readonly resource: string };
  /** `key` is `namespace/name`, or the name. */
  upsert(key: string, raw: unknown): void;
  delete(key: string): void;
}

/** Ringfence's own kinds as custom resources: whatever the watches show goes into the rule book. */
export function resourceTargets(ruleBook: RuleBook): readonly ResourceTarget[] {
  return RESOURCE_KINDS.map(({ kind, plural }) => ({
    kind,
    type: { group: GROUP, version: VERSION, resource: plural },
    upsert: (key, raw) => ruleBook.upsert(`${kind} ${key}`, parseResource(raw)),
    delete: (key) => ruleBook.delete(`${kind} ${key}`),
  }));
}
