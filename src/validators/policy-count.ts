import { z } from "zod";
import { POLICY_KINDS, type Policy } from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { haveSameSubject } from "./parts/same-subject.ts";

/** PERF: a policy is judged by the nodes of this many of its pods, and by this many of these nodes. */
const MAX_PODS = 100;
const MAX_NODES = 2;

const limitSchema = (most: number) => z.int().min(1).default(most);

const parameters = z.strictObject({
  maxRules: limitSchema(100).describe("rules of one policy, both directions together"),
  maxPoliciesPerNamespace: limitSchema(100).describe("policies of one namespace"),
  maxRulesPerNamespace: limitSchema(1000).describe("rules of all policies of one namespace"),
  maxPoliciesPerNode: limitSchema(500).describe("policies that select a pod of one node"),
  maxRulesPerNode: limitSchema(5000).describe(
    "rules of all policies that select a pod of one node",
  ),
});

type Limits = z.output<typeof parameters>;

/** Report policies that make them more than people and nodes can cope with. */
export const policyCount = defineValidator({
  id: "policy-count",
  title: "There are too many policies or rules",
  why: "Nobody keeps an overview of hundreds of policies in a namespace, and every node works out and keeps all rules that concern its pods: thousands of them slow down connections and the start of pods.",
  fix: "Merge policies: `kubectl network-policy audit` shows which are redundant and which rules can be one.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: null, restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ object, oldObject, after, parameters: limits }): readonly Finding[] {
    if (object?.kind !== "policy") return [];
    const { policy } = object;
    const own = tooMany(rulesOf(policy), limits.maxRules, "rules in one policy");
    if (oldObject?.kind === "policy" && !addsTo(oldObject.policy, policy)) return own;
    return [...own, ...inNamespace(policy, after, limits), ...onNodes(policy, after, limits)];
  },
});

/** Report whether an edit adds anything: it is not to blame for what was there before. */
function addsTo(before: Policy, after: Policy): boolean {
  return rulesOf(after) > rulesOf(before) || !haveSameSubject(before, after);
}

function inNamespace({ namespace }: Policy, after: EngineView, limits: Limits): readonly Finding[] {
  const where = namespace === "" ? "of cluster-scoped kinds" : `in namespace \`${namespace}\``;
  return judge(
    after.policiesOf(namespace),
    { policies: limits.maxPoliciesPerNamespace, rules: limits.maxRulesPerNamespace },
    where,
  );
}

/** The first of some nodes that has too much to do with the policy. */
function onNodes({ subject }: Policy, after: EngineView, limits: Limits): readonly Finding[] {
  const nodes = new Set(after.select(subject, MAX_PODS).sample.flatMap(({ node }) => node ?? []));
  for (const node of [...nodes].slice(0, MAX_NODES)) {
    const found = judge(
      after.policiesOnNode(node),
      { policies: limits.maxPoliciesPerNode, rules: limits.maxRulesPerNode },
      `for the pods of node \`${node}\``,
    );
    if (found.length > 0) return found;
  }
  return [];
}

function judge(
  policies: Iterable<Policy>,
  limits: { readonly policies: number; readonly rules: number },
  where: string,
): readonly Finding[] {
  let count = 0;
  let rules = 0;
  for (const policy of policies) {
    count += 1;
    rules += rulesOf(policy);
  }
  return [
    ...tooMany(count, limits.policies, `policies ${where}`),
    ...tooMany(rules, limits.rules, `rules ${where}`),
  ];
}

function rulesOf({ ingress, egress }: Policy): number {
  return ingress.rules.length + egress.rules.length;
}

function tooMany(count: number, most: number, what: string): readonly Finding[] {
  if (count <= most) return [];
  const message = `with it there are ${count} ${what}; at most ${most} are allowed`;
  return [{ path: "", message, help: "merge some: `kubectl network-policy audit` shows which" }];
}
