import { expect, it } from "vitest";
import type { Result } from "../../src/errors.ts";
import { parseResource, type Resource } from "../../src/resources/resource.ts";
import { HeldInvariants } from "../../src/rules/held-invariants.ts";
import { InvariantAudit } from "../../src/rules/invariant-audit.ts";
import { parseNetworkPolicy } from "../../src/wire/network-policy.ts";
import { createWorld, policy } from "../admission/world.ts";
import { named, resourceDocument } from "../support/documents.ts";
import { succeed } from "../wire/describe-policy.ts";

/** That the shop does not reach into another namespace. */
function closed(name: string, to = "dev"): Result<Resource, never> {
  const raw = resourceDocument("Invariant", name, {
    description: "the shop does not reach into dev",
    mustNotReach: { from: [{ namespaces: named("shop") }], to: [{ namespaces: named(to) }] },
  });
  return { ok: true, value: succeed(parseResource(raw)) };
}

/** An audit of a world in which looking at an invariant takes `tookMs`. */
function audited(tookMs: number) {
  const { around, engine } = createWorld();
  const { ruleBook } = around;
  const invariants = new HeldInvariants(engine, ruleBook);
  const put = (name: string, to?: string): void => {
    ruleBook.upsert(`Invariant ${name}`, closed(name, to));
    ruleBook.settle();
  };
  const remove = (name: string): void => {
    ruleBook.delete(`Invariant ${name}`);
    ruleBook.settle();
  };
  const seen: string[] = [];
  let nowMs = 0;
  const audit = new InvariantAudit({
    engine,
    invariants,
    clock: () => (nowMs += tookMs),
    onAudited: (name) => seen.push(name),
  });
  return { audit, engine, put, remove, seen };
}

it("tells what was found when an invariant was last looked at, and forgets what is no more", async () => {
  const { audit, engine, put, remove } = audited(0);
  put("closed");
  const broken = () => audit.breaches("closed")?.certain.groups.length;
  const { signal } = new AbortController();

  expect(audit.breaches("another")).toBeUndefined();
  expect(audit.breaches("closed")).toBeNull();
  expect(audit.broken()).toBe(0);
  await audit.audit(signal);
  expect(broken()).toBeGreaterThan(0);
  expect(audit.broken()).toBe(1);

  const denyAll = policy("dev/deny-all", { podSelector: {}, policyTypes: ["Ingress"] });
  const { policy: object } = succeed(parseNetworkPolicy(denyAll));
  engine.apply({ kind: "policy", op: "upsert", object });
  expect(broken()).toBeGreaterThan(0);
  await audit.audit(signal);
  expect(broken()).toBe(0);
  expect(audit.broken()).toBe(0);

  put("closed", "payments");
  expect(audit.breaches("closed")).toBeNull();
  remove("closed");
  expect(audit.breaches("closed")).toBeUndefined();
});

it("says nothing of what it found before it was stopped", async () => {
  const { audit, put } = audited(0);
  put("closed");
  const stopping = new AbortController();
  await audit.audit(stopping.signal);
  stopping.abort();
  expect(audit.breaches("closed")).toBeNull();
  expect(audit.broken()).toBe(0);
  await audit.audit(new AbortController().signal);
  expect(audit.broken()).toBe(1);
});

it("takes a twentieth of the time for all invariants together, and looks at new ones first", async () => {
  const { audit, put, remove, seen } = audited(5);
  for (const name of ["a", "b", "c"]) put(name);
  const { signal } = new AbortController();
  const started = performance.now();
  await audit.audit(signal);
  expect(performance.now() - started).toBeGreaterThan(3 * 90);
  const again = audit.audit(signal);
  remove("b");
  put("d");
  await again;
  expect(seen).toEqual(["a", "b", "c", "a", "d", "c"]);
});
