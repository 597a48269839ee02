import { z } from "zod";
import { DIRECTIONS, type Direction, type Pod, podKey } from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { counted } from "../rules/phrases.ts";
import { type ClusterFacts, defineValidator, type Finding } from "../rules/rule.ts";
import { selectsWhole } from "./parts/whole-namespace.ts";

/** PERF: how many pods of the namespace are looked at. */
const MAX_PODS = 2000;

/** Report policies in a namespace where nothing denies by default. */
export const noDefaultDeny = defineValidator({
  id: "no-default-deny",
  title: "The namespace denies nothing by default",
  why: "A policy restricts only the pods that it selects, and only in its own directions. Without a policy for the whole namespace that denies what none allows, all other pods, and those to come, are open to everybody.",
  fix: "Add a policy with `podSelector: {}`, both `policyTypes` and no rules, or opt the namespace in to a baseline.",
  kinds: ["NetworkPolicy"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: null, restricted: "Audit" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ object, after, facts }): readonly Finding[] {
    if (object?.kind !== "policy" || object.policy.tier !== "NetworkPolicy") return [];
    const { namespace } = object.policy;
    return DIRECTIONS.flatMap((direction) =>
      isClosed(namespace, direction, after) ? [] : [finding(namespace, direction, after, facts)],
    );
  },
});

/** Whether a policy isolates the whole namespace, or a tier above or below denies by default. */
function isClosed(namespace: string, direction: Direction, after: EngineView): boolean {
  for (const policy of after.policiesOf(namespace)) {
    const isWhole = policy.subject.pods.length === 0 || selectsWhole(policy, after);
    if (policy[direction].isolates && isWhole) return true;
  }
  for (const policy of after.policiesOf("")) {
    const denies = policy[direction].rules.some(({ action }) => action === "Deny");
    if (!denies || policy.tier !== "Baseline" || policy.subject.pods.length > 0) continue;
    const { namespaces } = policy.subject;
    const selected =
      namespaces.kind === "selector" ? after.matchingNamespaces(namespaces.selector) : [];
    if (selected.some(({ name }) => name === namespace)) return true;
  }
  return false;
}

function finding(
  namespace: string,
  direction: Direction,
  after: EngineView,
  facts: ClusterFacts,
): Finding {
  // Of files that say nothing of pods, some may be made up.
  const { open, pods } = facts.knowsPodsOf(namespace)
    ? openPods(namespace, direction, after)
    : NOBODY_KNOWN;
  const [first] = open;
  const now =
    first === undefined
      ? "pods to come are open"
      : `${open.length} of ${counted(pods, "pod")} ${open.length === 1 ? "is" : "are"} open now, such as \`${podKey(first)}\``;
  return {
    path: "metadata.namespace",
    message: `no policy isolates all of \`${namespace}\` for ${direction}: ${now}`,
    help: "add a default-deny for the namespace",
  };
}

const NOBODY_KNOWN = { open: [], pods: 0 };

function openPods(
  namespace: string,
  direction: Direction,
  after: EngineView,
): { readonly open: readonly Pod[]; readonly pods: number } {
  const open: Pod[] = [];
  let pods = 0;
  for (const pod of after.podsOf(namespace)) {
    // Policies do not apply to those on the host's network.
    if (pod.hostNetwork) continue;
    pods += 1;
    if (after.isolation(podKey(pod), direction) === "no") open.push(pod);
    if (pods === MAX_PODS) break;
  }
  return { open, pods };
}
