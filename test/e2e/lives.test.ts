import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { KubectlResult } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { named, resourceDocument } from "../support/documents.ts";
import { Ringfence } from "../support/ringfence.ts";
import { createNamespace, createPod, createShop, pod, policy, storedPolicy } from "./shop.ts";

const deny = (id: string): object => ({ id, action: "Deny" });
const lab = [{ namespaces: named("lab") }];
const away = [{ addresses: ["198.51.100.0/24"] }];
const baselinePolicy = (name: string, labels: object): object => ({
  name,
  spec: { podSelector: { matchLabels: labels }, policyTypes: ["Ingress"] },
});

interface Life {
  readonly kind: string;
  /** For `kubectl get`. */
  readonly args: readonly string[];
  /** `Exemption lab/old`. */
  readonly key: string;
  readonly first: object;
  readonly next: object;
  /** What the API server stores where no webhook is in the way. */
  readonly broken: object;
  readonly problem: string;
}

const invariant = (addresses: readonly string[], part: object = {}): object =>
  resourceDocument("Invariant", "far", {
    description: "the lab stays at home",
    mustNotReach: { from: lab, to: [{ addresses }] },
    ...part,
  });
const exemption = (rules: readonly string[], owner = "team lab"): object =>
  resourceDocument(
    "Exemption",
    "old",
    { rules, reason: "moving", owner, expires: "2099-01-01T00:00:00Z" },
    "lab",
  );

/** In the order in which they need each other. */
const LIVES: readonly Life[] = [
  {
    kind: "Baseline",
    args: ["rfb", "house"],
    key: "Baseline house",
    first: resourceDocument("Baseline", "house", { policies: [baselinePolicy("wall", {})] }),
    next: resourceDocument("Baseline", "house", {
      policies: [baselinePolicy("wall", { app: "web" })],
    }),
    broken: resourceDocument("Baseline", "house", {
      policies: [baselinePolicy("wall", { x: "$(namespace.nmae)" })],
    }),
    problem:
      "spec.policies[0].spec.podSelector.matchLabels.x: there is no value for `$(namespace.nmae)`",
  },
  {
    kind: "Profile",
    args: ["rfp", "house"],
    key: "Profile house",
    first: resourceDocument("Profile", "house", { baseline: "house", rules: [deny("every-port")] }),
    next: resourceDocument("Profile", "house", {
      baseline: "house",
      rules: [deny("every-port"), deny("allow-all")],
    }),
    broken: resourceDocument("Profile", "house", { baseline: "house", rules: [deny("evry-port")] }),
    problem: "spec.rules[0].id: `evry-port` is no rule",
  },
  {
    kind: "Invariant",
    args: ["rfi", "far"],
    key: "Invariant far",
    first: invariant(["192.0.2.0/24"]),
    next: invariant(["198.51.100.0/24"]),
    broken: invariant(["198.51.100.300/24"]),
    problem: "spec.mustNotReach.to[0].addresses[0]: ",
  },
  {
    kind: "Exemption",
    args: ["rfe", "old", "-n", "lab"],
    key: "Exemption lab/old",
    first: exemption(["allow-all"], "team old"),
    next: exemption(["allow-all"]),
    broken: exemption(["alow-all"]),
    problem: "spec.rules[0]: `alow-all` is no rule",
  },
];

describeWithControlPlane("the life of each of Ringfence's kinds", (plane) => {
  let ringfence: Ringfence;
  let dana: string;
  let eve: string;

  const apply = (object: object, ...flags: readonly string[]): Promise<KubectlResult> =>
    plane().kubectl(["apply", ...flags, "-f", "-"], { input: object });
  const shown = async (args: readonly string[], path: string): Promise<string> =>
    (await plane().kubectl(["get", ...args, "-o", `jsonpath={${path}}`])).stdout;
  const ready = (life: Life): Promise<string> =>
    shown(life.args, '.status.conditions[?(@.type=="Ready")].reason');
  const applyAll = async (which: "first" | "next" | "broken"): Promise<void> => {
    for (const life of LIVES) {
      await vi.waitFor(
        async () => {
          const applied = await apply(life[which]);
          expect(applied, applied.stderr).toMatchObject({ code: 0 });
        },
        { timeout: 5_000, interval: 50 },
      );
    }
  };
  /** Each says so of its newest version. */
  const areAll = (reason: string): Promise<void> =>
    vi.waitFor(
      async () => {
        for (const life of LIVES) {
          expect(await ready(life), life.key).toBe(reason);
          expect(await shown(life.args, ".status.observedGeneration"), life.key).toBe(
            await shown(life.args, ".metadata.generation"),
          );
        }
      },
      { timeout: 15_000, interval: 250 },
    );
  const problems = async (): Promise<string> => {
    const metrics = await fetch(`http://127.0.0.1:${ringfence.ports.metrics}/metrics`);
    return /^ringfence_resource_problems (\d+)$/m.exec(await metrics.text())?.[1] ?? "";
  };
  /** All egress to `to`, and ingress from everybody, which an Exemption excuses. */
  const open = (to: readonly object[]): object =>
    policy("lab", "open", {
      podSelector: {},
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ ports: [{ protocol: "TCP", port: 80 }] }],
      egress: [{ to, ports: [{ protocol: "TCP", port: 443 }] }],
    });
  const nearby = [{ podSelector: {} }];
  const faraway = away.flatMap(({ addresses }) => addresses.map((cidr) => ({ ipBlock: { cidr } })));

  beforeAll(async () => {
    dana = await plane().kubeconfig({ user: { name: "dana" } });
    eve = await plane().kubeconfig({ user: { name: "eve" } });
    await createShop(plane());
    ringfence = await Ringfence.install(plane());
    await createNamespace(plane(), "lab");
    await createPod(plane(), pod("lab", "web", "10.244.9.1", { http: 80 }));
  }, 120_000);
  afterAll(async () => ringfence?.stop());

  it("begins when they are created: each is in force", async () => {
    await applyAll("first");
    await areAll("InForce");
    const labels = ["ringfence.dev/profile=house"];
    expect(await plane().kubectl(["label", "namespace", "lab", ...labels])).toMatchObject({
      code: 0,
    });
    await vi.waitFor(async () => {
      expect(await storedPolicy(plane(), "lab", "wall")).toMatchObject({
        spec: { podSelector: {} },
      });
    }, 5_000);
    const shut = { podSelector: {}, policyTypes: ["Egress"] };
    expect(await apply(policy("lab", "shut", shut))).toMatchObject({ code: 0 });
    await vi.waitFor(async () => {
      expect(await apply(open(faraway), "--dry-run=server")).toMatchObject({ code: 0 });
    }, 2_000);
  });

  it("goes on with what they are changed to", async () => {
    await applyAll("next");
    await areAll("InForce");
    await vi.waitFor(async () => {
      expect(await storedPolicy(plane(), "lab", "wall")).toMatchObject({
        spec: { podSelector: { matchLabels: { app: "web" } } },
      });
    }, 5_000);
    const denied = await apply(open(faraway), "--dry-run=server");
    expect(denied.stderr).toContain('denied by profile "house": 1 problem\n1. invariant "far"');
    expect(denied.stderr).toContain("by Exemption lab/old, which team lab answers for");
  });

  it("goes on with the last good version where a broken one comes past the webhook", async () => {
    await ringfence.removeWebhooks();
    await applyAll("broken");
    await ringfence.configureWebhooks();
    await areAll("LastGoodInForce");
    expect(await problems()).toBe("4");
    for (const life of LIVES) {
      const message = await shown(life.args, '.status.conditions[?(@.type=="Ready")].message');
      expect(message).toContain(life.problem);
      expect(message).toContain("; the last good version is in force");
    }
    const denied = await apply(open(faraway), "--dry-run=server");
    expect(denied.stderr).toContain('denied by profile "house": 1 problem\n1. invariant "far"');
    for (const { key, problem } of LIVES) {
      expect(denied.stderr).toContain(
        `Warning: ${key}: the newest version cannot be used: ${problem}`,
      );
    }
    expect(await apply(open(nearby), "--dry-run=server")).toMatchObject({ code: 0 });
    expect(await storedPolicy(plane(), "lab", "wall")).toMatchObject({
      spec: { podSelector: { matchLabels: { app: "web" } } },
    });
  });

  it("is well again when they are mended", async () => {
    await applyAll("next");
    await areAll("InForce");
    await vi.waitFor(async () => expect(await problems()).toBe("0"), 2_000);
    const { stderr } = await apply(open(nearby), "--dry-run=server");
    expect(stderr).not.toContain("cannot be used");
  });

  it("is for those to write whom RBAC lets, and where it lets them", async () => {
    const rules = [{ apiGroups: ["ringfence.dev"], resources: ["exemptions"], verbs: ["*"] }];
    const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/lab";
    await plane().create(`${rbac}/roles`, { metadata: { name: "excuser" }, rules });
    await plane().create(`${rbac}/rolebindings`, {
      metadata: { name: "excuser" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "excuser" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "eve" }],
    });
    const own = { ...exemption(["allow-all"]), metadata: { name: "own", namespace: "lab" } };
    const elsewhere = { ...own, metadata: { name: "own", namespace: "shop" } };
    const write = (kubeconfig: string, object: object): Promise<KubectlResult> =>
      plane().kubectl(["create", "--validate=false", "-f", "-"], { kubeconfig, input: object });
    const refused = await write(dana, own);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toMatch(/User "dana" cannot create resource "exemptions"/);
    expect(await write(eve, elsewhere)).toMatchObject({ code: 1 });
    await vi.waitFor(async () => {
      const created = await write(eve, own);
      expect(created, created.stderr).toMatchObject({ code: 0 });
    }, 5_000);
    const profile = await write(eve, resourceDocument("Profile", "mine", { rules: [] }));
    expect(profile.stderr).toMatch(/User "eve" cannot create resource "profiles"/);
  });

  it("ends when they are deleted, as soon as nobody needs them", async () => {
    const remove = (life: Life | undefined): Promise<KubectlResult> =>
      plane().kubectl(["delete", ...(life?.args ?? [])]);
    const [baseline, profile, far, old] = LIVES;
    expect((await remove(profile)).stderr).toContain("1 namespace uses it: lab");
    expect((await remove(baseline)).stderr).toContain(
      "Profile house: there is no Baseline `house`",
    );
    for (const life of [old, far]) expect(await remove(life)).toMatchObject({ code: 0 });
    await plane().kubectl(["delete", "exemption", "own", "-n", "lab"]);
    await vi.waitFor(async () => {
      const denied = await apply(open(faraway), "--dry-run=server");
      expect(denied.stderr).toContain('denied by profile "house": 1 problem\n1. allow-all');
    }, 2_000);
    const labels = ["ringfence.dev/profile=restricted", "--overwrite"];
    const moved = await plane().kubectl(["label", "namespace", "lab", ...labels]);
    expect(moved, moved.stderr).toMatchObject({ code: 0 });
    await vi.waitFor(async () => {
      expect(await remove(profile)).toMatchObject({ code: 0 });
    }, 5_000);
    await vi.waitFor(async () => {
      expect(await remove(baseline)).toMatchObject({ code: 0 });
    }, 5_000);
  });
});
