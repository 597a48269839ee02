import { expect, it } from "vitest";
import { parseResource, resourceKey } from "../../src/resources/resource.ts";
import { StoredFindings } from "../../src/rules/stored-findings.ts";
import { parseNetworkPolicy, unreadableNetworkPolicy } from "../../src/wire/network-policy.ts";
import { createWorld, type Json, policy } from "../admission/world.ts";
import { resourceDocument } from "../support/documents.ts";
import { succeed } from "../wire/describe-policy.ts";

const { around, engine } = createWorld();

function counting(...pages: readonly (readonly Json[])[]): StoredFindings {
  for (const raw of pages.flat()) {
    const read = parseNetworkPolicy(raw);
    if (read.ok) engine.apply({ kind: "policy", op: "upsert", object: read.value.policy });
  }
  return new StoredFindings({
    engine,
    ruleBook: around.ruleBook,
    facts: around.cluster.facts,
    clock: () => 0,
    now: around.now,
    pages: async function* () {
      yield* pages;
    },
  });
}
const { signal } = new AbortController();
const put = (kind: string, name: string, spec: object, namespace?: string): void => {
  const value = succeed(parseResource(resourceDocument(kind, name, spec, namespace)));
  around.ruleBook.upsert(resourceKey(value), { ok: true, value });
};
const join = (name: string, profile: string): void =>
  engine.apply({
    kind: "namespace",
    op: "upsert",
    object: { name, labels: new Map([["ringfence.dev/profile", profile]]) },
  });
const open = (name: string): Json => policy(name, { podSelector: {}, ingress: [{}] });

it("counts what rules find of what is stored, by the profile of its namespace", async () => {
  put("Profile", "one", { rules: [{ id: "allow-all", action: "Deny" }] });
  put("Profile", "two", { rules: [{ id: "allow-all", action: "Audit" }] });
  for (const [name, profile] of [
    ["a", "one"],
    ["b", "one"],
    ["c", "two"],
    ["d", "gone"],
  ] as const) {
    join(name, profile);
  }
  const findings = counting(
    [open("a/x"), open("a/y"), policy("a/shut", { podSelector: {} })],
    [open("b/x"), open("c/x"), open("d/x"), open("dev/x"), policy("a/odd", { podSelector: 1 })],
  );
  expect(findings.of("one")).toBeNull();
  await findings.audit(signal);
  expect(["one", "two", "three"].map((name) => findings.of(name))).toEqual([3, 1, 0]);
});

it("passes over what is too large for the engine, which would keep rules busy", async () => {
  put("Profile", "large", { rules: [{ id: "allow-all", action: "Deny" }] });
  join("l", "large");
  const findings = counting([open("l/x"), open("l/large")]);
  const object = unreadableNetworkPolicy(open("l/large"));
  engine.apply({ kind: "policy", op: "upsert", object });
  await findings.audit(signal);
  expect(findings.of("large")).toBe(1);
  // Nor is anything judged before the watch has shown it.
  engine.apply({ kind: "policy", op: "delete", key: "NetworkPolicy/l/x" });
  await findings.audit(signal);
  expect(findings.of("large")).toBe(0);
});

it("leaves out what an Exemption excuses", async () => {
  put("Profile", "one", { rules: [{ id: "allow-all", action: "Deny" }] });
  join("e", "one");
  const spec = { rules: ["allow-all"], reason: "r", owner: "o", expires: "2026-06-01T00:00:00Z" };
  put("Exemption", "ok", { ...spec, policySelector: { matchLabels: { old: "yes" } } }, "e");
  const excused = policy("e/x", { podSelector: {}, ingress: [{}] }, { labels: { old: "yes" } });
  const findings = counting([excused, open("e/y")]);
  await findings.audit(signal);
  expect(findings.of("one")).toBe(1);
});

it("keeps what it knew where the policies cannot be listed", async () => {
  const state = { fails: false };
  const findings = new StoredFindings({
    engine,
    ruleBook: around.ruleBook,
    facts: around.cluster.facts,
    clock: () => 0,
    now: around.now,
    pages: async function* () {
      yield [open("a/x")];
      if (state.fails) throw new Error("no");
    },
  });
  await findings.audit(signal);
  state.fails = true;
  await expect(findings.audit(signal)).rejects.toThrow("no");
  expect(findings.of("one")).toBe(1);
});

it("knows nothing once it was stopped, until it has counted anew", async () => {
  const findings = counting([open("a/x")]);
  const run = new AbortController();
  await findings.audit(run.signal);
  expect(findings.of("one")).toBe(1);
  run.abort();
  expect(findings.of("one")).toBeNull();
  await findings.audit(signal);
  expect(findings.of("one")).toBe(1);
});

it("counts what it can where a rule fails, and says so", async () => {
  put("Profile", "failing", {
    rules: [{ id: "allow-all", action: "Deny" }],
    customRules: [
      { id: "odd", action: "Warn", onFault: "Warn", expression: "object.spec.nonsense == 1" },
    ],
  });
  join("f", "failing");
  const findings = counting([open("f/x"), open("f/y")]);
  await expect(findings.audit(signal)).rejects.toThrow(/rule `odd` failed: there is no field/);
  expect(findings.of("failing")).toBe(2);
});
