import { z } from "zod";
import { type Peer, POLICY_KINDS } from "../engine/model.ts";
import { accepting } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { portsField } from "./parts/ports.ts";

const parameters = z.strictObject({
  withinNamespace: z
    .boolean()
    .default(false)
    .describe("also find rules all of whose peers are pods of the policy's own namespace"),
});

/** Report rules that name peers but no ports. */
export const everyPort = defineValidator({
  id: "every-port",
  title: "A rule says who, but not on which ports",
  why: "Without `ports`, or with an empty list, a rule takes in every port of every protocol: beside the one that is meant also the debugger, the metrics and whatever a container opens later.",
  fix: "List the ports that are meant.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: null, restricted: "Audit" },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ placedRules, parameters: { withinNamespace } }): readonly Finding[] {
    return accepting(placedRules)
      .filter(({ rule: { peers, ports }, policy }) => {
        // Whoever names neither is another rule's finding.
        if (ports !== "all" || peers === "all") return false;
        return withinNamespace || !peers.every((peer) => isWithin(peer, policy.namespace));
      })
      .map(({ rule, policy }) => ({
        path: rule.path,
        message: `names no \`${portsField(policy)}\`, and so takes in every port of every protocol`,
        help: `add \`${portsField(policy)}\` with those that are meant`,
      }));
  },
});

function isWithin(peer: Peer, namespace: string): boolean {
  if (peer.kind !== "pods") return false;
  const { namespaces } = peer.selection;
  return namespaces.kind === "name" && namespaces.name === namespace;
}
