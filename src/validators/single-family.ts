import { z } from "zod";
import { type Family, familyOf } from "../engine/address.ts";
import {
  DIRECTIONS,
  type Direction,
  type Peer,
  POLICY_KINDS,
  type Pod,
  podKey,
} from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { selectorMatches } from "../engine/selector.ts";
import { accepting, type PlacedRule } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";

/** PERF: in how many pods we look for a second address; the pods of a policy are mostly alike. */
const MAX_PODS = 100;

/** Report policies with address blocks of one family for pods that have addresses of both. */
export const singleFamily = defineValidator({
  id: "single-family",
  title: "Address blocks of one family for pods that have both",
  why: "A block never matches addresses of the other family: `0.0.0.0/0` says nothing of IPv6. Pods with both kinds of address are then cut off over one of them, and programs that prefer it wait for a timeout first; a rule that denies leaves that one open.",
  fix: "Add the blocks of the other family that are meant.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: null, restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ placedRules, object, after }): readonly Finding[] {
    if (object?.kind !== "policy") return [];
    const { policy } = object;
    const adds = policy.tier === "NetworkPolicy";
    // Where nothing isolates, what no rule accepts is not denied: there it is the Deny rules that leave a way open.
    const rules = adds
      ? accepting(placedRules)
      : placedRules.filter(({ rule }) => rule.action === "Deny");
    const lone = DIRECTIONS.flatMap((direction) => loneFamily(rules, direction));
    if (lone.length === 0) return [];
    const { sample } = after.select(policy.subject, MAX_PODS);
    const dual = sample.find(hasBothFamilies);
    if (dual === undefined) return [];
    return lone
      .filter(
        ({ family, direction }) => !adds || !letsOutside(other(family), direction, dual, after),
      )
      .map(({ family, path }) => ({
        path,
        message: `has only IPv${family} blocks, but pods such as \`${podKey(dual)}\` have IPv${other(family)} addresses too, over which ${adds ? "nobody outside is let through" : "it denies nobody outside"}`,
        help: `add the blocks of IPv${other(family)} that are meant`,
      }));
  },
});

/** Report whether some policy lets the pod talk to addresses of a family. */
function letsOutside(
  family: Family,
  direction: Direction,
  { namespace, labels }: Pod,
  after: EngineView,
): boolean {
  for (const { subject, [direction]: section } of after.policiesOf(namespace)) {
    if (!selectorMatches(subject.pods, labels)) continue;
    if (
      section.rules.some(({ peers }) => peers === "all" || peers.some((one) => isOf(family, one)))
    )
      return true;
  }
  return false;
}

function isOf(family: Family, peer: Peer): boolean {
  return peer.kind === "addresses" && peer.ranges.some(({ first }) => familyOf(first) === family);
}

interface Lone {
  readonly direction: Direction;
  readonly family: Family;
  readonly path: string;
}

/** The family of all blocks of a direction, if they have one in common, and where the first of them stands. */
function loneFamily(rules: readonly PlacedRule[], direction: Direction): readonly Lone[] {
  const of = rules.filter((rule) => rule.direction === direction);
  if (of.some(({ rule }) => rule.peers === "all")) return [];
  const blocks = of.flatMap((rule) => rule.blocks);
  const [first] = blocks;
  const families = new Set(
    blocks.flatMap(({ ranges }) => ranges.map((range) => familyOf(range.first))),
  );
  const [family] = families;
  if (first === undefined || family === undefined || families.size > 1) return [];
  return [{ direction, family, path: blocks.length === 1 ? first.path : `spec.${direction}` }];
}

function hasBothFamilies({ addresses, hostNetwork }: Pod): boolean {
  return !hostNetwork && new Set(addresses.map(familyOf)).size > 1;
}

function other(family: Family): Family {
  return family === 4 ? 6 : 4;
}
