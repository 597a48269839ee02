import type { Selection } from "../../engine/model.ts";
import type { PlacedRule } from "../../rules/placed-rules.ts";

const EVERY_POD: Selection = { namespaces: { kind: "selector", selector: [] }, pods: [] };

/** The pods that a rule's traffic goes to, in whose containers its ports are. */
export function receivers({ policy, direction, rule, peers }: PlacedRule): readonly Selection[] {
  if (direction === "ingress") return [policy.subject];
  if (rule.peers === "all") return [EVERY_POD];
  return peers.flatMap(({ peer }) => (peer.kind === "pods" ? [peer.selection] : []));
}
