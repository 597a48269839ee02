import { z } from "zod";
import { POLICY_KINDS, type Policy } from "../engine/model.ts";
import { withHint } from "../rules/phrases.ts";
import { defineValidator, type Finding, type GovernedPolicy } from "../rules/rule.ts";
import { field } from "../wire/shape.ts";
import { namespacesOf, type Surroundings, selectsAnything } from "./parts/bearers.ts";
import { contradictionIn } from "./parts/contradiction.ts";
import { isElsewhere } from "./parts/elsewhere.ts";
import { renderSelector } from "./parts/render-selector.ts";
import { showLabels } from "./parts/show-labels.ts";
import { suggestLabel, suggestPods } from "./parts/suggest-label.ts";

/** Report policies that select no pod and no workload template. */
export const selectsNothing = defineValidator({
  id: "selects-nothing",
  title: "The policy selects no pod",
  why: "A policy whose selector matches nothing protects nothing, and nobody is told: labels of the Deployment instead of its template, a typo, or the wrong namespace.",
  fix: "Compare the selector with `kubectl get pods --show-labels` in the policy's namespace; it is the pod template's labels that count.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ object, after, facts }): readonly Finding[] {
    if (object?.kind !== "policy") return [];
    const { subject } = object.policy;
    // PERF: first, because most select something, and the namespaces of a scope may be all there are.
    if (selectsAnything(subject, { after, facts })) return [];
    const contradiction = contradictionIn(subject, subjectPaths(object));
    if (contradiction !== null) return [contradiction];
    const namespaces = namespacesOf(subject.namespaces, after);
    if (!namespaces.every((name) => facts.knowsPodsOf(name))) return [];
    if (namespaces.length === 0) {
      const { namespaces: scope } = subject;
      const isHere = scope.kind === "name" || !isElsewhere(scope.selector, facts);
      return isHere ? [noNamespace(object, { after, facts })] : [];
    }
    // Whoever selects all pods of a namespace means those to come as well.
    if (subject.pods.length === 0) return [];
    // That policies do not apply to those on the host's network is another rule's finding.
    if (after.hostPods(subject, 1).length > 0) return [];
    return [noPod(object, namespaces, { after, facts })];
  },
});

function noPod(
  governed: GovernedPolicy,
  namespaces: readonly string[],
  surroundings: Surroundings,
): Finding {
  const { subject } = governed.policy;
  const where = namespaces.length === 1 ? `namespace \`${namespaces[0]}\`` : "its namespaces";
  const missed = `\`${renderSelector(subject.pods)}\` selects no pod and no workload in ${where}`;
  return {
    path: subjectPaths(governed).pods,
    message: withHint(missed, suggestPods(subject, surroundings)),
    help: showLabels(namespaces),
  };
}

function noNamespace(governed: GovernedPolicy, { after }: Surroundings): Finding {
  const { namespaces } = governed.policy.subject;
  const selector = namespaces.kind === "selector" ? namespaces.selector : [];
  const missed = `\`${renderSelector(selector)}\` selects no namespace`;
  return {
    path: subjectPaths(governed).namespaces,
    message: withHint(missed, suggestLabel(selector, after.matchingNamespaces([]))),
    help: "compare with `kubectl get namespaces --show-labels`",
  };
}

function subjectPaths({ manifest, policy }: GovernedPolicy): Record<"pods" | "namespaces", string> {
  if (isNamespaced(policy)) return { pods: "spec.podSelector", namespaces: "metadata.namespace" };
  const byPods = field(manifest, "spec", "subject", "pods") != null;
  return {
    pods: "spec.subject.pods.podSelector",
    namespaces: byPods ? "spec.subject.pods.namespaceSelector" : "spec.subject.namespaces",
  };
}

function isNamespaced(policy: Policy): boolean {
  return policy.kind === "NetworkPolicy";
}
