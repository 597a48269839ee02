import { z } from "zod";
import {
  type AddressRange,
  DIRECTIONS,
  type Peer,
  type Pod,
  type Policy,
  type PortMatch,
  podKey,
  policyKey,
  type Rule,
  type Selection,
} from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { overlaps } from "./parts/blocks.ts";

/** PERF: to see whether two selections have a pod in common, this many pods of each are compared. */
const MAX_PODS = 1000;

/** Report policies of one tier and priority that decide differently about the same traffic. */
export const equalPriority = defineValidator({
  id: "equal-priority",
  title: "Two policies of equal priority contradict each other",
  why: "Which of two policies of the same tier and priority wins is not defined, and differs between implementations. Where one accepts and the other denies the same traffic of the same pods, nobody can know what happens.",
  fix: "Give one of them another priority.",
  kinds: ["policy"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Deny" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ object, after }): readonly Finding[] {
    if (object?.kind !== "policy" || object.policy.tier === "NetworkPolicy") return [];
    const { policy } = object;
    for (const rival of after.policiesOf("")) {
      if (!isRival(policy, rival)) continue;
      const contradiction = contradictionOf(policy, rival, after);
      if (contradiction !== null) return [finding(policy, rival, contradiction)];
    }
    return [];
  },
});

function isRival(policy: Policy, rival: Policy): boolean {
  return (
    rival.tier === policy.tier &&
    rival.priority === policy.priority &&
    policyKey(rival) !== policyKey(policy)
  );
}

interface Contradiction {
  readonly pod: Pod;
  readonly ours: Rule;
  readonly theirs: Rule;
}

function contradictionOf(policy: Policy, rival: Policy, after: EngineView): Contradiction | null {
  const pairs = DIRECTIONS.flatMap((direction) =>
    policy[direction].rules.flatMap((ours) =>
      rival[direction].rules
        .filter(({ action, ports }) => action !== ours.action && portsMeet(ours.ports, ports))
        .map((theirs) => ({ ours, theirs })),
    ),
  );
  if (pairs.length === 0) return null;
  const [pod] = podsInBoth(policy.subject, rival.subject, after);
  if (pod === undefined) return null;
  const pair = pairs.find(({ ours, theirs }) => peersMeet(ours.peers, theirs.peers, after));
  return pair === undefined ? null : { pod, ...pair };
}

function podsInBoth(a: Selection, b: Selection, after: EngineView): readonly Pod[] {
  const theirs = new Set(podsOf(b, after));
  return podsOf(a, after).filter((pod) => theirs.has(pod));
}

/** ClusterNetworkPolicy means no pods on a node's network, neither as subject nor as peer. */
function podsOf(selection: Selection, after: EngineView): readonly Pod[] {
  return after.select(selection, MAX_PODS).sample.filter(({ hostNetwork }) => !hostNetwork);
}

function portsMeet(a: Rule["ports"], b: Rule["ports"]): boolean {
  if (a === "all" || b === "all") return true;
  return a.some((one) => b.some((other) => portMeets(one, other)));
}

/** Where a name leads depends on the pod: only the same name is surely the same port. */
function portMeets(a: PortMatch, b: PortMatch): boolean {
  if (a.kind === "named" || b.kind === "named") {
    return a.kind === "named" && b.kind === "named" && a.name === b.name;
  }
  return a.protocol === b.protocol && a.first <= b.last && b.first <= a.last;
}

function peersMeet(a: Rule["peers"], b: Rule["peers"], after: EngineView): boolean {
  if (a === "all" || b === "all") return true;
  return a.some((one) => b.some((other) => peerMeets(one, other, after)));
}

function peerMeets(a: Peer, b: Peer, after: EngineView): boolean {
  if (a.kind === "pods" && b.kind === "pods") {
    return podsInBoth(a.selection, b.selection, after).length > 0;
  }
  if (a.kind === "addresses" && b.kind === "addresses") {
    return a.ranges.some((range) => b.ranges.some((other) => overlaps(range, other)));
  }
  if (a.kind === "pods" && b.kind === "addresses") return isWithin(a.selection, b.ranges, after);
  if (a.kind === "addresses" && b.kind === "pods") return isWithin(b.selection, a.ranges, after);
  // Nodes and domain names have addresses that are not known before.
  return a.kind === b.kind;
}

/** Report whether one of the pods has an address there, and is meant by it. */
function isWithin(
  selection: Selection,
  ranges: readonly AddressRange[],
  after: EngineView,
): boolean {
  if (!after.dataplane.ipBlockMatchesPods) return false;
  return podsOf(selection, after)
    .flatMap(({ addresses }) => addresses)
    .some((address) => ranges.some(({ first, last }) => first <= address && address <= last));
}

function finding(policy: Policy, rival: Policy, { pod, ours, theirs }: Contradiction): Finding {
  const acts = `\`${theirs.action}\` in its ${theirs.path}, \`${ours.action}\` in ${ours.path}`;
  return {
    path: policy.kind === "BaselineAdminNetworkPolicy" ? "spec" : "spec.priority",
    message: `has the priority of ${rival.kind} \`${rival.name}\`, which contradicts it for pods such as \`${podKey(pod)}\`: ${acts}`,
    help: "give one of them another priority",
  };
}
