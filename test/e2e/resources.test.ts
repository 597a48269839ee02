import { mkdtemp, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { KubectlResult } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { resourceDocument } from "../support/documents.ts";
import { Ringfence } from "../support/ringfence.ts";
import { createNamespace, createPod, createShop, pod, policy, storedPolicy } from "./shop.ts";

/** A change is in force within a second, without a restart. */
const withinASecond = { timeout: 1_000, interval: 25 };

const profile = (name: string, ...ids: readonly string[]): object =>
  resourceDocument("Profile", name, { rules: ids.map((id) => ({ id, action: "Deny" })) });

/** Ingress to everything from everybody. */
const openToAll = (namespace: string): object =>
  policy(namespace, "open", { podSelector: {}, policyTypes: ["Ingress"], ingress: [{}] });

describeWithControlPlane("Ringfence's own resources through kubectl", (plane) => {
  let ringfence: Ringfence;

  const kubectl = (args: readonly string[], input?: object): Promise<KubectlResult> =>
    plane().kubectl(args, { ...(input && { input }) });
  const apply = (object: object, ...flags: readonly string[]): Promise<KubectlResult> =>
    kubectl(["apply", ...flags, "-f", "-"], object);
  const applied = async (object: object): Promise<void> => {
    const result = await apply(object);
    expect(result, result.stderr).toMatchObject({ code: 0 });
  };
  const shown = async (...args: readonly string[]): Promise<string> =>
    (await kubectl(["get", ...args])).stdout.trim();
  /** A namespace with that profile and one pod. */
  const governed = async (name: string, by: string, address: string): Promise<void> => {
    await createNamespace(plane(), name);
    await createPod(plane(), pod(name, "web", address, { http: 8080 }));
    const labelled = await kubectl(["label", "namespace", name, `ringfence.dev/profile=${by}`]);
    expect(labelled, labelled.stderr).toMatchObject({ code: 0 });
  };
  const readiness = (kind: string, name: string): Promise<string> =>
    shown(kind, name, "-o", 'jsonpath={.status.conditions[?(@.type=="Ready")].reason}');

  beforeAll(async () => {
    await createShop(plane());
    ringfence = await Ringfence.install(plane());
  }, 120_000);
  afterAll(async () => ringfence?.stop());

  it("are in force within a second, and so is a change of them", async () => {
    await applied(profile("ours", "allow-all"));
    await vi.waitFor(async () => {
      const labelled = await kubectl([
        "label",
        "namespace",
        "plain",
        "--dry-run=server",
        "ringfence.dev/profile=ours",
      ]);
      expect(labelled, labelled.stderr).toMatchObject({ code: 0 });
    }, withinASecond);
    await governed("ours", "ours", "10.244.7.1");
    const denied = await apply(openToAll("ours"), "--dry-run=server");
    expect(denied).toMatchObject({ code: 1 });
    expect(denied.stderr).toContain('denied by profile "ours": 1 problem');
    await applied(profile("ours", "open-world"));
    await vi.waitFor(async () => {
      expect(await apply(openToAll("ours"), "--dry-run=server")).toMatchObject({ code: 0 });
    }, withinASecond);
  });

  it("say in their status what became of them, and kubectl shows it", async () => {
    await applied(profile("shown", "allow-all"));
    await vi.waitFor(async () => {
      const rows = (await shown("rfp", "shown")).split("\n").map((row) => row.split(/\s{2,}/));
      expect(rows[0]).toEqual([
        "NAME",
        "EXTENDS",
        "BASELINE",
        "NAMESPACES",
        "FINDINGS",
        "READY",
        "AGE",
      ]);
      expect(rows[1]).toEqual(expect.arrayContaining(["shown", "0", "True"]));
    }, 5_000);
    // A policy that was there before the namespace opted in.
    await createNamespace(plane(), "shown");
    await createPod(plane(), pod("shown", "web", "10.244.7.2", { http: 8080 }));
    await applied(openToAll("shown"));
    await kubectl(["label", "namespace", "shown", "ringfence.dev/profile=shown"]);
    const counts = (): Promise<string> =>
      shown("rfp", "shown", "-o", "jsonpath={.status.namespaces} {.status.findings}");
    await vi.waitFor(async () => expect(await counts()).toBe("1 1"), 25_000);
  });

  it("show the action of an Invariant that leaves it out", async () => {
    const world = [{ world: true }];
    const claim = { description: "d", mustNotReach: { from: world, to: world } };
    await applied(resourceDocument("Invariant", "silent", claim));
    const [, row = ""] = (await shown("invariants", "silent")).split("\n");
    expect(row.split(/\s{2,}/).slice(0, 2)).toEqual(["silent", "Deny"]);
  });

  it.each<[string, object, string]>([
    [
      "a rule that there is not",
      profile("typo", "alow-all"),
      "Profile typo cannot be used\nspec.rules[0].id: `alow-all` is no rule",
    ],
    [
      "a baseline that comes out as no policy",
      resourceDocument("Baseline", "typo", {
        policies: [
          { name: "p", spec: { podSelector: { matchLabels: { a: "$(namespace.nmae)" } } } },
        ],
      }),
      "there is no value for `$(namespace.nmae)`",
    ],
    [
      "two senses of an invariant",
      resourceDocument("Invariant", "both", {
        description: "d",
        mustNotReach: { from: [{ world: true }], to: [{ world: true }] },
        mustReach: { from: [{ world: true }], to: [{ world: true }] },
      }),
      "needs exactly one of `mustNotReach` and `mustReach`",
    ],
    [
      "an exemption from what keeps Ringfence in place",
      resourceDocument(
        "Exemption",
        "e",
        { rules: ["opt-out"], reason: "r", owner: "o", expires: "2099-01-01T00:00:00Z" },
        "shop",
      ),
      "nobody can be excused from `opt-out`",
    ],
  ])("are refused with %s, before they are stored", async (_, object, message) => {
    const { code, stderr } = await apply(object);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  it("are refused by the API server itself where their shape is wrong", async () => {
    const { code, stderr } = await apply(
      resourceDocument("Invariant", "x", {
        description: "d",
        mustNotReach: { from: [], to: [{}] },
      }),
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/spec\.mustNotReach\.(from|to)/);
  });

  it("are not to go while they are used", async () => {
    await applied(profile("used", "allow-all"));
    await vi.waitFor(async () => expect(await readiness("rfp", "used")).toBe("InForce"), 5_000);
    await governed("user", "used", "10.244.7.3");
    const { code, stderr } = await kubectl(["delete", "profile", "used"]);
    expect(code).toBe(1);
    expect(stderr).toContain("Profile used cannot be deleted\n1 namespace uses it: user");
  });

  it("stay in force in their last good version when a broken one comes past the webhook", async () => {
    await applied(profile("strong", "allow-all"));
    await vi.waitFor(async () => expect(await readiness("rfp", "strong")).toBe("InForce"), 5_000);
    await governed("strong", "strong", "10.244.7.4");
    await ringfence.removeWebhooks();
    await applied(profile("strong", "alow-all"));
    await ringfence.configureWebhooks();
    await vi.waitFor(
      async () => expect(await readiness("rfp", "strong")).toBe("LastGoodInForce"),
      5_000,
    );
    const denied = await apply(openToAll("strong"), "--dry-run=server");
    expect(denied).toMatchObject({ code: 1 });
    expect(denied.stderr).toContain('denied by profile "strong"');
    expect(denied.stderr).toContain(
      "Warning: Profile strong: the newest version cannot be used: spec.rules[0].id: `alow-all` is no rule",
    );
    const metrics = await fetch(`http://127.0.0.1:${ringfence.ports.metrics}/metrics`);
    expect(await metrics.text()).toMatch(/^ringfence_resource_problems 1$/m);
  });

  it("make the baseline of a namespace, which follows them", async () => {
    const team = (name: string): object => ({
      name,
      spec: {
        podSelector: {},
        policyTypes: ["Ingress"],
        ingress: [
          { from: [{ namespaceSelector: { matchLabels: { team: "$(namespace.labels.team)" } } }] },
        ],
      },
    });
    const teamBaseline = (name: string): object =>
      resourceDocument("Baseline", "team", { namespaceLabels: ["team"], policies: [team(name)] });
    await applied(teamBaseline("allow-team"));
    await vi.waitFor(
      () =>
        applied(resourceDocument("Profile", "team", { extends: "restricted", baseline: "team" })),
      { timeout: 3_000, interval: 100 },
    );
    await vi.waitFor(async () => expect(await readiness("rfp", "team")).toBe("InForce"), 5_000);
    await createNamespace(plane(), "red", { team: "red" });
    await kubectl(["label", "namespace", "red", "ringfence.dev/profile=team"]);
    await vi.waitFor(async () => {
      expect(await storedPolicy(plane(), "red", "allow-team")).toMatchObject({
        spec: { ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: "red" } } }] }] },
      });
    }, 5_000);
    expect(await storedPolicy(plane(), "red", "default-deny")).toBeNull();
    await vi.waitFor(async () => {
      const rows = (await shown("rfb", "team")).split("\n").map((row) => row.split(/\s{2,}/));
      expect(rows[0]).toEqual(["NAME", "NAMESPACES", "UP-TO-DATE", "READY", "AGE"]);
      expect(rows[1]?.slice(0, 4)).toEqual(["team", "1", "1", "True"]);
    }, 5_000);
    await applied(teamBaseline("within-team"));
    await vi.waitFor(async () => {
      expect(await storedPolicy(plane(), "red", "within-team")).not.toBeNull();
      expect(await storedPolicy(plane(), "red", "allow-team")).toBeNull();
    }, 5_000);
    // Nobody has that label: everything stays, and the status says where and why.
    const wanting = resourceDocument("Baseline", "team", {
      namespaceLabels: ["cost"],
      policies: [
        { name: "new", spec: { podSelector: { matchLabels: { a: "$(namespace.labels.cost)" } } } },
      ],
    });
    const warned = await apply(wanting);
    expect(warned.stderr).toContain("stay as they are: red");
    await vi.waitFor(async () => {
      const path = 'jsonpath={.status.conditions[?(@.type=="RolledOut")].message}';
      expect(await shown("rfb", "team", "-o", path)).toBe(
        "0 of 1 namespace is up to date; red cannot be: spec.policies[0].spec.podSelector.matchLabels.a: there is no value for `$(namespace.labels.cost)`",
      );
    }, 5_000);
    expect(await storedPolicy(plane(), "red", "within-team")).not.toBeNull();
    await applied(teamBaseline("within-team"));
    await vi.waitFor(async () => {
      const path = 'jsonpath={.status.conditions[?(@.type=="RolledOut")].reason}';
      expect(await shown("rfb", "team", "-o", path)).toBe("UpToDate");
    }, 5_000);
  });

  it("bring rules in CEL, which see what a change opens", async () => {
    const rule = {
      id: "quiet",
      action: "Deny",
      onFault: "Deny",
      expression:
        "request.requestKind != request.kind || request.requestResource != request.resource || request.requestSubResource != '' || namespaceObject.status.phase != 'Active' || opened.all(f, !f.from.world) && !reaches('plain/*', 'celled/web', 8080)",
      messageExpression: "request.userInfo.username + ' opens ' + opened[0].to.workloads[0]",
      description: "nobody comes in from outside",
    };
    const broken = resourceDocument("Profile", "cel", {
      customRules: [{ ...rule, expression: "opend.size() == 0" }],
    });
    const { code, stderr } = await apply(broken);
    expect(code).toBe(1);
    expect(stderr).toContain("Profile cel cannot be used\nspec.customRules[0].expression: ");
    expect(stderr).toContain("line 1, column 1");
    await applied(resourceDocument("Profile", "cel", { customRules: [rule] }));
    await vi.waitFor(async () => expect(await readiness("rfp", "cel")).toBe("InForce"), 5_000);
    await governed("celled", "cel", "10.244.7.6");
    await vi.waitFor(async () => {
      expect(await storedPolicy(plane(), "celled", "default-deny")).not.toBeNull();
    }, 5_000);
    await vi.waitFor(async () => {
      const denied = await apply(openToAll("celled"), "--dry-run=server");
      expect(denied.stderr).toContain(
        "1. quiet\n   admin opens celled/web\n   why: nobody comes in from outside",
      );
      expect(denied.code).toBe(1);
    }, 5_000);
  });

  it("leave what they deny as one Event on the namespace, and nothing of a dry run", async () => {
    await governed("told", "restricted", "10.244.7.8");
    const events = (): Promise<string> =>
      shown("events", "-n", "told", "-o", "jsonpath={range .items[*]}{.reason} {.message}{end}");
    expect(await apply(openToAll("told"), "--dry-run=server")).toMatchObject({ code: 1 });
    expect(await apply(openToAll("told"))).toMatchObject({ code: 1 });
    await vi.waitFor(async () => {
      expect(await events()).toMatch(
        /^Denied NetworkPolicy told\/open denied by profile "restricted": allow-all: [^\n]*$/,
      );
    }, 5_000);
  });

  it("tell ahead of time that an Exemption ends, and stop excusing when it does", async () => {
    await governed("brief", "restricted", "10.244.7.9");
    const ends = Date.now() + 6_000;
    const expires = `${new Date(ends).toISOString().slice(0, 19)}Z`;
    const spec = { rules: ["allow-all"], reason: "r", owner: "team brief", expires };
    await applied(resourceDocument("Exemption", "brief", spec, "brief"));
    const excused = (): Promise<KubectlResult> => apply(openToAll("brief"), "--dry-run=server");
    await vi.waitFor(async () => expect(await excused()).toMatchObject({ code: 0 }), 2_000);
    await vi.waitFor(async () => {
      const denied = await excused();
      expect(denied).toMatchObject({ code: 1 });
      expect(denied.stderr).toContain(
        `no longer excused, Exemption brief/brief expired on ${expires}; ask team brief`,
      );
    }, 10_000);
    await vi.waitFor(async () => {
      const reasons = await shown("events", "-n", "brief", "-o", "jsonpath={.items[*].reason}");
      expect(reasons).toContain("Expired");
      expect(await readiness("rfe/brief", "-n=brief")).toBe("Expired");
    }, 15_000);
  });

  it("excuse what an Exemption names until it ends", async () => {
    await governed("legacy", "restricted", "10.244.7.5");
    expect(await apply(openToAll("legacy"), "--dry-run=server")).toMatchObject({ code: 1 });
    const exemption = resourceDocument(
      "Exemption",
      "moving",
      {
        rules: ["allow-all"],
        reason: "being moved",
        owner: "team legacy",
        expires: "2099-01-01T00:00:00Z",
      },
      "legacy",
    );
    await applied(exemption);
    await vi.waitFor(async () => {
      const result = await apply(openToAll("legacy"), "--dry-run=server");
      expect(result).toMatchObject({ code: 0 });
      expect(result.stderr).toContain(
        "excused until 2099-01-01T00:00:00Z by Exemption legacy/moving",
      );
    }, withinASecond);
    expect(await kubectl(["delete", "exemption", "moving", "-n", "legacy"])).toMatchObject({
      code: 0,
    });
    await vi.waitFor(async () => {
      expect(await apply(openToAll("legacy"), "--dry-run=server")).toMatchObject({ code: 1 });
    }, withinASecond);
  });

  it("of files stay in force while namespaces need them, and go when none does", async () => {
    const folder = await mkdtemp(join(plane().folder, "resources-"));
    const write = async (name: string): Promise<void> => {
      await writeFile(join(folder, "a.yaml.new"), JSON.stringify(profile(name, "allow-all")));
      await rename(join(folder, "a.yaml.new"), join(folder, "a.yaml"));
    };
    const label = (name: string): Promise<KubectlResult> =>
      kubectl(["label", "namespace", "filed", "--overwrite", `ringfence.dev/profile=${name}`]);
    await write("filed");
    await ringfence.end("SIGTERM");
    await ringfence.start({ "resource-folder": folder });
    await ringfence.untilReady();
    await governed("filed", "filed", "10.244.7.10");
    await write("fild");
    await vi.waitFor(async () => {
      const { stderr } = await apply(openToAll("filed"), "--dry-run=server");
      expect(stderr).toContain('denied by profile "filed"');
      expect(stderr).toContain(
        "files of resources: the newest version cannot be used: Profile filed: is in no file any more, but namespace `filed` uses it",
      );
    }, 5_000);
    expect((await label("fild")).stderr).toContain("no profile `fild`");
    expect(await label("restricted")).toMatchObject({ code: 0 });
    await vi.waitFor(async () => expect(await label("fild")).toMatchObject({ code: 0 }), 5_000);
  });
});
