/** Small worlds copied many times, as the engine has other code for large numbers. */
import * as fc from "fast-check";
import type {
  NamespaceScope,
  Peer,
  Policy,
  Requirement,
  Rule,
  Selection,
} from "../../src/engine/model.ts";
import { changed, policy } from "./arbitrary-world.ts";
import type { World } from "./oracle.ts";

const NAME_LABEL = "kubernetes.io/metadata.name";

/** Has more selectors in one row, and more namespaces in one scope, than small worlds ever have. */
export function wideWorld(base: fc.Arbitrary<World>, copies: number): fc.Arbitrary<World> {
  return fc.tuple(base, fc.array(policy, { minLength: 12, maxLength: 16 })).map(([small, many]) => {
    const wide = Array.from({ length: copies }, (_, index) => copyOf(small, `${index}`));
    const all = wide.reduce<World>(
      (sum, one) => ({
        ...small,
        namespaces: [...sum.namespaces, ...one.namespaces],
        pods: [...sum.pods, ...one.pods],
        policies: [...sum.policies, ...one.policies],
      }),
      { ...small, namespaces: [], pods: [], policies: small.policies.filter(isClusterScoped) },
    );
    const rules = wide.map((_, index) => copyOf({ ...small, policies: many }, `${index}`).policies);
    const policies = [
      policyWith("a0", (direction) => rulesOf(rules[0] ?? [], direction)),
      policyWith("a1", (direction) => joined(rulesOf(rules.flat(), direction))),
    ];
    return policies.reduce(
      (w, object) => changed(w, { kind: "policy", op: "upsert", object }),
      all,
    );
  });
}

function isClusterScoped({ tier }: Policy): boolean {
  return tier !== "NetworkPolicy";
}

/** The rules of many policies. */
function rulesOf(many: readonly Policy[], direction: "ingress" | "egress"): readonly Rule[] {
  return many
    .flatMap((each) => each[direction].rules)
    .map((rule, index) => ({ ...rule, path: `spec.${direction}[${index}]` }));
}

/** One rule with the peers of all those that name any. */
function joined(rules: readonly Rule[]): readonly Rule[] {
  const peers = rules.flatMap((rule) => (rule.peers === "all" ? [] : rule.peers));
  return rules.slice(0, 1).map((rule) => ({ ...rule, peers }));
}

function policyWith(
  namespace: string,
  rules: (direction: "ingress" | "egress") => readonly Rule[],
): Policy {
  return {
    kind: "NetworkPolicy",
    namespace,
    name: "merged",
    tier: "NetworkPolicy",
    priority: 0,
    subject: { namespaces: { kind: "name", name: namespace }, pods: [] },
    ingress: { isolates: true, rules: rules("ingress") },
    egress: { isolates: true, rules: rules("egress") },
    readable: true,
  };
}

/** A copy of the world with other names of namespaces. */
function copyOf(small: World, suffix: string): World {
  const renamed = (name: string): string => `${name}${suffix}`;
  const requirement = (each: Requirement): Requirement =>
    each.key === NAME_LABEL ? { ...each, values: each.values.map(renamed) } : each;
  const scope = (each: NamespaceScope): NamespaceScope =>
    each.kind === "name"
      ? { kind: "name", name: renamed(each.name) }
      : { kind: "selector", selector: each.selector.map(requirement) };
  const selection = ({ namespaces, pods }: Selection): Selection => ({
    namespaces: scope(namespaces),
    pods,
  });
  const peer = (each: Peer): Peer =>
    each.kind === "pods" ? { kind: "pods", selection: selection(each.selection) } : each;
  const rule = (each: Rule): Rule => ({
    ...each,
    peers: each.peers === "all" ? each.peers : each.peers.map(peer),
  });
  return {
    ...small,
    namespaces: small.namespaces.map(({ name, labels }) => ({
      name: renamed(name),
      labels: new Map([...labels, [NAME_LABEL, renamed(name)]]),
    })),
    pods: small.pods.map((pod) => ({ ...pod, namespace: renamed(pod.namespace) })),
    policies: small.policies
      .filter((each) => !isClusterScoped(each))
      .map((each) => ({
        ...each,
        namespace: renamed(each.namespace),
        subject: selection(each.subject),
        ingress: { ...each.ingress, rules: each.ingress.rules.map(rule) },
        egress: { ...each.egress, rules: each.egress.rules.map(rule) },
      })),
  };
}
