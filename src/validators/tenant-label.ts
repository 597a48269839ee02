import { z } from "zod";
import { NAME_LABEL, POLICY_KINDS, type Requirement, type Selector } from "../engine/model.ts";
import { listed } from "../rules/phrases.ts";
import { accepting } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { isOpen } from "./parts/open-selector.ts";

const parameters = z.strictObject({
  trustedKeys: z
    .array(z.string().min(1))
    .default([NAME_LABEL])
    .describe(
      "keys of namespace labels that tenants cannot set; one that ends in `/*` stands for all with that prefix",
    ),
});

/** Report peers of namespaces by labels that whoever owns a namespace may set. */
export const tenantLabel = defineValidator({
  id: "tenant-label",
  title: "A peer by a label that anybody may give to a namespace",
  why: "Whoever may edit a namespace may give it the label that a rule asks for, and is let in. Only `kubernetes.io/metadata.name` is set by the API server, to the namespace's name.",
  fix: "Select by `kubernetes.io/metadata.name`, alone or beside the label; or list in `trustedKeys` the labels that only those who run the cluster may set.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: null, restricted: "Audit" },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ placedRules, parameters: { trustedKeys } }): readonly Finding[] {
    return accepting(placedRules).flatMap(({ peers }) =>
      peers.flatMap(({ peer, paths }) => {
        if (peer.kind !== "pods" || peer.selection.namespaces.kind !== "selector") return [];
        const { selector } = peer.selection.namespaces;
        // A selector that asks for no label at all is another rule's finding.
        if (isOpen(selector) || isTrusted(selector, trustedKeys)) return [];
        const keys = [...new Set(selector.filter(asks).map(({ key }) => key))];
        // Without any it asks that the name's label be missing, which nobody can bring about.
        if (keys.length === 0) return [];
        return [
          {
            path: paths.namespaces,
            message: `whoever may label a namespace can satisfy ${listed(keys)}`,
            help: "select by `kubernetes.io/metadata.name`",
          },
        ];
      }),
    );
  },
});

/** All requirements have to hold, so one that nobody can forge is enough. */
function isTrusted(selector: Selector, keys: readonly string[]): boolean {
  return selector.some(
    (requirement) => asks(requirement) && keys.some((key) => is(requirement, key)),
  );
}

/** Requirements that a label must not be there are met by leaving it out. */
function asks({ operator }: Requirement): boolean {
  return operator === "In" || operator === "Exists";
}

function is({ key }: Requirement, trusted: string): boolean {
  return trusted.endsWith("/*") ? key.startsWith(trusted.slice(0, -1)) : key === trusted;
}
