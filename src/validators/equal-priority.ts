import { z } from "zod";
import { rangeContains, rangesOverlap } from "../engine/address.ts";
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

/** PERF: to see whether two selections have a pod in common, this many pods of each are compared. */
const MAX_PODS = 1000;

/** PERF: that many pairs of peers are compared; two policies as large as their API allows have millions. */
const MAX_PAIRS = 10_000;

/** Report policies of one tier and priority that decide differently about the same traffic. */
export const equalPriority = defineValidator({
  id: "equal-priority",
  title: "Two policies of equal priority contradict each other",
  why: "Which of two policies of the same tier and priority wins is not defined, and differs between implementations. Where one accepts and the other denies the same traffic of the same pods, nobody can know what happens.",
  fix: "Give one of them another priority.",
  kinds: ["ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Deny" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ object, after }): readonly Finding[] {
    if (object?.kind !== "policy" || object.policy.tier === "NetworkPolicy") return [];
    const { policy } = object;
    const overlaps = new Overlaps(after);
    for (const rival of after.policiesOf("")) {
      if (!isRival(policy, rival)) continue;
      const contradiction = contradictionOf(policy, rival, overlaps);
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

function contradictionOf(policy: Policy, rival: Policy, overlaps: Overlaps): Contradiction | null {
  const pairs = DIRECTIONS.flatMap((direction) =>
    policy[direction].rules.flatMap((ours) =>
      rival[direction].rules
        .filter(({ action, ports }) => action !== ours.action && portsMeet(ours.ports, ports))
        .map((theirs) => ({ ours, theirs })),
    ),
  );
  if (pairs.length === 0) return null;
  const [pod] = overlaps.podsInBoth(policy.subject, rival.subject);
  if (pod === undefined) return null;
  const pair = pairs.find(({ ours, theirs }) => overlaps.peersMeet(ours.peers, theirs.peers));
  return pair === undefined ? null : { pod, ...pair };
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

/** What peers have in common, as far as it is looked. */
class Overlaps {
  readonly #after: EngineView;
  readonly #pods = new Map<Selection, ReadonlySet<Pod>>();
  #left = MAX_PAIRS;

  constructor(after: EngineView) {
    this.#after = after;
  }

  podsInBoth(a: Selection, b: Selection): Iterable<Pod> {
    return this.#podsOf(a).intersection(this.#podsOf(b));
  }

  peersMeet(a: Rule["peers"], b: Rule["peers"]): boolean {
    if (a === "all" || b === "all") return true;
    return a.some((one) => b.some((other) => this.#left-- > 0 && this.#meet(one, other)));
  }

  #meet(a: Peer, b: Peer): boolean {
    if (a.kind === "pods" && b.kind === "pods") {
      return !this.#podsOf(a.selection).isDisjointFrom(this.#podsOf(b.selection));
    }
    if (a.kind === "addresses" && b.kind === "addresses") {
      return a.ranges.some((range) => b.ranges.some((other) => rangesOverlap(range, other)));
    }
    if (a.kind === "pods" && b.kind === "addresses") return this.#isWithin(a.selection, b.ranges);
    if (a.kind === "addresses" && b.kind === "pods") return this.#isWithin(b.selection, a.ranges);
    // Nodes and domain names have addresses that are not known before.
    return a.kind === b.kind;
  }

  /** Report whether one of the pods has an address there, and is meant by it. */
  #isWithin(selection: Selection, ranges: readonly AddressRange[]): boolean {
    if (!this.#after.dataplane.ipBlockMatchesPods) return false;
    return this.#podsOf(selection)
      .values()
      .flatMap(({ addresses }) => addresses)
      .some((address) => ranges.some((range) => rangeContains(range, address)));
  }

  /** ClusterNetworkPolicy means no pods on a node's network, neither as subject nor as peer. */
  #podsOf(selection: Selection): ReadonlySet<Pod> {
    const known = this.#pods.get(selection);
    if (known !== undefined) return known;
    const { sample } = this.#after.select(selection, MAX_PODS);
    const pods = new Set(sample.filter(({ hostNetwork }) => !hostNetwork));
    this.#pods.set(selection, pods);
    return pods;
  }
}

function finding(policy: Policy, rival: Policy, { pod, ours, theirs }: Contradiction): Finding {
  const acts = `\`${theirs.action}\` in its ${theirs.path}, \`${ours.action}\` in ${ours.path}`;
  return {
    path: policy.kind === "BaselineAdminNetworkPolicy" ? "spec" : "spec.priority",
    message: `has the priority of ${rival.kind} \`${rival.name}\`, which contradicts it for pods such as \`${podKey(pod)}\`: ${acts}`,
    help: "give one of them another priority",
  };
}
