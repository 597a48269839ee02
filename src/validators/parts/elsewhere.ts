import { NAME_LABEL, type Requirement, type Selector } from "../../engine/model.ts";
import type { ClusterFacts } from "../../rules/rule.ts";

/** Report whether a namespace that the selector matches may well exist although none is known. */
export function isElsewhere(
  selector: Selector,
  { knowsNamespaces }: Pick<ClusterFacts, "knowsNamespaces">,
): boolean {
  if (knowsNamespaces === "yes" || selector.some(isByName)) return false;
  return knowsNamespaces === "no" || selector.some(({ key }) => key === NAME_LABEL);
}

/**
 * Report whether a label is asked for that people believe every namespace has. That a value is the name of a
 * namespace says nothing by itself: `env: prod` is a label that somebody may well give to `prod`.
 */
function isByName({ key, values }: Requirement): boolean {
  return key !== NAME_LABEL && (key === "name" || values.includes("kube-system"));
}
