import { NAME_LABEL, type Selector } from "../../engine/model.ts";
import { selectorMatches } from "../../engine/selector.ts";

/** A namespace with no label of its own, only the one that the API server sets. */
const UNLABELLED: ReadonlyMap<string, string> = new Map([[NAME_LABEL, "*"]]);

/** Report whether a namespace selector matches namespaces that will be created without a label of their own. */
export function isOpen(selector: Selector): boolean {
  return selectorMatches(selector, UNLABELLED);
}
