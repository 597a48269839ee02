import { describe, expect, it } from "vitest";
import { parseResource, type Resource } from "../../src/resources/resource.ts";
import { succeed } from "../wire/describe-policy.ts";
import { review } from "./review.ts";
import { createWorld, type Json, namespace, policy } from "./world.ts";

const document = (kind: string, name: string, spec: Json, namespaceName?: string): Json => ({
  apiVersion: "ringfence.dev/v1alpha1",
  kind,
  metadata: { name, ...(namespaceName === undefined ? {} : { namespace: namespaceName }) },
  spec,
});
const asked = (kind: string): Json => ({
  kind: { group: "ringfence.dev", version: "v1alpha1", kind },
});
const rules = (id: string): Json => ({ rules: [{ id, action: "Deny" }] });
const exemption = (spec: Json): Json =>
  document(
    "Exemption",
    "legacy",
    { reason: "moving", owner: "team shop", expires: "2026-06-01T00:00:00Z", ...spec },
    "shop",
  );
const resource = (raw: Json): Resource => succeed(parseResource(raw));

describe("a change of one of Ringfence's own resources", () => {
  it.each<[string, string, Json, string | null]>([
    ["a Profile that is right", "Profile", document("Profile", "x", rules("allow-all")), null],
    [
      "a Profile of rules that there are not",
      "Profile",
      document("Profile", "x", rules("alow-all")),
      "Profile x cannot be used\nspec.rules[0].id: `alow-all` is no rule",
    ],
    [
      "an Invariant with a typo",
      "Invariant",
      document("Invariant", "x", { description: "d", mustNotReeach: {} }),
      "Invariant x cannot be used\nspec.mustNotReeach: unknown field `mustNotReeach`\nspec: needs exactly one of `mustNotReach` and `mustReach`",
    ],
    [
      "an Exemption from what guards Ringfence",
      "Exemption",
      exemption({ rules: ["opt-out"] }),
      "Exemption shop/legacy cannot be used\nspec.rules[0]: nobody can be excused from `opt-out`",
    ],
    ["an Exemption that is right", "Exemption", exemption({ rules: ["allow-all"] }), null],
  ])("%s", async (_, kind, object, message) => {
    const { ask } = createWorld();
    const response = await ask(review({ object, request: asked(kind) }));
    expect(response.allowed).toBe(message === null);
    expect(response.status).toEqual(
      message === null ? undefined : { code: 422, reason: "Invalid", message },
    );
  });

  it("is refused where namespaces or other profiles need what is to go", async () => {
    const { ask } = createWorld();
    const removal = (name: string) =>
      ask(review({ oldObject: document("Profile", name, {}), request: asked("Profile") }));
    expect(await removal("restricted")).toMatchObject({
      allowed: false,
      status: {
        code: 403,
        reason: "Forbidden",
        message:
          "Profile restricted cannot be deleted\n4 namespaces use it: shop, payments, soft, and 1 more",
      },
    });
    expect(await removal("unused")).toMatchObject({ allowed: true });
  });

  it("waits for the first sync", async () => {
    const { ask } = createWorld({ freshness: { kind: "syncing" } });
    const oldObject = document("Profile", "unused", {});
    expect(await ask(review({ oldObject, request: asked("Profile") }))).toMatchObject({
      allowed: false,
      status: { code: 503 },
    });
  });
});

describe("an Exemption", () => {
  const open = policy("shop/open", { podSelector: {}, ingress: [{}] }, { labels: { old: "yes" } });
  const by = (spec: Json) => resource(exemption({ rules: ["allow-all", "dns-egress"], ...spec }));

  it("lets a finding pass, with who answers for it and until when", async () => {
    const selector = { policySelector: { matchLabels: { old: "yes" } } };
    const { ask } = createWorld({ resources: [by(selector)] });
    const response = await ask(review({ object: open }));
    expect(response).toMatchObject({
      allowed: true,
      auditAnnotations: { rules: "", excused: "allow-all" },
    });
    expect(response.warnings).toContain(
      "allow-all: excused until 2026-06-01T00:00:00Z by Exemption shop/legacy, which team shop answers for",
    );
  });

  it("that has run out excuses nobody, and is named", async () => {
    const { ask } = createWorld({ resources: [by({ expires: "2025-12-31T23:59:59Z" })] });
    const response = await ask(review({ object: open }));
    expect(response.allowed).toBe(false);
    expect(response.warnings).toContain(
      "allow-all: no longer excused, Exemption shop/legacy expired on 2025-12-31T23:59:59Z; ask team shop",
    );
  });
});

describe("a broken resource", () => {
  it("is named to those whom its profile governs, while its last good version is in force", async () => {
    const { ask, around } = createWorld();
    const { ruleBook } = around;
    ruleBook.upsert("Profile ours", parseResource(document("Profile", "ours", rules("allow-all"))));
    ruleBook.upsert("Profile ours", parseResource(document("Profile", "ours", rules("nope"))));
    around.cluster.engine.apply({
      kind: "namespace",
      op: "upsert",
      object: { name: "mine", labels: new Map([["ringfence.dev/profile", "ours"]]) },
    });
    const response = await ask(
      review({ object: policy("mine/open", { podSelector: {}, ingress: [{}] }) }),
    );
    expect(response.status?.message).toContain("1. allow-all");
    expect(response.warnings).toContain(
      "Profile ours: its newest version cannot be used: spec.rules[0].id: `nope` is no rule",
    );
  });

  it("that never was good is no profile, and the reason is said", async () => {
    const { ask, around } = createWorld();
    const bad = document("Profile", "strict", rules("nope"));
    around.ruleBook.upsert("Profile strict", parseResource(bad));
    const object = namespace("new", { "ringfence.dev/profile": "strict" });
    expect((await ask(review({ object }))).status?.message).toBe(
      "Namespace new refused: profile `strict` cannot be used: spec.rules[0].id: `nope` is no rule",
    );
  });
});
