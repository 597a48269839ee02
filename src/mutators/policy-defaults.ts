import { DIRECTIONS } from "../engine/model.ts";
import type { Assignment, Mutator } from "../rules/mutator.ts";
import { impliedPolicyTypes } from "../wire/network-policy.ts";
import { field, listAt } from "../wire/shape.ts";

/** Writes out what a NetworkPolicy leaves to defaults, so what is stored says what it means. */
export const policyDefaults: Mutator = {
  id: "policy-defaults",
  title: "Write out implied policyTypes and protocols",
  why: "What `policyTypes` and `protocol` mean where they are left out is easy to get wrong. Written out, a stored policy can be read without knowing the defaults.",
  kinds: ["NetworkPolicy"],
  since: "0.1.0",
  assign: (object) => {
    const spec = field(object, "spec");
    return [
      ...(listAt(spec, "policyTypes").length > 0
        ? []
        : [
            {
              path: ["spec", "policyTypes"],
              value: impliedPolicyTypes({ egress: listAt(spec, "egress") }),
            },
          ]),
      ...DIRECTIONS.flatMap((direction) => missingProtocols(spec, direction)),
    ];
  },
};

function missingProtocols(spec: unknown, direction: string): readonly Assignment[] {
  return listAt(spec, direction).flatMap((rule, index) =>
    listAt(rule, "ports").flatMap((port, position) =>
      field(port, "protocol") == null
        ? [{ path: ["spec", direction, index, "ports", position, "protocol"], value: "TCP" }]
        : [],
    ),
  );
}
