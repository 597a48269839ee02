import { describe, expect, it } from "vitest";
import type { Authorizer } from "../../src/admission/surroundings.ts";
import { failure, type Problem, type Result, success } from "../../src/errors.ts";
import type { RuleAction } from "../../src/resources/profile.ts";
import { parseResource } from "../../src/resources/resource.ts";
import { parseNamespace } from "../../src/wire/namespace.ts";
import { unreadableNetworkPolicy } from "../../src/wire/network-policy.ts";
import { resourceDocument } from "../support/documents.ts";
import { review } from "./review.ts";
import { createWorld, type Json, namespace, policy, testRule, type WorldOptions } from "./world.ts";

const PROFILE = "ringfence.dev/profile";
const MODE = "ringfence.dev/mode";

const web = { podSelector: { matchLabels: { app: "web" } } };
const fromEverywhere = {
  ...web,
  policyTypes: ["Ingress"],
  ingress: [{ from: [{ namespaceSelector: {} }] }],
};
const fromWeb = {
  podSelector: { matchLabels: { app: "db" } },
  policyTypes: ["Ingress"],
  ingress: [{ from: [web], ports: [{ protocol: "TCP", port: 5432 }] }],
};
/** One rule, one peer, two for the label of the subject and two for the peer's; the rest are ports. */
const ofParts = (parts: number): Json => ({
  ...fromWeb,
  ingress: [
    { from: [web], ports: Array.from({ length: parts - 6 }, (_, at) => ({ port: 1 + at })) },
  ],
});
const huge = ofParts(1003);
const wide = (name: string, more = {}) => policy(name, fromEverywhere, more);
const good = policy("shop/allow-db", fromWeb);

describe("a change that a rule forbids", () => {
  it("is denied with what is wrong, where, how to mend it, and what it would open", async () => {
    const { status, allowed } = await createWorld().ask(review({ object: wide("shop/allow-web") }));
    expect(allowed).toBe(false);
    expect(status).toMatchObject({ code: 403, reason: "Forbidden" });
    expect(status?.message.split("\n")).toEqual([
      'NetworkPolicy shop/allow-web denied by profile "restricted": 1 problem',
      "1. open-namespaces  spec.ingress[0].from[0].namespaceSelector",
      "   `{}` selects all 8 namespaces, not only `shop`",
      "   help: for this namespace alone use `podSelector: {}` without namespaceSelector",
      "opens dev/*, kube-system/* and 4 more → shop/web all ports; closes nothing",
      "try: kubectl network-policy diff -f FILE",
      "fix 1: kubectl network-policy check -f FILE --fix",
    ]);
  });

  it("has audit annotations with profile, rules, opened and closed", async () => {
    const { auditAnnotations } = await createWorld().ask(review({ object: wide("shop/x") }));
    const { opened, rules, ...rest } = auditAnnotations ?? {};
    expect(rest).toEqual({ profile: "restricted", closed: "nothing" });
    // What denies comes first; what is for the audit log alone is among them too.
    expect(rules?.split(",")).toEqual(expect.arrayContaining(["open-namespaces", "every-port"]));
    expect(rules).toMatch(/^open-namespaces,/);
    expect(opened).toContain("→ shop/web all ports");
  });

  it.each([
    ["warn", "soft", ["opens", "open-namespaces: spec.ingress"]],
    ["audit", "noted", ["opens"]],
  ])("passes in mode %s, with what that mode says", async (_, where, warnings) => {
    const reply = await createWorld().ask(review({ object: wide(`${where}/x`) }));
    expect(reply.allowed).toBe(true);
    expect(reply.auditAnnotations?.["rules"]).toMatch(/^open-namespaces,/);
    expect(reply.warnings).toHaveLength(warnings.length);
    for (const [index, start] of warnings.entries()) {
      expect(reply.warnings?.[index]?.startsWith(start)).toBe(true);
    }
  });
});

describe("a change that no rule forbids", () => {
  it("passes with one line that says what it opens and closes", async () => {
    const reply = await createWorld().ask(review({ object: good }));
    expect(reply).toMatchObject({
      allowed: true,
      warnings: ["opens shop/web → shop/db TCP 5432; closes nothing"],
    });
  });

  it("passes without that line where the profile does not want it", async () => {
    const object = policy("tried/deny", { podSelector: {}, policyTypes: ["Ingress"] });
    const announced = await createWorld({ rules: [] }).ask(review({ object }));
    expect(announced.warnings?.[0]).toMatch(/^opens nothing; closes .* → tried\/\*/);
    const silent = await createWorld({ announceChanges: false }).ask(review({ object }));
    expect(silent.warnings).toBeUndefined();
  });

  it("leaves the engine as it was", async () => {
    const { engine, ask } = createWorld();
    const before = engine.stats();
    await ask(review({ object: good }));
    await ask(review({ object: wide("shop/x") }));
    await ask(review({ object: good, request: { dryRun: true } }));
    expect(engine.stats()).toEqual(before);
  });

  it("says the same for a dry run", async () => {
    const { ask } = createWorld();
    const real = await ask(review({ object: good }));
    expect(await ask(review({ object: good, request: { dryRun: true } }))).toEqual(real);
  });
});

it.each<[string, Json, WorldOptions]>([
  ["denied", review({ object: wide("shop/x") }), {}],
  ["allowed", review({ object: wide("soft/x") }), {}],
  ["allowed", review({ object: good }), {}],
  ["not-opted-in", review({ object: wide("dev/x") }), {}],
  ["let-through", review({ object: good, oldObject: good }), {}],
  ["not-synced", review({ object: good }), { freshness: { kind: "syncing" } }],
])("the outcome for metrics and logs is `%s`", async (outcome, asked, options) => {
  const { ask, records } = createWorld(options);
  await ask(asked);
  expect(records).toEqual([expect.objectContaining({ outcome })]);
});

describe("requests as the API server really sends them", () => {
  const stored = policy("shop/default-deny", { podSelector: {}, policyTypes: ["Ingress"] });

  it("a DELETE has only the old object, and opens what that had closed", async () => {
    const reply = await createWorld().ask(review({ oldObject: stored }));
    expect(reply.warnings?.[0]).toMatch(/^opens .*→ shop\/\* .*; closes nothing$/);
  });

  it("a deletecollection has an empty name", async () => {
    const { ask } = createWorld();
    const one = await ask(review({ oldObject: stored }));
    expect(await ask(review({ oldObject: stored, request: { name: "" } }))).toEqual(one);
  });

  it("an object need not carry its namespace", async () => {
    const { metadata, ...rest } = good;
    const object = { ...rest, metadata: { name: "allow-db" } };
    const reply = await createWorld().ask(review({ object, request: { namespace: "shop" } }));
    expect(metadata).toBeDefined();
    expect(reply.warnings).toEqual(["opens shop/web → shop/db TCP 5432; closes nothing"]);
  });

  it("a policy may come right after its namespace, before the watch has shown that", async () => {
    const { ask, engine } = createWorld();
    const asked = ask(review({ object: wide("new/x") }));
    const read = parseNamespace(namespace("new", { [PROFILE]: "restricted" }));
    if (!read.ok) throw new Error("unreadable");
    setTimeout(() => {
      engine.apply({ kind: "namespace", op: "upsert", object: read.value.namespace });
    }, 30);
    expect(await asked).toMatchObject({ allowed: false, status: { code: 403 } });
  });

  it("a namespace may come right after its profile, before the watch has shown that", async () => {
    const { ask, around } = createWorld();
    const asked = ask(review({ object: namespace("new", { [PROFILE]: "fresh" }) }));
    const fresh = resourceDocument("Profile", "fresh", { extends: "restricted" });
    setTimeout(() => around.ruleBook.upsert("Profile fresh", parseResource(fresh)), 30);
    expect(await asked).toMatchObject({ allowed: true, auditAnnotations: { profile: "fresh" } });
  });

  it("a namespace that never opts in is not judged", async () => {
    const reply = await createWorld().ask(review({ object: wide("dev/x") }));
    expect(reply).toMatchObject({
      allowed: true,
      auditAnnotations: { outcome: "not-opted-in" },
      warnings: ["not judged: namespace `dev` has no label `ringfence.dev/profile`"],
    });
  });
});

describe("requests that are none of the rules' business", () => {
  const baseline = { labels: { "ringfence.dev/baseline": "default" } };
  const object = wide("shop/x", { annotations: { touched: "yes" } });
  const oldObject = wide("shop/x", { labels: {} });
  const owner = { apiVersion: "v1", kind: "ConfigMap", name: "gone", uid: "0" };
  const owned = { ownerReferences: [owner] };
  const owners = Array.from({ length: 20_000 }, (_, index) => ({ ...owner, uid: `${index}` }));
  const crowd = { ...baseline, ownerReferences: owners };
  const joined = { ...baseline, ownerReferences: [...owners.slice(1), owner] };
  const dying = { deletionTimestamp: "2026-11-23T06:00:00Z", finalizers: ["a/b"] };
  const rows: readonly (readonly [string, object, WorldOptions, string | null])[] = [
    [
      "Ringfence itself",
      {
        oldObject: wide("shop/x", baseline),
        user: "system:serviceaccount:ringfence-system:ringfence",
      },
      {},
      "ringfence-itself",
    ],
    [
      "the namespace controller",
      {
        oldObject: wide("shop/x", baseline),
        user: "system:serviceaccount:kube-system:namespace-controller",
      },
      {},
      "cluster-controller",
    ],
    [
      "the garbage collector",
      {
        oldObject: wide("shop/x", baseline),
        user: "system:serviceaccount:kube-system:generic-garbage-collector",
      },
      {},
      "cluster-controller",
    ],
    [
      "anybody else",
      { oldObject: wide("shop/x", baseline), user: "system:serviceaccount:kube-system:other" },
      {},
      null,
    ],
    [
      "a namespace that is being deleted",
      { oldObject: wide("shop/x", baseline) },
      { terminating: ["shop"] },
      "namespace-terminating",
    ],
    [
      "an update that leaves spec and labels alone",
      { object, oldObject },
      {},
      "spec-and-labels-unchanged",
    ],
    [
      "an update of the labels",
      { object: wide("shop/x", { labels: { a: "b" } }), oldObject },
      {},
      null,
    ],
    ["an update of the spec", { object, oldObject: policy("shop/x", fromWeb) }, {}, null],
    [
      "an update of a policy of the baseline that the watches have shown",
      {
        object: policy("shop/default-deny", fromWeb),
        oldObject: wide("shop/default-deny", baseline),
      },
      {},
      null,
    ],
    [
      "an owner for a baseline policy, with whom it would go",
      { object: wide("shop/x", { ...baseline, ...owned }), oldObject: wide("shop/x", baseline) },
      {},
      null,
    ],
    [
      "a baseline policy that keeps thousands of owners",
      { object: wide("shop/x", crowd), oldObject: wide("shop/x", crowd) },
      {},
      "spec-and-labels-unchanged",
    ],
    [
      "a baseline policy that gets another beside thousands",
      {
        object: wide("shop/x", joined),
        oldObject: wide("shop/x", { ...crowd, ownerReferences: owners.slice(1) }),
      },
      {},
      null,
    ],
    [
      "an owner taken off a baseline policy",
      { object: wide("shop/x", baseline), oldObject: wide("shop/x", { ...baseline, ...owned }) },
      {},
      "spec-and-labels-unchanged",
    ],
    [
      "a baseline policy that keeps its owner",
      {
        object: wide("shop/x", { ...baseline, ...owned, annotations: { a: "b" } }),
        oldObject: wide("shop/x", { ...baseline, ...owned }),
      },
      {},
      "spec-and-labels-unchanged",
    ],
    [
      "a delete of what is being deleted",
      { oldObject: wide("shop/x", { ...baseline, ...dying }) },
      {},
      "already-deleted",
    ],
    [
      "an update of the spec of what is being deleted",
      { object: wide("shop/x", dying), oldObject: policy("shop/x", fromWeb, dying) },
      {},
      null,
    ],
    [
      "finalizers taken off what is being deleted",
      { object: wide("shop/x", { ...dying, finalizers: [] }), oldObject: wide("shop/x", dying) },
      {},
      "spec-and-labels-unchanged",
    ],
  ];
  it.each(rows)("%s", async (_, asked, options, outcome) => {
    const reply = await createWorld(options).ask(review(asked));
    expect(reply).toMatchObject(
      outcome === null
        ? { allowed: false, status: { code: 403 } }
        : { allowed: true, auditAnnotations: { outcome } },
    );
    if (outcome !== null) expect(reply.warnings).toBeUndefined();
  });
});

describe("a policy that an update gives an owner, with whom it goes", () => {
  const owner = (name: string, uid = name) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    name,
    uid,
    blockOwnerDeletion: uid === name,
  });
  const x = (owners: readonly object[] | undefined, spec: Json = fromWeb) =>
    policy("shop/x", spec, owners === undefined ? {} : { ownerReferences: owners });
  const goes = (names: string): string =>
    `the garbage collector deletes it, unjudged, when no owner of it is there: ${names}`;
  it.each<[string, Json, Json, string | null]>([
    ["the first", x(undefined), x([owner("a")]), "ConfigMap a"],
    ["the first, beside another spec", x([], web), x([owner("a")]), "ConfigMap a"],
    ["two", x(undefined), x([owner("a"), owner("b")]), "ConfigMap a, ConfigMap b"],
    ["another in the place of one", x([owner("a")]), x([owner("b")]), "ConfigMap b"],
    [
      "one of the same name that is another object",
      x([owner("a")]),
      x([owner("a", "1")]),
      "ConfigMap a",
    ],
    ["one more", x([owner("a")]), x([owner("a"), owner("b")]), null],
    [
      "the same, with another flag",
      x([owner("a")]),
      x([{ ...owner("a"), controller: true }]),
      null,
    ],
    ["none any more", x([owner("a")]), x([]), null],
  ])("%s", async (_, oldObject, object, names) => {
    const { allowed, warnings = [] } = await createWorld().ask(review({ object, oldObject }));
    expect(allowed).toBe(true);
    expect(warnings.filter((line) => line.startsWith("the garbage collector"))).toEqual(
      names === null ? [] : [goes(names)],
    );
  });

  it("and one of Ringfence's own resources as well", async () => {
    const exemption = (more: Json): Json => ({
      apiVersion: "ringfence.dev/v1alpha1",
      kind: "Exemption",
      metadata: { namespace: "shop", name: "x", ...more },
    });
    const kind = { group: "ringfence.dev", version: "v1alpha1", kind: "Exemption" };
    const object = exemption({ ownerReferences: [owner("a")] });
    const { warnings } = await createWorld().ask(
      review({ object, oldObject: exemption({}), request: { kind } }),
    );
    expect(warnings).toEqual([goes("ConfigMap a")]);
  });

  const owned = { ownerReferences: [owner("a")] };
  const pod = { group: "", version: "v1", kind: "Pod" };
  it.each<[string, Parameters<typeof review>[0]]>([
    ["a policy that is created with it", { object: x([owner("a")]) }],
    ["a policy that is deleted", { oldObject: x([owner("a")]) }],
    [
      "a pod that its ReplicaSet adopts",
      {
        object: policy("shop/x", {}, owned),
        oldObject: policy("shop/x", {}),
        request: { kind: pod },
      },
    ],
    [
      "a namespace",
      {
        object: { ...namespace("shop"), metadata: { name: "shop", ...owned } },
        oldObject: { ...namespace("shop"), metadata: { name: "shop" } },
      },
    ],
  ])("is nothing to tell of %s", async (_, asked) => {
    const { warnings = [] } = await createWorld().ask(review(asked));
    expect(warnings.join("\n")).not.toContain("garbage collector");
  });
});

describe("namespaces", () => {
  const restricted = { [PROFILE]: "restricted" };

  it("are told of a mode that there is not, which enforces", async () => {
    const object = namespace("new", { ...restricted, [MODE]: "wran" });
    expect((await createWorld().ask(review({ object }))).warnings).toContain(
      'metadata.labels["ringfence.dev/mode"]: `wran` is no mode, and so enforces; there is `enforce`, `warn`, `audit`',
    );
  });

  const rows: readonly (readonly [string, object, number | null])[] = [
    ["may opt in", { object: namespace("new", restricted) }, null],
    [
      "may not name a profile that there is not",
      { object: namespace("new", { [PROFILE]: "strict" }) },
      403,
    ],
    [
      "may, in a softer mode, but are told",
      { object: namespace("new", { [PROFILE]: "strict", [MODE]: "warn" }) },
      null,
    ],
    [
      "may not drop the label",
      { object: namespace("shop"), oldObject: namespace("shop", restricted) },
      403,
    ],
    [
      "may not soften the mode",
      {
        object: namespace("shop", { ...restricted, [MODE]: "warn" }),
        oldObject: namespace("shop", restricted),
      },
      403,
    ],
    [
      "may harden the mode",
      {
        object: namespace("soft", restricted),
        oldObject: namespace("soft", { ...restricted, [MODE]: "warn" }),
      },
      null,
    ],
    [
      "may not change to a profile that there is not",
      {
        object: namespace("shop", { [PROFILE]: "strict" }),
        oldObject: namespace("shop", restricted),
      },
      403,
    ],
    [
      "may mend a label that names none",
      {
        object: namespace("odd", restricted),
        oldObject: namespace("odd", { [PROFILE]: "strict" }),
      },
      null,
    ],
    [
      "may not mend it and soften the mode at once",
      {
        object: namespace("odd", { ...restricted, [MODE]: "audit" }),
        oldObject: namespace("odd", { [PROFILE]: "strict" }),
      },
      403,
    ],
    [
      "may not drop a label that names none",
      { object: namespace("odd"), oldObject: namespace("odd", { [PROFILE]: "strict" }) },
      403,
    ],
    [
      "may be deleted whatever the label says",
      { oldObject: namespace("odd", { [PROFILE]: "strict" }) },
      null,
    ],
    ["may be deleted", { oldObject: namespace("shop", restricted) }, null],
    [
      "may change other labels",
      {
        object: namespace("shop", { ...restricted, a: "b" }),
        oldObject: namespace("shop", restricted),
      },
      null,
    ],
    [
      "that have not opted in may do as they like",
      { object: namespace("dev", { a: "b" }), oldObject: namespace("dev") },
      null,
    ],
  ];
  it.each(rows)("%s", async (_, asked, code) => {
    const reply = await createWorld().ask(review(asked));
    expect(reply.status?.code ?? null).toBe(code);
  });

  it("are not told to compare policies", async () => {
    const asked = { object: namespace("shop"), oldObject: namespace("shop", restricted) };
    const { status } = await createWorld().ask(review(asked));
    expect(status?.message).toBe(
      [
        'Namespace shop denied by profile "restricted": 1 problem',
        '1. opt-out  metadata.labels["ringfence.dev/profile"]',
        "   takes the namespace out of profile `restricted`",
        "   help: leave the label as it is, or ask for the right to `optout`",
      ].join("\n"),
    );
  });

  it("hear which profiles there are", async () => {
    const { status } = await createWorld().ask(review({ object: wide("odd/x") }));
    expect(status?.message).toBe(
      "NetworkPolicy odd/x refused: no profile `strict`; there are baseline, custom, restricted",
    );
  });
});

function answering(answer: Result<boolean, Problem>): Authorizer {
  return { mayOptOut: async () => answer };
}

describe("the right to opt out", () => {
  const asked = review({
    object: namespace("shop"),
    oldObject: namespace("shop", { [PROFILE]: "restricted" }),
  });

  it("lifts the denial, and says so", async () => {
    const reply = await createWorld({ authorizer: answering(success(true)) }).ask(asked);
    expect(reply).toMatchObject({
      allowed: true,
      warnings: ["allowed by the right to opt out: opt-out"],
    });
  });

  it("lets a change through that others have to reckon with, as any that is admitted", async () => {
    const { ask, around } = createWorld({ authorizer: answering(success(true)) });
    await ask(
      review({
        object: namespace("shop"),
        oldObject: namespace("shop", { [PROFILE]: "restricted" }),
        request: { dryRun: true },
      }),
    );
    expect(around.pending.beside([])).toEqual([]);
    await ask(asked);
    expect(around.pending.beside([])).toMatchObject([{ kind: "namespace", op: "upsert" }]);
  });

  it("does not, where it could not be asked for; the denial says why", async () => {
    const problem = { code: "NP_E_FORBIDDEN", path: "", message: "cannot create reviews" } as const;
    const reply = await createWorld({ authorizer: answering(failure(problem)) }).ask(asked);
    expect(reply).toMatchObject({ allowed: false, status: { code: 403 } });
    expect(reply.warnings).toEqual([
      "the right to opt out could not be checked: cannot create reviews",
    ]);
  });

  it("is asked for only where it would help", async () => {
    const asks: string[] = [];
    const authorizer: Authorizer = {
      mayOptOut: async ({ username }, profile) => {
        asks.push(`${username} ${profile}`);
        return success(false);
      },
    };
    const { ask } = createWorld({ authorizer });
    await ask(review({ object: good }));
    await ask(review({ object: wide("shop/x") }));
    await ask(review({ object: wide("soft/x") }));
    expect(asks).toEqual([]);
    await ask(asked);
    expect(asks).toEqual(["dana restricted"]);
  });
});

describe("trouble", () => {
  /** A rule that fails when the time is over, though it need not refuse for failing. */
  function failingLate(action: RuleAction = "Deny"): WorldOptions {
    let elapsed = 0;
    const check = (): never => {
      elapsed = 60_000;
      throw new Error("late");
    };
    return {
      rules: [testRule("late", { check, onFault: "warn" })],
      action,
      elapsedMs: () => elapsed,
    };
  }
  /** A clock by which the deadline has passed as soon as it is set. */
  function alreadyLate(): () => number {
    let asked = 0;
    return () => (asked++ === 0 ? 0 : 60_000);
  }
  const never: Authorizer = { mayOptOut: async () => new Promise(() => undefined) };
  const optOut = review({
    object: namespace("shop"),
    oldObject: namespace("shop", { [PROFILE]: "restricted" }),
  });
  const unreadable = (name: string) =>
    policy(name, { ...web, ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.300/8" } }] }] });
  const stale = { kind: "stale", ageMs: 90_000 } as const;
  const throwing = (onFault: "deny" | "warn") =>
    testRule("broken-rule", {
      onFault,
      check: () => {
        throw new Error("oops");
      },
    });
  const rows: readonly (readonly [
    string,
    unknown,
    WorldOptions,
    readonly [number | null, string],
  ])[] = [
    [
      "before the first sync: refused",
      review({ object: good }),
      { freshness: { kind: "syncing" } },
      [503, "has not read the cluster yet"],
    ],
    [
      "before the first sync, in a soft namespace: passes",
      review({ object: wide("soft/x") }),
      { freshness: { kind: "syncing" } },
      [null, "not judged: Ringfence has not read the cluster"],
    ],
    [
      "before the first sync, where configured: passes",
      review({ object: good }),
      { freshness: { kind: "syncing" }, options: { onNotSynced: "warn" } },
      [null, "not judged: Ringfence has not read"],
    ],
    [
      "a namespace that no watch has shown: refused",
      review({ object: wide("unseen/x") }),
      {},
      [503, "what namespace `unseen` has opted in to"],
    ],
    [
      "a namespace that no watch has shown, where configured: passes",
      review({ object: wide("unseen/x") }),
      { options: { onNotSynced: "warn" } },
      [null, "not judged: Ringfence does not know yet what namespace `unseen`"],
    ],
    [
      "a namespace without the label in a stale picture: refused",
      review({ object: wide("dev/x") }),
      { freshness: stale },
      [503, "what namespace `dev` has opted in to"],
    ],
    [
      "with a stale picture: judged by it, and says how old",
      review({ object: wide("shop/x") }),
      { freshness: stale },
      [403, "heard nothing from the API server for 90 s"],
    ],
    [
      "with a stale picture, where configured: refused",
      review({ object: good }),
      { freshness: stale, options: { onStale: "deny" } },
      [503, "for 90 s"],
    ],
    [
      "with a stale picture, in a soft namespace: passes",
      review({ object: policy("soft/x", fromWeb) }),
      { freshness: stale, options: { onStale: "deny" } },
      [null, "for 90 s"],
    ],
    [
      "past the deadline: refused",
      optOut,
      { authorizer: never },
      [503, "could not decide in time"],
    ],
    [
      "past the deadline, where configured: passes",
      optOut,
      { authorizer: never, options: { onDeadline: "warn" } },
      [null, "could not decide in time"],
    ],
    [
      "past the deadline within a rule: refused",
      review({ object: policy("tried/x", fromWeb) }),
      failingLate(),
      [503, "could not decide in time"],
    ],
    [
      "past the deadline within a rule, where configured: passes",
      review({ object: policy("tried/x", fromWeb) }),
      { ...failingLate(), options: { onDeadline: "warn" } },
      [null, "could not decide in time"],
    ],
    [
      "past the deadline within a rule that only warns: passes",
      review({ object: policy("tried/x", fromWeb) }),
      failingLate("Warn"),
      [null, "rule `late` failed"],
    ],
    [
      "past the deadline before it is judged: refused, whatever it is",
      review({ object: policy("shop/x", huge) }),
      { clock: alreadyLate() },
      [503, "could not decide in time"],
    ],
    [
      "a policy of too many parts: refused",
      review({ object: policy("shop/x", huge) }),
      {},
      [403, "has 1003 rules, peers, ports, address ranges and labels; at most 1000 are judged"],
    ],
    [
      "a policy of one part too many: refused",
      review({ object: policy("shop/x", ofParts(1001)) }),
      {},
      [403, "has 1001 rules"],
    ],
    [
      "a policy of as many parts as may be: judged",
      review({ object: policy("shop/x", ofParts(1000)) }),
      {},
      [null, "opens shop/web → shop/db TCP 1-994"],
    ],
    [
      "a policy of far too many parts, none of which can be read: refused unread",
      review({
        object: policy("shop/x", { podSelector: {}, ingress: Array(4_001).fill("no rule") }),
      }),
      {},
      [403, "has too many rules"],
    ],
    [
      "a policy of too many parts, in a soft namespace: passes",
      review({ object: policy("soft/x", huge) }),
      {},
      [null, "not judged: the policy has 1003"],
    ],
    [
      "a policy of too many parts, where configured: passes",
      review({ object: policy("shop/x", huge) }),
      { options: { onTooLarge: "warn" } },
      [null, "not judged: the policy has 1003"],
    ],
    [
      "a policy of too many parts that is made smaller: judged",
      review({ object: wide("shop/x"), oldObject: policy("shop/x", huge) }),
      {},
      [403, "open-namespaces"],
    ],
    [
      "an object that cannot be read: refused",
      review({ object: unreadable("shop/x") }),
      {},
      [422, "spec.ingress[0].from[0].ipBlock.cidr: `10.0.0.300/8` is not"],
    ],
    [
      "an object that cannot be read, in a soft namespace: passes",
      review({ object: unreadable("soft/x") }),
      {},
      [null, "`10.0.0.300/8` is not"],
    ],
    [
      "an unknown profile: refused",
      review({ object: policy("odd/x", fromWeb) }),
      {},
      [403, "no profile `strict`"],
    ],
    [
      "a rule that fails and must not: refused",
      review({ object: policy("tried/x", fromWeb) }),
      { rules: [throwing("deny")] },
      [500, "rule `broken-rule` failed, a defect in Ringfence"],
    ],
    [
      "a rule that fails and may: passes, and says so",
      review({ object: policy("tried/x", fromWeb) }),
      { rules: [throwing("warn")] },
      [null, "rule `broken-rule` failed, a defect in Ringfence"],
    ],
    [
      "a stored policy that cannot be read: named",
      review({ object: policy("payments/x", fromWeb) }),
      {},
      [null, "NetworkPolicy payments/old"],
    ],
    [
      "a stored policy that cannot be read: may be deleted",
      review({ oldObject: unreadable("payments/old") }),
      {},
      [null, "the stored object cannot be read"],
    ],
    [
      "a stored policy that cannot be read: may be mended",
      review({ object: policy("payments/old", fromWeb), oldObject: unreadable("payments/old") }),
      {},
      [null, "the stored object cannot be read"],
    ],
  ];
  it.each(rows)("%s", async (_, asked, options, [code, text]) => {
    const { ask, records } = createWorld(options);
    const reply = await ask(asked);
    expect(reply.uid).toBe("705ab4f5");
    expect(reply.status?.code ?? null).toBe(code);
    expect([reply.status?.message ?? "", ...(reply.warnings ?? [])].join("\n")).toContain(text);
    expect(records).toEqual([expect.objectContaining({ isAllowed: code === null })]);
  });
});

it.each<[string, Parameters<typeof review>[0], boolean]>([
  [
    "itself",
    { object: policy("payments/old", fromWeb), oldObject: policy("payments/old", web) },
    false,
  ],
  ["itself, on its way out", { oldObject: policy("payments/old", web) }, false],
  ["a policy beside it", { object: policy("payments/older", fromWeb) }, true],
])(
  "names a stored policy that cannot be read unless it is asked about: %s",
  async (_, asked, named) => {
    const { warnings = [] } = await createWorld().ask(review(asked));
    expect(warnings.join("\n").includes("NetworkPolicy payments/old")).toBe(named);
  },
);

it("names one that has the name of the namespace that is asked about", async () => {
  const { engine, ask } = createWorld();
  const object = unreadableNetworkPolicy(policy("payments/payments", {}));
  engine.apply({ kind: "policy", op: "upsert", object });
  const restricted = { [PROFILE]: "restricted" };
  const { warnings } = await ask(
    review({
      object: namespace("payments", { ...restricted, a: "b" }),
      oldObject: namespace("payments", restricted),
    }),
  );
  expect(warnings?.join("\n")).toContain("NetworkPolicy payments/payments");
});

it.each<[string, Json]>([
  ["a value", policy("shop/x", { podSelector: { matchLabels: { app: "a\nb\u202e\u001b[2J" } } })],
  ["a key", policy("shop/x", { podSelector: {}, "a\nNetworkPolicy shop/x created": 1 })],
  [
    "many, each of 10,000 characters",
    policy("shop/x", {
      podSelector: {
        matchLabels: Object.fromEntries(["a", "b", "c"].map((key) => [key, "ł\n".repeat(5000)])),
      },
    }),
  ],
])(
  "a refusal of what cannot be read is one bounded line, whatever it repeats: %s",
  async (_, object) => {
    const { status } = await createWorld().ask(review({ object }));
    expect(status?.code).toBe(422);
    expect(status?.message.split("\n")).toHaveLength(1);
    expect(status?.message).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(Array.from(status?.message ?? "").length).toBeLessThanOrEqual(1000);
  },
);

it("says after the findings what was read as its author may not expect", async () => {
  const object = {
    apiVersion: "policy.networking.k8s.io/v1alpha2",
    kind: "ClusterNetworkPolicy",
    metadata: { name: "open" },
    spec: {
      tier: "Admin",
      priority: 1,
      subject: { namespaces: { matchLabels: { team: "nobody" } } },
      ingress: [
        { action: "Accept", from: [{ namespaces: {} }], protocols: [{ tcp: {} }] },
        { action: "Deny", from: [{ service: "web" }] },
      ],
    },
  };
  const world = createWorld({ options: { clusterProfile: "baseline" } });
  const { warnings } = await world.ask(review({ object }));
  expect(warnings).toEqual([
    expect.stringContaining("selects-nothing: spec.subject.namespaces: `team: nobody` selects no"),
    "spec.ingress[1].from[0].service: the rule is read as denying everything because of an unknown field `service`; there is `namespaces`, `pods`",
    "spec.ingress[0].protocols[0].tcp: `{}` is all ports; API servers refuse it",
  ]);
});

it("judges cluster-scoped policies by the profile that is configured for them", async () => {
  const object = {
    apiVersion: "policy.networking.k8s.io/v1alpha2",
    kind: "ClusterNetworkPolicy",
    metadata: { name: "open" },
    spec: { tier: "Admin", priority: 1, subject: { namespaces: {} }, ingress: [], egress: [] },
  };
  const { auditAnnotations, allowed } = await createWorld().ask(review({ object }));
  expect(allowed).toBe(true);
  expect(auditAnnotations).toMatchObject({ profile: "restricted" });
});
