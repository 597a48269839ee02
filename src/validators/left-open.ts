import { z } from "zod";
import { DIRECTIONS, type Direction, podKey } from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { haveSameSubject } from "./parts/same-subject.ts";

/** PERF: how many of the pods that the policy selected are looked at. */
const MAX_PODS = 2000;

/** Report changes after which no policy isolates pods that the changed one isolated. */
export const leftOpen = defineValidator({
  id: "left-open",
  title: "The change leaves pods without any policy",
  why: "A pod that no policy selects in a direction is open to everybody there. So deleting the last policy that selects it, or taking a direction out of its `policyTypes`, closes nothing: it opens every connection.",
  fix: "Put another policy in place first, such as a default-deny for the namespace.",
  kinds: ["NetworkPolicy"],
  operations: ["UPDATE", "DELETE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ object, oldObject, delta, after }): readonly Finding[] {
    if (oldObject?.kind !== "policy" || delta.opened.length === 0) return [];
    const { policy } = oldObject;
    const next =
      object?.kind === "policy" && haveSameSubject(object.policy, policy) ? object : null;
    // PERF: a pod that the new version isolates as the old one did is not left open.
    const isolated = DIRECTIONS.filter(
      (direction) => policy[direction].isolates && next?.policy[direction].isolates !== true,
    );
    if (isolated.length === 0) return [];
    const { sample } = after.select(policy.subject, MAX_PODS);
    return isolated.flatMap((direction) => {
      // No policy has closed those on the host's network.
      const open = sample.filter(
        (pod) => !pod.hostNetwork && after.isolation(podKey(pod), direction) === "no",
      );
      const [first] = open;
      if (first === undefined) return [];
      const who = open.length === 1 ? "pod" : `${open.length} pods such as`;
      return [
        {
          path: object === null ? "" : "spec",
          message: `leaves ${who} \`${podKey(first)}\` without any ${effect(direction, after)}`,
          help: "put another policy in place first, such as a default-deny",
        },
      ];
    });
  },
});

/** What is left where nothing isolates any more: the other kinds of policy isolate nobody, but may deny. */
function effect(direction: Direction, after: EngineView): string {
  const mayBeDenied = [...after.policiesOf("")].some((policy) =>
    policy[direction].rules.some(({ action }) => action === "Deny"),
  );
  if (direction === "ingress") {
    return mayBeDenied
      ? "NetworkPolicy for ingress: everybody may connect whom no policy of a tier denies"
      : "policy for ingress: everybody may connect";
  }
  return mayBeDenied
    ? "NetworkPolicy for egress: they may connect wherever no policy of a tier denies"
    : "policy for egress: they may connect everywhere";
}
