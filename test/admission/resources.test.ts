import { describe, expect, it } from "vitest";
import { decide } from "../../src/admission/decide.ts";
import { readReview } from "../../src/admission/review.ts";
import type { ClusterValues } from "../../src/resources/baseline-variables.ts";
import { parseResource, type Resource } from "../../src/resources/resource.ts";
import { parseClusterNetworkPolicy } from "../../src/wire/cluster-network-policy.ts";
import { parseNamespace } from "../../src/wire/namespace.ts";
import { parseNetworkPolicy } from "../../src/wire/network-policy.ts";
import { named, resourceDocument } from "../support/documents.ts";
import { succeed } from "../wire/describe-policy.ts";
import { review } from "./review.ts";
import { createWorld, type Json, namespace, policy, testRule } from "./world.ts";

const asked = (kind: string): Json => ({
  kind: { group: "ringfence.dev", version: "v1alpha1", kind },
});
const rules = (id: string): Json => ({ rules: [{ id, action: "Deny" }] });
const exemption = (spec: Json): Json =>
  resourceDocument(
    "Exemption",
    "legacy",
    { reason: "moving", owner: "team shop", expires: "2026-06-01T00:00:00Z", ...spec },
    "shop",
  );
const resource = (raw: Json): Resource => succeed(parseResource(raw));

describe("a change of one of Ringfence's own resources", () => {
  it.each<[string, string, Json, string | null]>([
    [
      "a Profile that is right",
      "Profile",
      resourceDocument("Profile", "x", rules("allow-all")),
      null,
    ],
    [
      "a Profile of rules that there are not",
      "Profile",
      resourceDocument("Profile", "x", rules("alow-all")),
      "Profile x cannot be used\nspec.rules[0].id: `alow-all` is no rule; did you mean `allow-all`?",
    ],
    [
      "an Invariant with a typo",
      "Invariant",
      resourceDocument("Invariant", "x", { description: "d", mustNotReeach: {} }),
      "Invariant x cannot be used\nspec.mustNotReeach: unknown field `mustNotReeach`; did you mean `mustNotReach`?\nspec: needs exactly one of `mustNotReach` and `mustReach`",
    ],
    [
      "an Exemption from what guards Ringfence",
      "Exemption",
      exemption({ rules: ["opt-out"] }),
      "Exemption shop/legacy cannot be used\nspec.rules[0]: nobody can be excused from `opt-out`",
    ],
    [
      "an Exemption from an Invariant as a denial calls it",
      "Exemption",
      exemption({ rules: ['invariant "cardholder-data"'] }),
      'Exemption shop/legacy cannot be used\nspec.rules[0]: `invariant "cardholder-data"` is no rule; `spec.invariants` takes the names of Invariants',
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

  it.each([
    [8, null],
    [9, "and 1 more"],
  ])("that has %i problems is told of eight", async (count, rest) => {
    const wrong = Array.from({ length: count }, (_, at) => ({ id: `r${at}`, action: "Deny" }));
    const object = resourceDocument("Profile", "x", { rules: wrong });
    const { status } = await createWorld().ask(review({ object, request: asked("Profile") }));
    const [, ...lines] = status?.message.split("\n") ?? [];
    expect(lines.filter((line) => line.startsWith("spec.rules["))).toHaveLength(8);
    expect(lines.slice(8)).toEqual(rest === null ? [] : [rest]);
  });

  const removalOf = (kind: string, name: string) =>
    review({ oldObject: resourceDocument(kind, name, {}), request: asked(kind) });

  it("is refused where namespaces need the Profile that is to go", async () => {
    const { ask, watch } = createWorld();
    for (const name of ["odd", "odder", "oddest", "queer"]) {
      watch(namespace(name, { "ringfence.dev/profile": "strict" }));
    }
    expect(await ask(removalOf("Profile", "strict"))).toMatchObject({
      allowed: false,
      status: {
        code: 403,
        reason: "Forbidden",
        message:
          "Profile strict cannot be deleted\n4 namespaces use it: odd, odder, oddest, and 1 more",
      },
    });
    expect(await ask(removalOf("Profile", "unused"))).toMatchObject({ allowed: true });
  });

  it("is refused where the Profile that is to go is that of cluster-scoped policies", async () => {
    const { ask } = createWorld({ options: { clusterProfile: "tiers" } });
    expect((await ask(removalOf("Profile", "tiers"))).status?.message).toBe(
      "Profile tiers cannot be deleted\nthe setting `clusterProfile` names it, for cluster-scoped policies",
    );
    // A Baseline may have the same name.
    expect(await ask(removalOf("Baseline", "tiers"))).toMatchObject({ allowed: true });
  });

  it.each([
    ["Profile", "restricted"],
    ["Profile", "custom"],
    ["Baseline", "default"],
  ])("may go, a %s that is built in or in a file as well: %s", async (kind, name) => {
    expect(await createWorld().ask(removalOf(kind, name))).toMatchObject({ allowed: true });
  });

  it("is refused where another Profile extends the one that is to go", async () => {
    const { ask, around } = createWorld();
    const parent = resourceDocument("Profile", "parent", rules("allow-all"));
    const child = resourceDocument("Profile", "child", { extends: "parent" });
    around.ruleBook.upsert("Profile parent", parseResource(parent));
    around.ruleBook.upsert("Profile child", parseResource(child));
    const removed = await ask(review({ oldObject: parent, request: asked("Profile") }));
    expect(removed.allowed).toBe(false);
    expect(removed.status?.message).toContain("Profile child: ");
  });

  it.each([
    ["a Profile may come right after the Baseline", "Baseline", "ours", { baseline: "ours" }],
    ["a Profile may come right after the Profile", "Profile", "parent", { extends: "parent" }],
  ])("%s that it names, before the watch has shown that", async (_, kind, name, spec) => {
    const { ask, around } = createWorld();
    const object = resourceDocument("Profile", "x", spec);
    const answer = ask(review({ object, request: asked("Profile") }));
    const policies = [{ name: "closed", spec: { podSelector: {} } }];
    const first = resourceDocument(kind, name, kind === "Baseline" ? { policies } : {});
    setTimeout(() => around.ruleBook.upsert(`${kind} ${name}`, parseResource(first)), 30);
    expect(await answer).toMatchObject({ allowed: true });
  });

  it("may go right after the Profile that named it, before the watch has shown that", async () => {
    const { ask, around } = createWorld();
    const parent = resourceDocument("Profile", "parent", rules("allow-all"));
    const child = resourceDocument("Profile", "child", { extends: "parent" });
    around.ruleBook.upsert("Profile parent", parseResource(parent));
    around.ruleBook.upsert("Profile child", parseResource(child));
    const answer = ask(review({ oldObject: parent, request: asked("Profile") }));
    setTimeout(() => around.ruleBook.delete("Profile child"), 30);
    expect(await answer).toMatchObject({ allowed: true });
  });

  it("may go, an Invariant, although an Exemption names it", async () => {
    const { ask, around } = createWorld();
    const ends = [{ namespaces: {} }];
    const invariant = resourceDocument("Invariant", "closed", {
      description: "nobody reaches anybody",
      mustNotReach: { from: ends, to: ends },
    });
    around.ruleBook.upsert("Invariant closed", parseResource(invariant));
    const excused = exemption({ rules: [], invariants: ["closed"] });
    around.ruleBook.upsert("Exemption shop/legacy", parseResource(excused));
    const removal = review({ oldObject: invariant, request: asked("Invariant") });
    expect(await ask(removal)).toMatchObject({ allowed: true });
  });

  const spec = { podSelector: {}, policyTypes: ["Ingress"] };
  const wall = resourceDocument("Baseline", "wall", { policies: [{ name: "own", spec }] });

  const strict = resourceDocument("Profile", "strict", { baseline: "wall" });
  const empty = resourceDocument("Baseline", "wall", { policies: [] });

  it.each([
    ["Baseline", wall, { "Baseline wall": empty, "Profile strict": strict }],
    ["Profile", strict, { "Baseline wall": wall }],
  ])("names the policies of namespaces' own that a %s replaces", async (kind, object, there) => {
    const { ask, watch, around } = createWorld();
    for (const [key, raw] of Object.entries(there)) {
      around.ruleBook.upsert(key, parseResource(raw));
    }
    const by = { "ringfence.dev/profile": "strict" };
    watch(policy("odd/own", spec));
    watch(namespace("soft", { ...by, "ringfence.dev/mode": "warn" }));
    watch(policy("soft/own", spec));
    watch(namespace("kept", by));
    watch(policy("kept/own", spec, { labels: { "ringfence.dev/baseline": "wall" } }));
    watch(policy("shop/own", spec));
    expect(await ask(review({ object, request: asked(kind) }))).toMatchObject({
      allowed: true,
      warnings: [
        "NetworkPolicies of namespaces' own will be replaced by those of a Baseline: odd/own",
      ],
    });
    const other = review({
      object: resourceDocument("Profile", "other", {}),
      request: asked("Profile"),
    });
    expect((await ask(other)).warnings).toBeUndefined();
  });

  it("names the namespaces that lack what it is made with, a Baseline", async () => {
    const { ask, watch, around } = createWorld();
    around.ruleBook.upsert("Baseline wall", parseResource(empty));
    around.ruleBook.upsert("Profile strict", parseResource(strict));
    const by = { "ringfence.dev/profile": "strict" };
    watch(namespace("odd", { ...by, team: "a" }));
    watch(namespace("lacking", by));
    const matchLabels = { team: "$(namespace.labels.team)" };
    const object = resourceDocument("Baseline", "wall", {
      namespaceLabels: ["team", "unused"],
      policies: [{ name: "own", spec: { podSelector: { matchLabels } } }],
    });
    expect((await ask(review({ object, request: asked("Baseline") }))).warnings).toEqual([
      "namespaces without a label or annotation that their Baseline is made with stay as they are: lacking",
    ]);
  });

  describe("that makes a Baseline", () => {
    const deny = { name: "default-deny", spec: { podSelector: {}, policyTypes: ["Ingress"] } };
    const from = [{ namespaceSelector: named("dev") }];
    const matchLabels = { app: "$(namespace.annotations.entry)" };
    const entry = {
      name: "entry",
      spec: { podSelector: { matchLabels }, policyTypes: ["Ingress"], ingress: [{ from }] },
    };
    const closed = resourceDocument("Baseline", "wall", { policies: [deny] });
    const opening = resourceDocument("Baseline", "wall", {
      namespaceAnnotations: ["entry"],
      policies: [deny, entry],
    });
    const walled = resourceDocument("Profile", "walled", { baseline: "wall" });
    const kept = (action: string): Resource =>
      resource(
        resourceDocument("Invariant", "no-dev", {
          description: "nobody develops on the shop",
          action,
          mustNotReach: {
            from: [{ namespaces: named("dev") }],
            to: [{ namespaces: named("shop") }],
          },
        }),
      );
    const world = (action: string, options: Parameters<typeof createWorld>[0] = {}) => {
      const made = createWorld({ ...options, resources: [kept(action)] });
      made.around.ruleBook.upsert("Baseline wall", parseResource(closed));
      made.around.ruleBook.upsert("Profile walled", parseResource(walled));
      const shop = namespace("shop", {
        "ringfence.dev/profile": "walled",
        "kubernetes.io/metadata.name": "shop",
      });
      made.watch({
        ...shop,
        metadata: { ...(shop["metadata"] as Json), annotations: { entry: "web" } },
      });
      made.watch(namespace("dev", { "kubernetes.io/metadata.name": "dev" }));
      return made;
    };
    const opens = "opens dev/* → shop/web all ports (1 pod could not reach it before)";

    it.each<[string, string, object]>([
      [
        "refused",
        "Deny",
        {
          allowed: false,
          status: {
            code: 422,
            reason: "Invalid",
            message: `Baseline wall cannot be used\ninvariant "no-dev": ${opens}; why: nobody develops on the shop`,
          },
        },
      ],
      [
        "warned of",
        "Warn",
        {
          allowed: true,
          warnings: [`invariant "no-dev": ${opens} (why: nobody develops on the shop)`],
        },
      ],
      ["let be", "Audit", { allowed: true, warnings: undefined }],
    ])(
      "is %s where an Invariant would be broken with the action %s",
      async (_, action, expected) => {
        const { ask } = world(action);
        const response = await ask(review({ object: opening, request: asked("Baseline") }));
        expect({ warnings: undefined, ...response }).toMatchObject(expected);
      },
    );

    it("is judged by what it changes alone, and by a Profile that names it", async () => {
      const { ask, around } = world("Deny");
      expect(await ask(review({ object: closed, request: asked("Baseline") }))).toMatchObject({
        allowed: true,
      });
      const other = { ...opening, metadata: { name: "gate" } };
      around.ruleBook.upsert("Baseline gate", parseResource(other));
      const object = resourceDocument("Profile", "walled", { baseline: "gate" });
      const moved = await ask(review({ object, request: asked("Profile") }));
      expect(moved.status?.message).toContain(
        `Profile walled cannot be used\ninvariant "no-dev": `,
      );
      // What was in force before has still to be written, and is not this one's doing.
      around.ruleBook.upsert("Baseline wall", parseResource(opening));
      const policies = [deny, entry, { ...deny, name: "again" }];
      const more = resourceDocument("Baseline", "wall", {
        namespaceAnnotations: ["entry"],
        policies,
      });
      expect(await ask(review({ object: more, request: asked("Baseline") }))).toMatchObject({
        allowed: true,
      });
    });

    it("says so where there is no time for all Invariants", async () => {
      let asks = 0;
      const { ask } = world("Deny", { elapsedMs: () => (asks += 1) * 600 });
      const response = await ask(review({ object: opening, request: asked("Baseline") }));
      expect(response.warnings?.[0]).toContain("it takes too long");
      expect(response.allowed).toBe(true);
    });
  });

  it.each([
    ["mustReach", "db", "noted/*, soft/* and 2 more → shop/db TCP 5432 cannot be reached (5 pods)"],
    [
      "mustNotReach",
      "web",
      "noted/*, soft/* and 2 more → noted/*, soft/* and 1 more TCP 5432 can be reached (5 pods)",
    ],
    ["mustNotReach", "db", null],
  ])("tells the flows that break it already, an Invariant: %s %s", async (sense, to, flows) => {
    const podsOf = (app: string): Json => ({ pods: { podSelector: { matchLabels: { app } } } });
    const reach = { from: [podsOf("web")], to: [podsOf(to)], ports: [{ port: 5432 }] };
    const object = resourceDocument("Invariant", "x", { description: "d", [sense]: reach });
    const { ask, engine } = createWorld();
    const { selectors } = engine.stats();
    const { warnings } = await ask(review({ object, request: asked("Invariant") }));
    const text = `it does not hold as things are: ${flows}; a change only counts if it makes that worse`;
    expect(warnings).toEqual(flows === null ? undefined : [text]);
    expect(engine.stats().selectors).toBe(selectors);
  });

  it("names the ends at which nobody is, an Invariant", async () => {
    const podsOf = (app: string): Json => ({ pods: { podSelector: { matchLabels: { app } } } });
    const reach = { from: [podsOf("web")], to: [podsOf("db")] };
    const written = (mustReach: Json): Json =>
      resourceDocument("Invariant", "x", { description: "d", mustReach });
    const { ask } = createWorld();
    const warnings = async (object: Json) =>
      (await ask(review({ object, request: asked("Invariant") }))).warnings;
    expect(await warnings(written(reach))).not.toContainEqual(expect.stringContaining("no pod"));
    const to = [{ world: true }, podsOf("bd"), { addresses: ["192.0.2.0/24"] }];
    expect(await warnings(written({ from: [podsOf("wbe")], to }))).toEqual([
      "no pod is selected now by spec.mustReach.from[0], spec.mustReach.to[1]; compare with `kubectl get pods -A --show-labels`",
    ]);
  });

  it("that has ended says so when it is written, an Exemption", async () => {
    const object = exemption({ rules: ["allow-all"], expires: "2025-12-31T00:00:00Z" });
    expect(await createWorld().ask(review({ object, request: asked("Exemption") }))).toMatchObject({
      allowed: true,
      warnings: ["it excuses nobody: it expired on 2025-12-31T00:00:00Z"],
    });
  });

  it("is refused where namespaces pick the Baseline that is to go", async () => {
    const team = resourceDocument("Baseline", "team", { policies: [] });
    const { ask, engine, around } = createWorld();
    around.ruleBook.upsert("Baseline team", parseResource(team));
    const removal = () => ask(review({ oldObject: team, request: asked("Baseline") }));
    const join = (labels: Record<string, string>): void =>
      engine.apply({
        kind: "namespace",
        op: "upsert",
        object: { name: "shop", labels: new Map(Object.entries(labels)) },
      });
    join({ "ringfence.dev/baseline": "team" });
    expect(await removal()).toMatchObject({ allowed: true });
    join({ "ringfence.dev/baseline": "team", "ringfence.dev/profile": "restricted" });
    expect((await removal()).status?.message).toBe(
      "Baseline team cannot be deleted\n1 namespace uses it: shop",
    );
  });

  it("waits for the first sync", async () => {
    const { ask } = createWorld({ freshness: { kind: "syncing" } });
    const oldObject = resourceDocument("Profile", "unused", {});
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
      auditAnnotations: { excused: "allow-all", exemptions: "shop/legacy" },
    });
    expect(response.auditAnnotations?.["rules"]?.split(",")).not.toContain("allow-all");
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

describe("an Exemption where the profile lets none last longer than 30 days", () => {
  const limited = resource(
    resourceDocument("Profile", "limited", { ...rules("allow-all"), maxExemptionDays: 30 }),
  );
  const world = (): ReturnType<typeof createWorld> => {
    const made = createWorld({ resources: [limited] });
    made.engine.apply({
      kind: "namespace",
      op: "upsert",
      object: { name: "shop", labels: new Map([["ringfence.dev/profile", "limited"]]) },
    });
    return made;
  };
  const lasting = (expires: string, creationTimestamp?: string): Json => {
    const made = exemption({ rules: ["allow-all"], expires });
    const metadata = { name: "legacy", namespace: "shop", creationTimestamp };
    return creationTimestamp === undefined ? made : { ...made, metadata };
  };

  it.each<[string, Json, string | null]>([
    ["no longer", lasting("2026-01-31T00:00:00Z"), null],
    [
      "longer",
      lasting("2026-01-31T00:00:01Z"),
      "spec.expires: `2026-01-31T00:00:01Z` is too late: profile `limited` allows 30 days from its creation, until `2026-01-31T00:00:00Z`",
    ],
    [
      "longer since it was created",
      lasting("2026-01-20T00:00:00Z", "2025-12-15T00:00:00Z"),
      "spec.expires: `2026-01-20T00:00:00Z` is too late: profile `limited` allows 30 days from its creation, until `2026-01-14T00:00:00Z`",
    ],
  ])("%s: answered when it is written", async (_, object, problem) => {
    const { status } = await world().ask(review({ object, request: asked("Exemption") }));
    expect(status?.message ?? null).toBe(
      problem === null ? null : `Exemption shop/legacy cannot be used\n${problem}`,
    );
  });

  it.each([
    [
      "2025-12-01T00:00:00Z",
      "expired on 2025-12-31T00:00:00Z by the profile's `maxExemptionDays`; ask team shop",
      false,
    ],
    ["2025-12-15T00:00:00Z", "excused until 2026-01-14T00:00:00Z", true],
  ])("created on %s and stored past the webhook: %s", async (created, text, allowed) => {
    const { ask, around } = world();
    const read = parseResource(lasting("2030-01-01T00:00:00Z", created));
    around.ruleBook.upsert("Exemption shop/legacy", read);
    const response = await ask(
      review({ object: policy("shop/open", { podSelector: {}, ingress: [{}] }) }),
    );
    expect(response.allowed).toBe(allowed);
    expect(response.warnings?.join("\n")).toContain(text);
  });
});

describe("an Exemption of a file, whose age nobody knows, under such a profile", () => {
  const limited = resourceDocument("Profile", "limited", {
    ...rules("allow-all"),
    maxExemptionDays: 30,
  });
  it.each([
    ["2026-01-31T00:00:00Z", "allow-all: excused until 2026-01-31T00:00:00Z by", true],
    [
      "2026-01-31T00:00:01Z",
      "allow-all: not excused, Exemption shop/legacy of a file lasts until 2026-01-31T00:00:01Z, longer than the profile's `maxExemptionDays` from now; ask team shop",
      false,
    ],
  ])("that ends on %s: %s", async (expires, warning, allowed) => {
    const excusing = exemption({ rules: ["allow-all"], expires });
    const { ask, watch } = createWorld({ resources: [limited, excusing].map(resource) });
    watch(namespace("shop", { "ringfence.dev/profile": "limited" }));
    const object = policy("shop/open", { podSelector: {}, ingress: [{}] });
    const response = await ask(review({ object }));
    expect(response.allowed).toBe(allowed);
    expect(response.warnings?.join("\n")).toContain(warning);
  });
});

describe("a broken resource", () => {
  it.each<[string, Json, boolean]>([
    ["Exemption shop/old", resourceDocument("Exemption", "old", { rules: ["nope"] }, "shop"), true],
    ["Exemption dev/old", resourceDocument("Exemption", "old", { rules: ["nope"] }, "dev"), false],
    ["Baseline team", resourceDocument("Baseline", "team", { policies: [{ name: "p" }] }), true],
    ["Baseline other", resourceDocument("Baseline", "other", { policies: [{ name: "p" }] }), false],
  ])("%s is named to those whom it concerns", async (key, broken, isNamed) => {
    const { ask, around } = createWorld();
    const { ruleBook } = around;
    const team = resourceDocument("Baseline", "team", { policies: [] });
    const mine = resourceDocument("Profile", "mine", { ...rules("allow-all"), baseline: "team" });
    ruleBook.upsert("Baseline team", parseResource(team));
    ruleBook.upsert("Profile mine", parseResource(mine));
    ruleBook.upsert(key, parseResource(broken));
    around.cluster.engine.apply({
      kind: "namespace",
      op: "upsert",
      object: { name: "shop", labels: new Map([["ringfence.dev/profile", "mine"]]) },
    });
    const object = policy("shop/deny", { podSelector: {}, policyTypes: ["Ingress"] });
    const { warnings } = await ask(review({ object }));
    expect((warnings?.join("\n") ?? "").includes(`${key}: the newest version cannot be used`)).toBe(
      isNamed,
    );
  });

  it("is named to those whom its profile governs, while its last good version is in force", async () => {
    const { ask, around } = createWorld();
    const { ruleBook } = around;
    ruleBook.upsert(
      "Profile ours",
      parseResource(resourceDocument("Profile", "ours", rules("allow-all"))),
    );
    ruleBook.upsert(
      "Profile ours",
      parseResource(resourceDocument("Profile", "ours", rules("nope"))),
    );
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
      "Profile ours: the newest version cannot be used: spec.rules[0].id: `nope` is no rule",
    );
  });

  it("of a file is named to everybody, as nobody knows whom it would have judged", async () => {
    const { ask, around } = createWorld();
    const code = "NP_E_RESOURCE";
    around.ruleBook.noteFiles([{ code, path: "a.yaml:3 spec.rulez", message: "unknown field" }]);
    const object = policy("shop/deny", { podSelector: {}, policyTypes: ["Ingress"] });
    expect((await ask(review({ object }))).warnings).toContain(
      "files of resources: the newest version cannot be used: a.yaml:3 spec.rulez: unknown field",
    );
    around.ruleBook.noteFiles([]);
    expect((await ask(review({ object }))).warnings?.join() ?? "").not.toContain(
      "files of resources",
    );
  });

  it("that never was good is no profile, and the reason is said", async () => {
    const { ask, around } = createWorld();
    const bad = resourceDocument("Profile", "strict", rules("nope"));
    around.ruleBook.upsert("Profile strict", parseResource(bad));
    const object = namespace("new", { "ringfence.dev/profile": "strict" });
    expect((await ask(review({ object }))).status?.message).toBe(
      "Namespace new refused: profile `strict` cannot be used: spec.rules[0].id: `nope` is no rule",
    );
  });
});

describe("an Invariant", () => {
  const spec = { description: "card data is for payments alone", action: "Deny" };
  const vault = [
    {
      pods: {
        namespaceSelector: named("payments"),
        podSelector: { matchLabels: { app: "vault" } },
      },
    },
  ];
  const others = [
    {
      namespaces: {
        matchExpressions: [
          { key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["payments"] },
        ],
      },
    },
  ];
  const ports = [{ port: 8200 }];
  const guarded = (part: Json): Resource =>
    resource(resourceDocument("Invariant", "cardholder-data", { ...spec, ...part }));
  const sealed = guarded({ mustNotReach: { from: others, to: vault, ports } });
  const vaultFrom = (from: Json, port = 8200): Json =>
    policy("payments/vault-from", {
      podSelector: { matchLabels: { app: "vault" } },
      policyTypes: ["Ingress"],
      ingress: [{ from: [from], ports: [{ protocol: "TCP", port }] }],
    });
  const dev = { namespaceSelector: named("dev") };

  it("refuses a change that opens what must stay closed: the flow, how many pods, and why", async () => {
    const { ask } = createWorld({ resources: [sealed] });
    const { allowed, status, auditAnnotations } = await ask(review({ object: vaultFrom(dev) }));
    expect(allowed).toBe(false);
    expect(status?.message).toContain(
      [
        '1. invariant "cardholder-data"',
        "   opens dev/* → payments/* TCP 8200 (1 pod could not reach it before)",
        "   why: card data is for payments alone",
      ].join("\n"),
    );
    expect(auditAnnotations).toMatchObject({ rules: 'invariant "cardholder-data"' });
  });

  it.each<[string, Json]>([
    ["on another port", vaultFrom(dev, 8201)],
    ["from within", vaultFrom({ podSelector: {} })],
    [
      "to another pod",
      policy("shop/db-from", {
        podSelector: { matchLabels: { app: "db" } },
        ingress: [{ from: [dev] }],
      }),
    ],
  ])("has nothing against what opens %s", async (_, object) => {
    const { ask } = createWorld({ resources: [sealed] });
    const { status } = await ask(review({ object }));
    expect(status?.message ?? "").not.toContain("invariant");
  });

  it("does not block what leaves its breaches as they are, only what adds to them", async () => {
    const { ask, engine } = createWorld({ resources: [sealed] });
    const breach = succeed(parseNetworkPolicy(vaultFrom(dev)));
    engine.apply({ kind: "policy", op: "upsert", object: breach.policy });
    expect(
      (await ask(review({ object: vaultFrom(dev), oldObject: vaultFrom(dev, 1) }))).status,
    ).toBeUndefined();
    const worse = await ask(
      review({
        object: policy("payments/vault-from-soft", {
          podSelector: { matchLabels: { app: "vault" } },
          ingress: [
            {
              from: [{ namespaceSelector: named("soft") }],
              ports: [{ port: 8200 }],
            },
          ],
        }),
      }),
    );
    expect(worse.status?.message).toContain("opens soft/* → payments/* TCP 8200 (1 pod");
  });

  it("refuses a change that closes what must stay open", async () => {
    const open = guarded({
      mustReach: {
        from: [{ namespaces: named("dev") }],
        to: [{ pods: { podSelector: { matchLabels: { app: "web" } } } }],
        ports: [{ port: 80 }],
      },
    });
    const { ask, engine } = createWorld({ resources: [open] });
    const way = policy("shop/web-from-dev", {
      podSelector: { matchLabels: { app: "web" } },
      ingress: [{ from: [dev] }],
    });
    const { policy: stored } = succeed(parseNetworkPolicy(way));
    engine.apply({ kind: "policy", op: "upsert", object: stored });
    const { status } = await ask(review({ oldObject: way }));
    expect(status?.message).toContain(
      "closes dev/* → shop/web TCP 80 (1 pod could reach it before)",
    );
  });

  it("judges a namespace whose labels bring it under one", async () => {
    const noReach = guarded({
      mustNotReach: {
        from: [{ namespaces: { matchLabels: { trusted: "no" } } }],
        to: [{ namespaces: named("dev") }],
      },
    });
    const { ask } = createWorld({ resources: [noReach] });
    const labels = { "ringfence.dev/profile": "restricted" };
    const { status } = await ask(
      review({
        oldObject: namespace("shop", labels),
        object: namespace("shop", { ...labels, trusted: "no" }),
      }),
    );
    expect(status?.message).toContain(
      '1. invariant "cardholder-data"\n   puts under it shop/* → dev/* all ports, open already (3 pods)\n',
    );
    expect(status?.message).not.toContain("opens");
  });

  it("lets a namespace go, though without its labels nobody could tell what must reach", async () => {
    const from = [{ namespaces: { matchLabels: { team: "web" } } }];
    const mustReach = { from, to: [{ namespaces: named("shop") }] };
    const { ask, watch } = createWorld({ resources: [guarded({ onUnknown: "Deny", mustReach })] });
    const soft = namespace("soft", { "ringfence.dev/profile": "restricted" });
    watch(soft);
    watch(namespace("shop", { "kubernetes.io/metadata.name": "shop" }));
    const response = await ask(review({ oldObject: soft }));
    expect(response).toMatchObject({ allowed: true, auditAnnotations: { rules: "" } });
  });

  it("says of flows from addresses alone which pods could not be reached", async () => {
    const noWorld = guarded({ mustNotReach: { from: [{ world: true }], to: vault } });
    const { ask } = createWorld({ resources: [noWorld] });
    const object = vaultFrom({ ipBlock: { cidr: "203.0.113.0/24" } });
    const { status } = await ask(review({ object }));
    expect(status?.message).toMatch(
      /opens 203\.0\.113\.0\/24 → payments\/\* TCP 8200 \(1 pod could not be reached before\)/,
    );
  });

  it.each<[string, Json, boolean, RegExp]>([
    [
      "warns where it only warns",
      { action: "Warn" },
      true,
      /^invariant "cardholder-data": opens dev\/\* .* \(why: card data/,
    ],
    ["is silent where it only notes", { action: "Audit" }, true, /^opens dev/],
  ])("%s", async (_, part, allowed, warning) => {
    const { ask } = createWorld({
      resources: [guarded({ ...part, mustNotReach: { from: others, to: vault, ports } })],
    });
    const response = await ask(review({ object: vaultFrom(dev) }));
    expect(response.allowed).toBe(allowed);
    expect(response.warnings?.some((line) => warning.test(line))).toBe(true);
    expect(response.auditAnnotations).toMatchObject({ rules: 'invariant "cardholder-data"' });
  });

  it("is excused by an Exemption that names it", async () => {
    const excused = resourceDocument(
      "Exemption",
      "migration",
      { invariants: ["cardholder-data"], reason: "r", owner: "o", expires: "2026-06-01T00:00:00Z" },
      "payments",
    );
    const { ask } = createWorld({ resources: [sealed, resource(excused)] });
    const response = await ask(review({ object: vaultFrom(dev) }));
    expect(response).toMatchObject({
      allowed: true,
      auditAnnotations: {
        excused: 'invariant "cardholder-data"',
        exemptions: "payments/migration",
      },
    });
  });

  it.each([
    ["payments", null],
    ["ringfence-system", 'invariant "cardholder-data"'],
  ])("an Exemption in %s excuses of a cluster-scoped policy: %s", async (where, excused) => {
    const terms = { reason: "r", owner: "o", expires: "2026-06-01T00:00:00Z" };
    const forCards = { invariants: ["cardholder-data"], ...terms };
    const { ask } = createWorld({
      resources: [sealed, resource(resourceDocument("Exemption", "migration", forCards, where))],
    });
    const object = {
      apiVersion: "policy.networking.k8s.io/v1alpha2",
      kind: "ClusterNetworkPolicy",
      metadata: { name: "open" },
      spec: {
        tier: "Admin",
        priority: 1,
        subject: { namespaces: named("payments") },
        ingress: [{ action: "Accept", from: [{ namespaces: named("dev") }] }],
      },
    };
    const { auditAnnotations, status } = await ask(review({ object }));
    expect(auditAnnotations?.["excused"] ?? null).toBe(excused);
    expect(status?.message.includes('invariant "cardholder-data"') ?? false).toBe(excused === null);
  });
});

describe("a namespace whose labels and annotations fill its baseline", () => {
  const filled = resourceDocument("Baseline", "filled", {
    namespaceLabels: ["friend"],
    namespaceAnnotations: ["partner", "other-partner"],
    policies: [
      {
        name: "default-deny",
        spec: {
          podSelector: {},
          policyTypes: ["Ingress"],
          ingress: [
            {
              from: [
                { namespaceSelector: named("$(namespace.labels.friend)") },
                { ipBlock: { cidr: "$(namespace.annotations.partner)" } },
                { ipBlock: { cidr: "$(namespace.annotations.other-partner)" } },
              ],
            },
          ],
        },
      },
    ],
  });
  const sealed = resourceDocument("Invariant", "sealed", {
    description: "payments is nobody's",
    mustNotReach: {
      from: [{ namespaces: named("dev") }, { world: true }],
      to: [{ namespaces: named("payments") }],
    },
  });
  const filling = resourceDocument("Profile", "filling", {
    extends: "restricted",
    baseline: "filled",
  });
  const resources = [filled, sealed, filling].map(resource);
  const payments = (friend: string, partner: string, more: Json = {}): Json => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name: "payments",
      labels: { "ringfence.dev/profile": "filling", friend, ...more },
      annotations: { partner, "other-partner": "192.0.2.7/32" },
    },
  });
  const before = payments("shop", "192.0.2.0/24");

  it.each<[string, Json, RegExp | null]>([
    ["nothing of it changes", payments("shop", "192.0.2.0/24", { team: "a" }), null],
    ["it lets in somebody else, as it may", payments("soft", "192.0.2.0/24"), null],
    [
      "its label lets in whom nobody may",
      payments("dev", "192.0.2.0/24"),
      /opens dev\/\* → payments\/\*/,
    ],
    ["its annotation does so", payments("shop", "0.0.0.0/0"), /opens .* → payments\/\*/],
    ["nothing would come out", payments("shop", "everybody"), /`everybody` is not a CIDR/],
  ])("is judged by what Ringfence will make of it: %s", async (_, object, problem) => {
    const { ask, engine } = createWorld({ resources });
    const stored = policy("payments/default-deny", {
      podSelector: {},
      ingress: [
        { from: [{ namespaceSelector: named("shop") }, { ipBlock: { cidr: "192.0.2.0/24" } }] },
      ],
    });
    const read = succeed(parseNetworkPolicy(stored));
    engine.apply({ kind: "policy", op: "upsert", object: read.policy });
    const { allowed, status } = await ask(review({ oldObject: before, object }));
    expect(allowed, status?.message).toBe(problem === null);
    if (problem !== null) expect(status?.message).toMatch(problem);
  });

  const noted = (note: string): Json => {
    const metadata = {
      ...(before["metadata"] as Json),
      annotations: { ...((before["metadata"] as Json)["annotations"] as Json), note },
    };
    return { ...before, metadata };
  };

  it("is let through where only other annotations change", async () => {
    const { ask } = createWorld({ resources });
    const response = await ask(review({ oldObject: before, object: noted("x") }));
    expect(response.auditAnnotations).toEqual({ outcome: "spec-and-labels-unchanged" });
  });

  it.each([
    { of: "another label", object: payments("soft", "192.0.2.0/24"), times: 2 },
    { of: "another annotation", object: payments("shop", "192.0.3.0/24"), times: 2 },
    { of: "an annotation that it is not made with", object: noted("x"), times: 0 },
  ])("is filled in $times times for $of", async ({ object, times }) => {
    const { around } = createWorld({ resources });
    let filledIn = 0;
    const clusterValues = (): ClusterValues => {
      filledIn += 1;
      return around.clusterValues();
    };
    const reading = readReview(review({ oldObject: before, object }));
    if (reading.kind !== "request") throw new Error(reading.kind);
    await decide(reading.request, Number.POSITIVE_INFINITY, { ...around, clusterValues });
    expect(filledIn).toBe(times);
  });
});

describe("a namespace that comes to be enforced, and so gets its baseline", () => {
  const link = (more: Json = {}): Resource =>
    resource(
      resourceDocument("Invariant", "link", {
        description: "the shop asks here",
        mustReach: {
          from: [{ namespaces: named("shop") }],
          to: [{ namespaces: { matchLabels: { asked: "yes" } } }],
          ports: [{ port: 8080 }],
        },
        ...more,
      }),
    );
  const PROFILE = "ringfence.dev/profile";
  const MODE = "ringfence.dev/mode";
  const wanted = { asked: "yes" };
  const inMode = (mode: string, profile = "restricted"): Json => ({
    ...wanted,
    [PROFILE]: profile,
    [MODE]: mode,
  });
  const enforced = { ...wanted, [PROFILE]: "restricted" };
  /** The shop may ask whom it likes. */
  const out = policy("shop/out", { podSelector: {}, policyTypes: ["Egress"], egress: [{}] });
  const letIn = (name: string): Json =>
    policy(`${name}/in`, {
      podSelector: {},
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ namespaceSelector: named("shop") }], ports: [{ port: 8080 }] }],
    });
  const closes = (name: string): string => `closes shop/* → ${name}/* TCP 8080`;

  interface Row {
    readonly name: string;
    readonly of?: string;
    readonly labels: readonly [before: Json, after: Json];
    readonly invariant?: Json;
    /** Stored beside what there is. */
    readonly stored?: readonly Json[];
    readonly expected: "denied" | "warned" | "allowed";
  }
  it.each<Row>([
    { name: "opts in", labels: [wanted, enforced], expected: "denied" },
    { name: "opts in by a typo", labels: [wanted, inMode("enfroce")], expected: "denied" },
    {
      name: "opts in, against what is only to be warned of",
      labels: [wanted, enforced],
      invariant: { action: "Warn" },
      expected: "warned",
    },
    {
      name: "opts in, with a policy of its own for what must stay open",
      labels: [wanted, enforced],
      stored: [letIn("dev")],
      expected: "allowed",
    },
    {
      name: "warned until now",
      of: "soft",
      labels: [inMode("warn"), enforced],
      expected: "denied",
    },
    {
      name: "was audited until now",
      of: "noted",
      labels: [inMode("audit"), enforced],
      expected: "denied",
    },
    {
      name: "warned until now, of a profile that there is not",
      of: "soft",
      labels: [inMode("warn", "gone"), enforced],
      expected: "denied",
    },
    { name: "opts in to warnings alone", labels: [wanted, inMode("warn")], expected: "allowed" },
    { name: "opts in to the audit log", labels: [wanted, inMode("audit")], expected: "allowed" },
    {
      name: "goes from the audit log to warnings",
      of: "noted",
      labels: [inMode("audit"), inMode("warn")],
      expected: "allowed",
    },
    {
      name: "opts in under a name that is always left alone",
      of: "kube-public",
      labels: [wanted, enforced],
      expected: "allowed",
    },
  ])("$name: $expected", async ({ of = "dev", labels, invariant, stored = [], expected }) => {
    const world = createWorld({ resources: [link(invariant)] });
    const [before, after] = labels.map((each) => namespace(of, each));
    if (before === undefined) throw new Error("no namespace");
    for (const raw of [before, out, ...stored]) world.watch(raw);
    if (of === "kube-public") world.addPod(`${of}/tool`);
    const {
      allowed,
      warnings = [],
      status,
    } = await world.ask(review({ oldObject: before, object: after ?? null }));
    expect(allowed, status?.message).toBe(expected !== "denied");
    if (expected === "denied") {
      expect(status?.message).toContain(`1. invariant "link"\n   ${closes(of)}`);
      expect(status?.message).toContain(
        "help: Ringfence will write the baseline's policies there; allow by one of your own first what must stay open",
      );
    }
    expect(warnings.some((line) => line.startsWith(`invariant "link": ${closes(of)}`))).toBe(
      expected === "warned",
    );
  });

  it("is not what a policy is told of that closes the same", async () => {
    const world = createWorld({ resources: [link()] });
    world.watch(namespace("tried", { ...wanted, [PROFILE]: "custom" }));
    world.watch(out);
    const object = policy("tried/deny", { podSelector: {}, policyTypes: ["Ingress"] });
    const { status } = await world.ask(review({ object }));
    expect(status?.message).toContain(closes("tried"));
    expect(status?.message).not.toContain("help: ");
  });

  it("is told what that closes, where no invariant is broken", async () => {
    const { ask } = createWorld();
    const response = await ask(
      review({ oldObject: namespace("dev"), object: namespace("dev", enforced) }),
    );
    expect(response.warnings).toEqual([expect.stringMatching(/^opens nothing; closes dev\/\* → /)]);
    expect(response.auditAnnotations?.["closed"]).toContain("dev/* →");
  });

  it("is not taken for one whose labels open what its baseline opens", async () => {
    const egress = [{ to: [{ namespaceSelector: named("kube-system") }] }];
    const spec = { podSelector: {}, policyTypes: ["Egress"], egress };
    const world = createWorld({
      resources: [
        resource(resourceDocument("Baseline", "out", { policies: [{ name: "out", spec }] })),
        resource(resourceDocument("Profile", "out", { extends: "restricted", baseline: "out" })),
      ],
    });
    world.watch(policy("dev/shut", { podSelector: {}, policyTypes: ["Egress"] }));
    const object = namespace("dev", { [PROFILE]: "out" });
    const { warnings } = await world.ask(review({ oldObject: namespace("dev"), object }));
    expect(warnings).toEqual(["opens dev/* → kube-system/* all ports; closes nothing"]);
  });

  it("may name a weaker profile on the way, as the mode that it leaves lets it", async () => {
    const { ask } = createWorld();
    const response = await ask(
      review({
        oldObject: namespace("soft", inMode("warn")),
        object: namespace("soft", { [PROFILE]: "baseline" }),
      }),
    );
    expect(response.allowed).toBe(true);
    expect(response.warnings?.join("\n")).toContain("opt-out: ");
  });

  it.each([
    ["audit", "warn"],
    ["warn", "audit"],
  ])("is judged by the harder of both modes: %s and %s", async (before, after) => {
    const { ask } = createWorld();
    const picking = { "ringfence.dev/baseline": "gone" };
    const { warnings } = await ask(
      review({
        oldObject: namespace("soft", inMode(before)),
        object: namespace("soft", { ...inMode(after), ...picking }),
      }),
    );
    expect(warnings?.join("\n")).toContain("baseline-labels: ");
  });

  it("may not name a profile that there is not on the way", async () => {
    const { ask } = createWorld();
    const { status } = await ask(
      review({
        oldObject: namespace("soft", inMode("warn")),
        object: namespace("soft", { [PROFILE]: "strict" }),
      }),
    );
    expect(status?.message).toContain("no profile `strict`");
  });

  it("is judged with the baseline of the label's choice, and without what it kept of another", async () => {
    const wall = resourceDocument("Baseline", "wall", {
      policies: [{ name: "wall", spec: { podSelector: {}, policyTypes: ["Ingress"] } }],
    });
    const world = createWorld({ resources: [resource(wall)] });
    const picking = { [PROFILE]: "restricted", "ringfence.dev/baseline": "wall" };
    const kept = { labels: { "ringfence.dev/baseline": "default" } };
    const before = namespace("soft", { ...picking, [MODE]: "warn" });
    const deny = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };
    for (const raw of [before, policy("soft/default-deny", deny, kept)]) world.watch(raw);
    const { auditAnnotations } = await world.ask(
      review({ oldObject: before, object: namespace("soft", picking) }),
    );
    expect(auditAnnotations).toMatchObject({
      opened: expect.stringMatching(/^soft\/\* → /) as unknown,
      closed: "nothing",
    });
  });

  describe("is warned of its own policies that the baseline's will replace", () => {
    const deny = { podSelector: {}, policyTypes: ["Ingress"] };
    const replaced = "NetworkPolicies of this namespace's own will be replaced by its baseline's: ";
    const kept = { labels: { "ringfence.dev/baseline": "default" } };
    it.each<[string, readonly Json[], string | null]>([
      ["none", [], null],
      ["one of another name", [policy("dev/deny", deny)], null],
      ["one of that name", [policy("dev/default-deny", deny)], "default-deny"],
      [
        "both",
        [policy("dev/default-deny", deny), policy("dev/allow-dns", deny)],
        "default-deny, allow-dns",
      ],
      ["one that Ringfence kept there before", [policy("dev/default-deny", deny, kept)], null],
    ])("%s", async (_, stored, names) => {
      const world = createWorld();
      for (const raw of stored) world.watch(raw);
      const asking = (labels: Json) =>
        world.ask(review({ oldObject: namespace("dev"), object: namespace("dev", labels) }));
      const { warnings = [] } = await asking(enforced);
      expect(warnings.filter((line) => line.startsWith(replaced))).toEqual(
        names === null ? [] : [`${replaced}${names}`],
      );
      const softly = await asking(inMode("warn"));
      expect(softly.warnings?.join("\n") ?? "").not.toContain(replaced);
    });
  });
});

describe("two changes, each harmless, that break an Invariant together", () => {
  const sealedOff = (from: string) =>
    resource(
      resourceDocument("Invariant", "sealed", {
        description: `${from} keeps out of payments`,
        mustNotReach: {
          from: [{ namespaces: named(from) }],
          to: [{ namespaces: named("payments") }],
        },
      }),
    );
  const denyOf = (from: string) =>
    policy(`${from}/deny`, { podSelector: {}, policyTypes: ["Egress"] });
  const outOf = (from: string) =>
    policy(`${from}/out`, {
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [{ to: [{ namespaceSelector: named("payments") }], ports: [{ port: 8200 }] }],
    });
  const intoPaymentsFrom = (from: string) =>
    policy("payments/in", {
      podSelector: { matchLabels: { app: "vault" } },
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ namespaceSelector: named(from) }], ports: [{ port: 8200 }] }],
    });
  const egress = outOf("soft");
  const ingress = intoPaymentsFrom("soft");
  /** `soft` is closed for egress. */
  const closed = () => {
    let elapsedMs = 0;
    const world = createWorld({ resources: [sealedOff("soft")], elapsedMs: () => elapsedMs });
    const { policy: stored } = succeed(parseNetworkPolicy(denyOf("soft")));
    world.engine.apply({ kind: "policy", op: "upsert", object: stored });
    return { ...world, pass: (ms: number) => void (elapsedMs += ms) };
  };

  it("at once: the second is refused, and told which the first is", async () => {
    const { ask } = closed();
    const [first, second] = await Promise.all([
      ask(review({ object: egress })),
      ask(review({ object: ingress })),
    ]);
    expect(first?.allowed).toBe(true);
    expect(second?.status?.message).toContain(
      "opens soft/* → payments/* TCP 8200 (1 pod could not reach it before), together with NetworkPolicy soft/out, admitted a moment ago",
    );
  });

  it("in the other order too", async () => {
    const { ask } = closed();
    expect((await ask(review({ object: ingress }))).allowed).toBe(true);
    // In mode `warn` nothing is refused: the finding is a warning there.
    const { warnings } = await ask(review({ object: egress }));
    expect(warnings?.some((line) => line.startsWith('invariant "sealed": opens soft/*'))).toBe(
      true,
    );
  });

  it("where a rule failed on the first, and so refused it", async () => {
    const broken = testRule("broken-rule", {
      check: () => {
        throw new Error("oops");
      },
    });
    const world = createWorld({ resources: [sealedOff("tried")], rules: [broken] });
    const { policy: object } = succeed(parseNetworkPolicy(denyOf("tried")));
    world.engine.apply({ kind: "policy", op: "upsert", object });
    const first = await world.ask(review({ object: outOf("tried") }));
    expect(first.status).toMatchObject({ code: 500 });
    const second = await world.ask(review({ object: intoPaymentsFrom("tried") }));
    expect(second.allowed, second.status?.message).toBe(true);
  });

  it.each<[string, (world: ReturnType<typeof closed>) => Promise<unknown>, boolean]>([
    [
      "after a dry run of the first",
      ({ ask }) => ask(review({ object: egress, request: { dryRun: true } })),
      true,
    ],
    [
      "some time after the first was admitted and never stored",
      async ({ ask, pass }) => {
        await ask(review({ object: egress }));
        pass(11_000);
      },
      true,
    ],
    [
      "once the first is stored",
      async ({ ask, engine }) => {
        await ask(review({ object: egress }));
        const { policy: object } = succeed(parseNetworkPolicy(egress));
        engine.apply({ kind: "policy", op: "upsert", object });
      },
      false,
    ],
    [
      "where the first was taken back before it was seen",
      async ({ ask }) => {
        await ask(review({ object: egress }));
        await ask(review({ oldObject: egress }));
      },
      true,
    ],
  ])("%s", async (_, before, allowed) => {
    const world = closed();
    await before(world);
    const response = await world.ask(review({ object: ingress }));
    expect(response.allowed, response.status?.message).toBe(allowed);
    expect(response.status?.message ?? "").not.toContain("together with");
  });
});

describe("possible changes that are many", () => {
  const sealed = resource(
    resourceDocument("Invariant", "sealed", {
      description: "soft keeps out of payments",
      mustNotReach: {
        from: [{ namespaces: named("soft") }],
        to: [{ namespaces: named("payments") }],
      },
    }),
  );
  const closed = policy("soft/deny", { podSelector: {}, policyTypes: ["Egress"] });
  const out = policy("soft/out", {
    podSelector: {},
    policyTypes: ["Egress"],
    egress: [{ to: [{ namespaceSelector: named("payments") }], ports: [{ port: 8200 }] }],
  });
  const into = policy("payments/in", {
    podSelector: { matchLabels: { app: "vault" } },
    policyTypes: ["Ingress"],
    ingress: [{ from: [{ namespaceSelector: named("soft") }], ports: [{ port: 8200 }] }],
  });
  const harmless = (count: number): readonly Json[] =>
    Array.from({ length: count }, (_, at) =>
      policy(`noted/p${at}`, { podSelector: { matchLabels: { app: `a${at}` } } }),
    );
  /** Denies the way that `out` opens, whatever policies allow. */
  const guard = {
    apiVersion: "policy.networking.k8s.io/v1alpha2",
    kind: "ClusterNetworkPolicy",
    metadata: { name: "guard" },
    spec: {
      tier: "Admin",
      priority: 1,
      subject: { namespaces: named("payments") },
      ingress: [{ action: "Deny", from: [{ namespaces: named("soft") }] }],
    },
  };
  const after = async (admitted: readonly Json[]): Promise<string> => {
    const { ask, watch } = createWorld({ resources: [sealed] });
    watch(closed);
    for (const object of admitted) {
      // oxlint-disable-next-line no-await-in-loop -- one comes after the other
      expect(await ask(review({ object }))).toMatchObject({ allowed: true });
    }
    const { status } = await ask(review({ object: into }));
    return status?.message ?? "";
  };

  it.each([
    [1, "together with NetworkPolicy soft/out, admitted a moment ago"],
    [8, "together with NetworkPolicy soft/out, admitted a moment ago"],
    [
      9,
      "together with NetworkPolicy noted/p0, NetworkPolicy noted/p1 and 7 more, admitted a moment ago",
    ],
  ])("are considered one by one up to eight: %i", async (count, message) => {
    expect(await after([...harmless(count - 1), out])).toContain(message);
  });

  it("are named by what they are: a namespace, too", async () => {
    const { ask, watch } = createWorld({ resources: [sealed] });
    watch(closed);
    const labels = { "ringfence.dev/profile": "restricted", "ringfence.dev/mode": "audit" };
    const oldObject = namespace("noted", labels);
    await ask(review({ oldObject, object: namespace("noted", { ...labels, team: "x" }) }));
    for (const next of [out, ...harmless(7)]) {
      // oxlint-disable-next-line no-await-in-loop -- one comes after the other
      await ask(review({ object: next }));
    }
    const { status } = await ask(review({ object: into }));
    expect(status?.message).toContain(
      "together with Namespace noted, NetworkPolicy soft/out and 7 more, admitted",
    );
  });

  it("are both named where it takes both", async () => {
    const { ask, watch, engine } = createWorld({ resources: [sealed] });
    watch(closed);
    const { policy: object } = succeed(parseClusterNetworkPolicy(guard));
    engine.apply({ kind: "policy", op: "upsert", object });
    await ask(review({ oldObject: guard }));
    await ask(review({ object: out }));
    const { status } = await ask(review({ object: into }));
    expect(status?.message).toContain(
      "together with the deletion of ClusterNetworkPolicy guard, NetworkPolicy soft/out, admitted a moment ago",
    );
  });

  it.each([
    [8, true],
    [9, false],
  ])("break what all of them together do not: of %i, %s", async (count, isBroken) => {
    const message = await after([guard, ...harmless(count - 2), out]);
    expect(message.includes("together with NetworkPolicy soft/out, admitted")).toBe(isBroken);
    if (!isBroken) expect(message).toBe("");
  });
});

it.each([
  [["shop", "soft"], "shop/* → payments/* TCP 8200; soft/* → payments/* TCP 8201 ("],
  [
    ["shop", "soft", "noted"],
    "shop/* → payments/* TCP 8200; soft/* → payments/* TCP 8201 and 1 more (",
  ],
])("a broken Invariant names two groups of flows: %j", async (names, text) => {
  const { ask } = createWorld({
    resources: [
      resource(
        resourceDocument("Invariant", "sealed", {
          description: "nobody comes in",
          mustNotReach: {
            from: names.map((name) => ({ namespaces: named(name) })),
            to: [{ namespaces: named("payments") }],
          },
        }),
      ),
    ],
  });
  const object = policy("payments/in", {
    podSelector: {},
    policyTypes: ["Ingress"],
    ingress: names.map((name, at) => ({
      from: [{ namespaceSelector: named(name) }],
      ports: [{ port: 8200 + at }],
    })),
  });
  expect((await ask(review({ object }))).status?.message).toContain(text);
});

describe("rules for namespaces with certain labels", () => {
  const frozen = resource(
    resourceDocument("Profile", "frozen", {
      customRules: [
        {
          id: "frozen",
          action: "Deny",
          onFault: "Deny",
          kinds: ["Namespace"],
          operations: ["UPDATE"],
          expression: "false",
          message: "production stays as it is",
          match: { namespaceSelector: { matchLabels: { env: "prod" } } },
        },
      ],
    }),
  );
  const labelled = (env: string): Json =>
    namespace("live", { "ringfence.dev/profile": "frozen", env });
  const update = review({ object: labelled("test"), oldObject: labelled("prod") });

  it.each([
    { where: "as the watch has shown it", isKnown: true },
    { where: "that no watch has shown yet", isKnown: false },
  ])("judge by the labels of before: a namespace $where", async ({ isKnown }) => {
    const { ask, engine } = createWorld({ resources: [frozen] });
    const { namespace: object } = succeed(parseNamespace(labelled("prod")));
    if (isKnown) engine.apply({ kind: "namespace", op: "upsert", object });
    const response = await ask(update);
    expect(response.allowed).toBe(false);
    expect(response.status?.message).toContain("production stays as it is");
  });
});

it("lets a rule in CEL see how it is asked: by a subresource, with options", async () => {
  const gitops = resourceDocument("Profile", "gitops", {
    customRules: [
      {
        id: "by-gitops",
        action: "Deny",
        onFault: "Deny",
        kinds: ["Namespace"],
        expression: "request.options.fieldManager == 'gitops' && request.subResource == 'status'",
        message: "is for gitops",
      },
    ],
  });
  const { ask } = createWorld({ resources: [resource(gitops)] });
  const object = namespace("live", { "ringfence.dev/profile": "gitops" });
  const by = (fieldManager: string, subResource?: string) =>
    ask(review({ object, request: { options: { fieldManager }, subResource } }));
  expect(await by("gitops", "status")).toMatchObject({ allowed: true });
  expect((await by("gitops")).status?.message).toContain("is for gitops");
  expect((await by("dana", "status")).status?.message).toContain("is for gitops");
});

describe("a namespace may swap its Profile for one", () => {
  const guard = { id: "opt-out", action: "Deny" };
  const denies = { id: "allow-all", action: "Deny" };
  const prod = { namespaceSelector: { matchLabels: { env: "prod" } } };

  it.each([
    { of: "the same rules", rules: [denies], allowed: true },
    {
      of: "the same rules in fewer namespaces",
      rules: [{ ...denies, match: prod }],
      allowed: false,
    },
    {
      of: "an exception more",
      rules: [{ ...denies, action: "Audit", match: prod }, denies],
      allowed: false,
    },
    { of: "a weaker action", rules: [{ ...denies, action: "Warn" }], allowed: false },
  ])("of $of: $allowed", async ({ rules: next, allowed }) => {
    const profiles = [
      resource(resourceDocument("Profile", "present", { rules: [guard, denies] })),
      resource(resourceDocument("Profile", "next", { rules: [guard, ...next] })),
    ];
    const { ask } = createWorld({ resources: profiles });
    const labelled = (profile: string): Json =>
      namespace("live", { "ringfence.dev/profile": profile });
    const [object, oldObject] = [labelled("next"), labelled("present")];
    expect((await ask(review({ object, oldObject }))).allowed).toBe(allowed);
  });
});
