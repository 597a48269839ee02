import { expect, it } from "vitest";
import { parseResource } from "../../src/resources/resource.ts";
import { HeldInvariants } from "../../src/rules/held-invariants.ts";
import { InvariantAudit } from "../../src/rules/invariant-audit.ts";
import { parseNetworkPolicy } from "../../src/wire/network-policy.ts";
import { createWorld, policy } from "../admission/world.ts";
import { named, resourceDocument } from "../support/documents.ts";
import { succeed } from "../wire/describe-policy.ts";

it("looks at the cluster again when what it knows is two seconds old, and forgets what is no more", () => {
  const { around, engine } = createWorld();
  const raw = resourceDocument("Invariant", "closed", {
    description: "the shop does not reach into dev",
    mustNotReach: { from: [{ namespaces: named("shop") }], to: [{ namespaces: named("dev") }] },
  });
  around.ruleBook.upsert("Invariant closed", { ok: true, value: succeed(parseResource(raw)) });
  const invariants = new HeldInvariants(engine, around.ruleBook);
  let nowMs = 0;
  const audit = new InvariantAudit({ engine, invariants, clock: () => nowMs });
  const broken = (): number | undefined => audit.breaches("closed")?.certain.groups.length;

  expect(audit.breaches("another")).toBeUndefined();
  expect(broken()).toBeGreaterThan(0);
  expect(audit.broken()).toBe(1);

  const denyAll = policy("dev/deny-all", { podSelector: {}, policyTypes: ["Ingress"] });
  const { policy: object } = succeed(parseNetworkPolicy(denyAll));
  engine.apply({ kind: "policy", op: "upsert", object });
  nowMs = 1_999;
  expect(broken()).toBeGreaterThan(0);
  nowMs = 2_000;
  expect(broken()).toBe(0);
  expect(audit.broken()).toBe(0);

  around.ruleBook.delete("Invariant closed");
  expect(broken()).toBeUndefined();
});
