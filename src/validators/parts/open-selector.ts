import type { Selector } from "../../engine/model.ts";
import { selectorMatches } from "../../engine/selector.ts";

/** A namespace that nobody has named in a selector: with only the label that the API server sets. */
const UNLABELLED: ReadonlyMap<string, string> = new Map([["kubernetes.io/metadata.name", "*"]]);

/** Report whether a selector of namespaces takes in those created from now on, without a label of their own. */
export function isOpen(selector: Selector): boolean {
  return selectorMatches(selector, UNLABELLED);
}
