import { z } from "zod";
import { POLICY_KINDS } from "../engine/model.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";

/** Report policies in a cluster whose network is known not to enforce any. */
export const notEnforced = defineValidator({
  id: "not-enforced",
  title: "Nothing in the cluster enforces policies",
  why: "A NetworkPolicy is only stored by the API server; the network plugin has to enforce it. Where it does not, as with Flannel alone, every policy is accepted and none has an effect.",
  fix: "Install a network plugin that enforces policies, or one that does so beside yours. `kubectl network-policy doctor` shows what was looked at.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ facts: { network } }): readonly Finding[] {
    const bare = network.bare();
    if (bare === null) return [];
    return [
      {
        path: "",
        message: `does nothing: \`${bare}\` does not enforce policies, and nothing that does is known here`,
        help: "install a network plugin that does; `kubectl network-policy doctor` shows what was looked at",
        // There may be an agent of a name that nobody here knows.
        unsure: true,
      },
    ];
  },
});
