import { z } from "zod";
import type { Direction } from "../engine/model.ts";
import { addAt } from "../rules/json-patch.ts";
import { counted } from "../rules/phrases.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { impliedPolicyTypes } from "../wire/network-policy.ts";
import { field, listAt } from "../wire/shape.ts";
import { appliedObject } from "./parts/applied-object.ts";

type PolicyType = "Ingress" | "Egress";

const TYPES: readonly (readonly [Direction, PolicyType])[] = [
  ["ingress", "Ingress"],
  ["egress", "Egress"],
];

const parameters = z.strictObject({
  alwaysWritten: z
    .boolean()
    .default(false)
    .describe("also find policies that leave `policyTypes` out where its default is harmless"),
});

/** Report rules that `policyTypes` makes void, and directions that its default isolates unasked. */
export const policyTypes = defineValidator({
  id: "policy-types",
  title: "policyTypes and the rules disagree",
  why: "Rules of a direction that `policyTypes` leaves out have no effect. Left out altogether, it means `Ingress` always and `Egress` only if there is an egress rule: an egress policy then shuts off all incoming traffic too, and an empty `egress` denies nothing.",
  fix: "Write `policyTypes` out, with exactly the directions that the policy is about.",
  kinds: ["NetworkPolicy"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Deny" },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ object, oldObject, parameters: { alwaysWritten } }): readonly Finding[] {
    // The other kinds have no policyTypes: their rules are their directions.
    if (object?.kind !== "policy" || object.policy.kind !== "NetworkPolicy") return [];
    const spec = field(object.manifest, "spec");
    const stated = listAt(spec, "policyTypes");
    const asWritten = field(appliedObject(object, oldObject), "spec", "policyTypes");
    // The default always has `Ingress`.
    const given = stated.includes("Ingress") && listAt(asWritten).length === 0 ? [] : stated;
    if (given.length > 0) return voidRules(spec, given);
    const found = impliedTypes(spec);
    return found.length > 0 || !alwaysWritten ? found : [leftOut(spec)];
  },
});

function voidRules(spec: unknown, given: readonly unknown[]): readonly Finding[] {
  return TYPES.flatMap(([direction, type]) => {
    const rules = listAt(spec, direction).length;
    if (rules === 0 || given.includes(type)) return [];
    return [
      {
        path: `spec.${direction}`,
        message: `${counted(rules, "rule")} without effect: \`policyTypes\` leaves out \`${type}\``,
        help: `add \`${type}\` to \`policyTypes\`, or take the rules out`,
      },
    ];
  });
}

function leftOut(spec: unknown): Finding {
  const types = impliedPolicyTypes({ egress: listAt(spec, "egress") });
  const help = `write \`policyTypes: [${types.join(", ")}]\``;
  return {
    path: "spec.policyTypes",
    message: `left out, and so by default \`[${types.join(", ")}]\``,
    help,
    fix: { title: help, patch: [addAt("spec.policyTypes", types)] },
  };
}

/** What the default of `policyTypes` does that nobody can have meant. */
function impliedTypes(spec: unknown): readonly Finding[] {
  const path = "spec.policyTypes";
  const help = "write `policyTypes: [Egress]`";
  const egress = field(spec, "egress");
  if (listAt(spec, "ingress").length > 0 || egress == null) return [];
  return listAt(egress).length > 0
    ? [
        {
          path,
          message: "left out, so the policy also denies all ingress to the pods it selects",
          help,
          fix: { title: help, patch: [addAt(path, ["Egress"])] },
        },
      ]
    : [
        {
          path,
          message: "left out, so an empty `egress` denies nothing and all ingress is denied",
          help,
        },
      ];
}
