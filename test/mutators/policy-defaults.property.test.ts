import * as fc from "fast-check";
import { expect, it } from "vitest";
import { policyDefaults } from "../../src/mutators/policy-defaults.ts";
import { applyPatch } from "../../src/rules/json-patch.ts";
import { renderPatch } from "../../src/rules/mutator.ts";
import { parseNetworkPolicy } from "../../src/wire/network-policy.ts";

const optional = { requiredKeys: [] };
const port = fc.record(
  {
    protocol: fc.constantFrom("TCP", "UDP", "SCTP", null),
    port: fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom("http", null)),
  },
  optional,
);
const peers = fc.option(fc.array(fc.constant({ podSelector: {} }), { maxLength: 2 }));
const ports = fc.option(fc.array(port, { maxLength: 3 }));
const rules = (side: "from" | "to"): fc.Arbitrary<unknown> =>
  fc.option(fc.array(fc.record({ [side]: peers, ports }, optional), { maxLength: 3 }));
const policy = fc.record(
  {
    metadata: fc.constant({ name: "web", namespace: "shop" }),
    spec: fc.record(
      {
        podSelector: fc.constant({}),
        policyTypes: fc.option(fc.subarray(["Ingress", "Egress"])),
        ingress: rules("from"),
        egress: rules("to"),
      },
      optional,
    ),
  },
  { requiredKeys: ["metadata"] },
);

it("what is stored means what was sent, says it all, and is left alone the next time", () => {
  fc.assert(
    fc.property(policy, (sent) => {
      const stored = applyPatch(sent, renderPatch([policyDefaults], "NetworkPolicy", sent));
      const before = parseNetworkPolicy(sent);
      const after = parseNetworkPolicy(stored);
      expect(before.ok).toBe(true);
      expect(before.ok && after.ok && after.value.policy).toEqual(before.ok && before.value.policy);
      expect(renderPatch([policyDefaults], "NetworkPolicy", stored)).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
