import { z } from "zod";
import { rangeContains, rangesOverlap } from "../engine/address.ts";
import type { Effort } from "../engine/effort.ts";
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
import { selectorMatches } from "../engine/selector.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { namespacesOf } from "./parts/bearers.ts";

/**
 * PERF: so many pods, ports and ranges of addresses are compared with another, some 0.2 s; two policies as large as their
 * API allows have a thousand times as many.
 */
const MAX_COMPARED = 1_000_000;

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
  check({ object, after, effortUpTo }): readonly Finding[] {
    if (object?.kind !== "policy" || object.policy.tier === "NetworkPolicy") return [];
    const { policy } = object;
    const overlaps = new Overlaps(after, effortUpTo(MAX_COMPARED));
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
        .filter(
          ({ action, ports }) => action !== ours.action && overlaps.portsMeet(ours.ports, ports),
        )
        .map((theirs) => ({ ours, theirs })),
    ),
  );
  if (pairs.length === 0) return null;
  const pod = overlaps.podInBoth(policy.subject, rival.subject);
  if (pod === undefined) return null;
  const pair = pairs.find(({ ours, theirs }) => overlaps.peersMeet(ours.peers, theirs.peers));
  return pair === undefined ? null : { pod, ...pair };
}

/** Where a name leads depends on the pod: only the same name is surely the same port. */
function portMeets(a: PortMatch, b: PortMatch): boolean {
  if (a.kind === "named" || b.kind === "named") {
    return a.kind === "named" && b.kind === "named" && a.name === b.name;
  }
  return a.protocol === b.protocol && a.first <= b.last && b.first <= a.last;
}

/** Whom a selection means. */
interface Meant {
  readonly selection: Selection;
  /** Pods on a node's network among them. */
  readonly count: number;
  readonly namespaces: ReadonlySet<string>;
  pods: readonly Pod[] | null;
}

/** What subjects, peers and ports have in common, as far as the effort allows to find out. */
class Overlaps {
  readonly #after: EngineView;
  readonly #effort: Effort;
  readonly #known = new Map<Selection, Meant>();

  constructor(after: EngineView, effort: Effort) {
    this.#after = after;
    this.#effort = effort;
  }

  portsMeet(a: Rule["ports"], b: Rule["ports"]): boolean {
    if (a === "all" || b === "all") return true;
    if (!this.#effort.take(a.length * b.length)) return false;
    return a.some((one) => b.some((other) => portMeets(one, other)));
  }

  peersMeet(a: Rule["peers"], b: Rule["peers"]): boolean {
    if (a === "all" || b === "all") return true;
    return a.some((one) => b.some((other) => this.#meet(one, other)));
  }

  /** A pod that both mean, as an example. */
  podInBoth(a: Selection, b: Selection): Pod | undefined {
    const [few, many] = [this.#meant(a), this.#meant(b)].toSorted((x, y) => x.count - y.count);
    if (few === undefined || many === undefined) return undefined;
    return this.#podsOf(few).find(
      ({ namespace, labels }) =>
        this.#effort.take(1) &&
        many.namespaces.has(namespace) &&
        selectorMatches(many.selection.pods, labels),
    );
  }

  #meet(a: Peer, b: Peer): boolean {
    if (a.kind === "pods" && b.kind === "pods") {
      return this.podInBoth(a.selection, b.selection) !== undefined;
    }
    if (a.kind === "addresses" && b.kind === "addresses") {
      if (!this.#effort.take(a.ranges.length * b.ranges.length)) return false;
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
    return this.#podsOf(this.#meant(selection)).some(
      ({ addresses }) =>
        this.#effort.take(addresses.length * ranges.length) &&
        addresses.some((address) => ranges.some((range) => rangeContains(range, address))),
    );
  }

  #meant(selection: Selection): Meant {
    const known = this.#known.get(selection);
    if (known !== undefined) return known;
    const { count, unsure } = this.#after.select(selection, 0);
    const namespaces = new Set(namespacesOf(selection.namespaces, this.#after));
    const meant = { selection, count: count + unsure, namespaces, pods: null };
    this.#known.set(selection, meant);
    return meant;
  }

  /** ClusterNetworkPolicy means no pods on a node's network, neither as subject nor as peer. */
  #podsOf(meant: Meant): readonly Pod[] {
    const { selection, count } = meant;
    if (meant.pods === null && !this.#effort.take(count)) return [];
    meant.pods ??= this.#after
      .select(selection, count)
      .sample.filter(({ hostNetwork }) => !hostNetwork);
    return meant.pods;
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
