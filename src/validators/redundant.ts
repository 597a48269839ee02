import { z } from "zod";
import { POLICY_KINDS, type Policy, policyKey } from "../engine/model.ts";
import type { Redundancy } from "../engine/query.ts";
import { unreachable } from "../errors.ts";
import { addAt, removeAt } from "../rules/json-patch.ts";
import { listed } from "../rules/phrases.ts";
import { defineValidator, type Finding, type Fix, type GovernedPolicy } from "../rules/rule.ts";
import { field } from "../wire/shape.ts";
import { baselineOf } from "./parts/baseline-of.ts";
import type { Surroundings } from "./parts/bearers.ts";
import { repeatedIn } from "./parts/repeated.ts";

/**
 * PERF: how many classes of pods and addresses are compared, about 1 ms, or hundreds of rules put in order, about 0.2 s at
 * most. A policy that would take more is found redundant only by `kubectl network-policy audit`.
 */
const MAX_COMPARED = 2000;

/** Report policies and rules that change nothing beside what there is. */
export const redundant = defineValidator({
  id: "redundant",
  title: "The policy or a rule of it changes nothing",
  why: "Nobody is let through or denied by it who would not be anyway. So it is either a mistake (another namespace, another label, a higher tier that decides first), or something that the next reader has to understand for nothing.",
  fix: "Take it out, or keep it on purpose for pods to come.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: null, restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ object, after, facts }): readonly Finding[] {
    if (object?.kind !== "policy" || isVoid(object.policy)) return [];
    // It is there for pods to come, and not for its reader to take out.
    if (baselineOf(object) !== null) return [];
    const found = redundanciesOf(object.policy, { after, facts });
    // A policy that says the same as another one changes nothing, which then goes without saying.
    const twins = found.filter(({ code }) => code === "duplicate-policies");
    return (twins.length > 0 ? twins : found).flatMap((one) => describe(one, object));
  },
});

/** If it is not known who runs there, every rule seems to change nothing: then what is written has to show it. */
function redundanciesOf(policy: Policy, { after, facts }: Surroundings): readonly Redundancy[] {
  const { namespace } = policy;
  const isOfCluster = namespace === "";
  if (isOfCluster ? facts.knowsNamespaces !== "no" : facts.knowsPodsOf(namespace)) {
    return after.redundanciesOf(policyKey(policy), MAX_COMPARED);
  }
  return isOfCluster ? [] : repeatedIn(policy, after.policiesOf(namespace));
}

function describe(finding: Redundancy, governed: GovernedPolicy): readonly Finding[] {
  switch (finding.code) {
    case "duplicate-policies":
      return [
        {
          path: "",
          message: `does the same to the same pods as ${names(finding.policies.slice(1))}`,
          help: "leave it out, unless the other one is to go",
        },
      ];
    case "redundant-policy":
      return [
        {
          path: "",
          message: `changes nothing${beside(finding.because)}`,
          help: "leave it out, or keep it on purpose for pods to come",
        },
      ];
    case "redundant-rule":
      return [
        {
          path: finding.path,
          message: `changes nothing beside the rest of the policy${and(finding.because)}`,
          help: "take the rule out",
          // Another policy that lets the same through may be gone tomorrow, so then there is no fix.
          ...(finding.because.length === 0 ? { fix: withoutRule(finding.path, governed) } : {}),
        },
      ];
    case "shadowed-rule":
      return [
        {
          path: finding.path,
          message: `never decides: ${names(finding.because)} ${finding.because.length === 1 ? "comes" : "come"} before it`,
          help: "take the rule out, or change the priorities",
        },
      ];
    default:
      return unreachable(finding);
  }
}

/** Without its last egress rule a policy no longer isolates, were its types not written down. */
function withoutRule(path: string, { manifest, policy }: GovernedPolicy): Fix {
  const isWritten =
    policy.kind !== "NetworkPolicy" || field(manifest, "spec", "policyTypes") != null;
  const types = [
    ...(policy.ingress.isolates ? ["Ingress"] : []),
    ...(policy.egress.isolates ? ["Egress"] : []),
  ];
  return {
    title: "take the rule out",
    patch: [...(isWritten ? [] : [addAt("spec.policyTypes", types)]), removeAt(path)],
  };
}

/** A policy of an ordered tier without rules is another rule's finding. */
function isVoid({ tier, ingress, egress }: Policy): boolean {
  return tier !== "NetworkPolicy" && ingress.rules.length + egress.rules.length === 0;
}

function beside(because: readonly string[]): string {
  return because.length === 0
    ? ": it lets everybody through whom nothing kept out"
    : ` beside ${names(because)}`;
}

function and(because: readonly string[]): string {
  return because.length === 0 ? "" : ` and ${names(because)}`;
}

/** Policies by their keys, as people say it. */
function names(keys: readonly string[]): string {
  return listed(
    keys.map((key) => {
      const [kind = "", namespace = "", name = ""] = key.split("/");
      return namespace === "" ? `${kind} ${name}` : `${namespace}/${name}`;
    }),
  );
}
