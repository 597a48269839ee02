/** What happens to the pods and namespaces of a cluster, one thing at a time or several at once. */
import fc from "fast-check";
import {
  type Change,
  type ContainerPort,
  type Direction,
  type Labels,
  type Pod,
  type Policy,
  podKey,
  type Rule,
  type Selector,
} from "../../src/engine/model.ts";
import { unreachable } from "../../src/errors.ts";
import {
  type Addressing,
  addressed,
  addressing,
  change,
  changed,
  containerPorts,
  labels,
  selector,
} from "./arbitrary-world.ts";
import type { World } from "./oracle.ts";

/** One thing of a policy that is edited, so that all else stays the same. */
type Edit = "types" | "actions" | "priority" | "tier" | "order of rules" | "rule less" | "subject";

type Move =
  /** `at`: the pod or namespace it happens to, as the world counts them. */
  | { readonly kind: "pod-labels"; readonly at: number; readonly labels: Labels }
  | { readonly kind: "namespace-labels"; readonly at: number; readonly labels: Labels }
  | { readonly kind: "ports"; readonly at: number; readonly ports: readonly ContainerPort[] }
  | { readonly kind: "addresses"; readonly at: number; readonly addresses: Addressing }
  | { readonly kind: "network" | "end"; readonly at: number; readonly addresses: Addressing }
  | { readonly kind: "node"; readonly at: number; readonly node: string | null }
  | { readonly kind: "gone"; readonly at: number }
  | {
      readonly kind: "policy";
      /** As the world counts its policies. */
      readonly at: number;
      readonly edit: Edit;
      readonly side: Direction;
      readonly pods: Selector;
    }
  | { readonly kind: "any"; readonly change: Change };

const at = fc.nat(5);

/** A pod is relabelled, gains or loses a named port or an address, joins its node's network, ends, a policy is edited, … */
const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ kind: fc.constant("pod-labels" as const), at, labels }),
  fc.record({ kind: fc.constant("namespace-labels" as const), at, labels }),
  fc.record({ kind: fc.constant("ports" as const), at, ports: containerPorts }),
  fc.record({ kind: fc.constant("addresses" as const), at, addresses: addressing }),
  fc.record({
    kind: fc.constantFrom("network" as const, "end" as const),
    at,
    addresses: addressing,
  }),
  fc.record({ kind: fc.constant("node" as const), at, node: fc.constantFrom("n1", "n2", null) }),
  fc.record({ kind: fc.constant("gone" as const), at }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("policy" as const),
      at,
      edit: fc.constantFrom<Edit>(
        "types",
        "actions",
        "priority",
        "tier",
        "order of rules",
        "rule less",
        "subject",
      ),
      side: fc.constantFrom("ingress" as const, "egress" as const),
      pods: selector,
    }),
  },
  fc.record({ kind: fc.constant("any" as const), change }),
);

export const moves: fc.Arbitrary<readonly Move[]> = fc.array(move, { minLength: 1, maxLength: 4 });

/** The moves as changes, each applied to the world that the ones before have left. */
export function changesBy(start: World, list: readonly Move[]): readonly Change[] {
  const changes: Change[] = [];
  list.reduce((w, each) => {
    const next = changeBy(w, each);
    if (next === null) return w;
    changes.push(next);
    return changed(w, next);
  }, start);
  return changes;
}

function changeBy(w: World, each: Move): Change | null {
  if (each.kind === "any") return each.change;
  if (each.kind === "policy") {
    const policy = w.policies[each.at % w.policies.length];
    if (policy === undefined) return null;
    return { kind: "policy", op: "upsert", object: edited(policy, each) };
  }
  if (each.kind === "namespace-labels") {
    const { name } = w.namespaces[each.at % w.namespaces.length] ?? { name: "a" };
    const own = new Map([...each.labels, ["kubernetes.io/metadata.name", name] as const]);
    return { kind: "namespace", op: "upsert", object: { name, labels: own } };
  }
  const pod = w.pods[each.at % w.pods.length];
  if (pod === undefined) return null;
  if (each.kind === "gone") return { kind: "pod", op: "delete", key: podKey(pod) };
  return { kind: "pod", op: "upsert", object: moved(pod, each) };
}

function moved(
  pod: Pod,
  each: Exclude<Move, { readonly kind: "any" | "gone" | "namespace-labels" | "policy" }>,
): Pod {
  switch (each.kind) {
    case "pod-labels":
      return { ...pod, labels: each.labels };
    case "ports":
      return { ...pod, ports: each.ports };
    case "addresses":
      return addressed(pod, each.addresses);
    case "network":
      return addressed({ ...pod, hostNetwork: !pod.hostNetwork }, each.addresses);
    case "end":
      return { ...pod, ended: !pod.ended };
    case "node":
      return pod.hostNetwork
        ? addressed({ ...pod, node: each.node }, { families: [4], spare: false })
        : { ...pod, node: each.node };
    default:
      return unreachable(each);
  }
}

function edited(policy: Policy, each: Extract<Move, { readonly kind: "policy" }>): Policy {
  const { edit, side, pods } = each;
  const { isolates, rules } = policy[side];
  const tiered = policy.tier !== "NetworkPolicy";
  switch (edit) {
    case "types":
      return tiered ? policy : { ...policy, [side]: { isolates: !isolates, rules: [] } };
    case "actions":
      return tiered ? { ...policy, [side]: { isolates, rules: rules.map(reversed) } } : policy;
    case "priority":
      return tiered ? { ...policy, priority: 1 - policy.priority } : policy;
    case "tier":
      return tiered ? { ...policy, tier: policy.tier === "Admin" ? "Baseline" : "Admin" } : policy;
    case "order of rules":
      return { ...policy, [side]: { isolates, rules: rules.toReversed() } };
    case "rule less":
      return { ...policy, [side]: { isolates, rules: rules.slice(1) } };
    case "subject":
      return { ...policy, subject: { ...policy.subject, pods } };
    default:
      return unreachable(edit);
  }
}

function reversed(rule: Rule): Rule {
  return { ...rule, action: rule.action === "Accept" ? "Deny" : "Accept" };
}
