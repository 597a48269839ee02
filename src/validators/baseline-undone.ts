import { z } from "zod";
import { IPV4_SPACE, IPV6_SPACE, mergeRanges, rangeEncloses } from "../engine/address.ts";
import {
  type AddressRange,
  DIRECTIONS,
  type Direction,
  type Policy,
  policyKey,
} from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { accepting, type PlacedRule } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { selectsWhole } from "./parts/whole-namespace.ts";

/** Report policies that give back to a whole namespace what a default-deny there takes. */
export const baselineUndone = defineValidator({
  id: "baseline-undone",
  title: "The policy undoes a default-deny",
  why: "Policies only add up. One that lets every pod of a namespace be reached by everybody, beside a default-deny, leaves nothing of the default-deny, although both look right by themselves.",
  fix: "Select the pods that need it, or name who is meant; or delete the default-deny, and say so.",
  kinds: ["NetworkPolicy"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ object, placedRules, after }): readonly Finding[] {
    // Only NetworkPolicies add up.
    if (object?.kind !== "policy" || object.policy.tier !== "NetworkPolicy") return [];
    const { policy } = object;
    const open = DIRECTIONS.flatMap((direction) => {
      const rules = accepting(placedRules).filter((rule) => rule.direction === direction);
      const whom = crowdOf(rules, after);
      return whom === null ? [] : [{ direction, whom }];
    });
    if (open.length === 0 || !selectsWhole(policy, after)) return [];
    return open.flatMap(({ direction, whom }) => {
      const undone = defaultDeny(policy, direction, after);
      if (undone === null) return [];
      const way = direction === "ingress" ? "in from" : "out to";
      return [
        {
          path: `spec.${direction}`,
          message: `lets every pod of \`${policy.namespace}\` ${way} ${whom} on every port, which undoes what \`${undone}\` denies`,
          help: "select the pods that need it, or name who is meant",
        },
      ];
    });
  },
});

/** Whom the rules without ports let through, all together, if that is everybody of a kind. */
function crowdOf(rules: readonly PlacedRule[], after: EngineView): string | null {
  const onEveryPort = rules.filter(({ rule }) => rule.ports === "all");
  if (onEveryPort.some(({ rule }) => rule.peers === "all")) return "everybody";
  const ranges = mergeRanges(
    onEveryPort.flatMap(({ blocks }) => blocks).flatMap((block) => block.ranges),
  );
  const holds = (space: AddressRange): boolean =>
    ranges.some((range) => rangeEncloses(range, space));
  if (holds(IPV4_SPACE)) return holds(IPV6_SPACE) ? "every address" : "every IPv4 address";
  if (holds(IPV6_SPACE)) return "every IPv6 address";
  const whole = new Set<string>();
  for (const { peer } of onEveryPort.flatMap(({ peers }) => peers)) {
    if (peer.kind !== "pods" || peer.selection.pods.length > 0) continue;
    const { namespaces } = peer.selection;
    if (namespaces.kind === "name") whole.add(namespaces.name);
    else for (const { name } of after.matchingNamespaces(namespaces.selector)) whole.add(name);
  }
  return whole.size > 1 && whole.size === after.namespaceCount() ? "every namespace" : null;
}

/** The name of another policy that denies everything to every pod of the namespace. */
function defaultDeny(policy: Policy, direction: Direction, after: EngineView): string | null {
  for (const other of after.policiesOf(policy.namespace)) {
    const { isolates, rules } = other[direction];
    if (!isolates || rules.length > 0 || policyKey(other) === policyKey(policy)) continue;
    if (selectsWhole(other, after)) return other.name;
  }
  return null;
}
