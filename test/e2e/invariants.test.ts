import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import type { KubectlResult } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { named, resourceDocument } from "../support/documents.ts";
import { Ringfence } from "../support/ringfence.ts";
import { createNamespace, createPod, createShop, pod, policy, storedPolicy } from "./shop.ts";

const from = (name: string): object => ({ namespaceSelector: named(name) });

const sealed = resourceDocument("Invariant", "cardholder-data", {
  description: "card data is for payments alone",
  mustNotReach: {
    from: [{ namespaces: named("lab") }],
    to: [
      {
        pods: {
          namespaceSelector: named("payments"),
          podSelector: { matchLabels: { app: "vault" } },
        },
      },
    ],
    ports: [{ port: 8200 }],
  },
});

/** Two policies, neither of which opens anything by itself: both namespaces are closed. */
const egress = policy("lab", "to-payments", {
  podSelector: {},
  policyTypes: ["Egress"],
  egress: [{ to: [from("payments")], ports: [{ protocol: "TCP", port: 8200 }] }],
});
const ingress = policy("payments", "from-lab", {
  podSelector: { matchLabels: { app: "vault" } },
  policyTypes: ["Ingress"],
  ingress: [{ from: [from("lab")], ports: [{ protocol: "TCP", port: 8200 }] }],
});

describeWithControlPlane("an Invariant through kubectl", (plane) => {
  let ringfence: Ringfence;

  const kubectl = (args: readonly string[], input?: object): Promise<KubectlResult> =>
    plane().kubectl(args, { ...(input && { input }) });
  const apply = (object: object): Promise<KubectlResult> => kubectl(["apply", "-f", "-"], object);
  const condition = async (type: string, field: string): Promise<string> => {
    const path = `jsonpath={.status.conditions[?(@.type=="${type}")].${field}}`;
    return (await kubectl(["get", "rfi", "cardholder-data", "-o", path])).stdout;
  };
  const holds = (status: string): Promise<void> =>
    vi.waitFor(async () => expect(await condition("Holds", "status")).toBe(status), 20_000);

  beforeAll(async () => {
    await createShop(plane());
    ringfence = await Ringfence.install(plane());
    for (const [name, app, address] of [
      ["lab", "tool", "10.244.8.1"],
      ["payments", "vault", "10.244.8.2"],
    ] as const) {
      await createNamespace(plane(), name);
      await createPod(plane(), pod(name, app, address, { api: 8200 }));
      await kubectl(["label", "namespace", name, "ringfence.dev/profile=baseline"]);
      await vi.waitFor(async () => {
        expect(await storedPolicy(plane(), name, "default-deny")).not.toBeNull();
      }, 5_000);
    }
    expect(await apply(sealed)).toMatchObject({ code: 0 });
    await holds("True");
  }, 120_000);
  afterAll(async () => ringfence?.stop());
  beforeEach(async () => {
    for (const [namespace, name] of [
      ["lab", "to-payments"],
      ["payments", "from-lab"],
    ] as const) {
      await kubectl(["delete", "networkpolicy", name, "-n", namespace, "--ignore-not-found"]);
    }
  });

  it("keeps the flow closed: the second of two policies is denied, with the flow and the reason", async () => {
    expect(await apply(egress)).toMatchObject({ code: 0 });
    const { code, stderr } = await apply(ingress);
    expect(code).toBe(1);
    expect(stderr).toContain('1. invariant "cardholder-data"');
    expect(stderr).toContain("opens lab/* → payments/* TCP 8200 (1 pod could not reach it before)");
    expect(stderr).toContain("why: card data is for payments alone");
    expect(await storedPolicy(plane(), "payments", "from-lab")).toBeNull();
  });

  it("keeps it closed when both are applied at once", async () => {
    const results = await Promise.all([apply(egress), apply(ingress)]);
    expect(results.filter(({ code }) => code === 0)).toHaveLength(1);
    expect(results.find(({ code }) => code === 1)?.stderr).toContain('invariant "cardholder-data"');
    await holds("True");
  });

  it("says in its status that it does not hold when a policy comes past the webhook, and holds again", async () => {
    expect(await apply(egress)).toMatchObject({ code: 0 });
    await ringfence.removeWebhooks();
    expect(await apply(ingress)).toMatchObject({ code: 0 });
    await ringfence.configureWebhooks();
    await holds("False");
    expect(await condition("Holds", "message")).toBe("lab/* → payments/* TCP 8200 (1 pod)");
    // What was broken before is nobody's business but its own.
    const other = policy("payments", "other", { podSelector: { matchLabels: { app: "vault" } } });
    expect(await apply(other)).toMatchObject({ code: 0 });
    expect(await kubectl(["delete", "networkpolicy", "from-lab", "-n", "payments"])).toMatchObject({
      code: 0,
    });
    await holds("True");
  });

  it("keeps it closed where a Baseline would have it opened", async () => {
    const deny = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };
    const { spec: letIn } = ingress as { readonly spec: object };
    const gate = (...more: readonly object[]): object =>
      resourceDocument("Baseline", "gate", {
        policies: [{ name: "default-deny", spec: deny }, ...more],
      });
    expect(await apply(egress)).toMatchObject({ code: 0 });
    expect(await apply(gate())).toMatchObject({ code: 0 });
    await vi.waitFor(async () => {
      const picked = await kubectl([
        "label",
        "namespace",
        "payments",
        "ringfence.dev/baseline=gate",
      ]);
      expect(picked, picked.stderr).toMatchObject({ code: 0 });
    }, 5_000);
    await vi.waitFor(async () => {
      const path = "jsonpath={.status.namespaces} {.status.upToDate}";
      expect((await kubectl(["get", "rfb", "gate", "-o", path])).stdout).toBe("1 1");
    }, 15_000);
    const { code, stderr } = await apply(gate({ name: "let-in", spec: letIn }));
    expect(code).toBe(1);
    expect(stderr).toContain(
      'Baseline gate cannot be used\ninvariant "cardholder-data": opens lab/* → payments/* TCP 8200 (1 pod could not reach it before); why: card data is for payments alone',
    );
    await kubectl(["label", "namespace", "payments", "ringfence.dev/baseline-"]);
    await holds("True");
  });

  it("judges a namespace by the labels it would get", async () => {
    const trusting = {
      ...sealed,
      metadata: { name: "quarantine" },
      spec: {
        description: "nobody talks with what is in quarantine",
        mustNotReach: {
          from: [{ namespaces: { matchLabels: { quarantine: "yes" } } }],
          to: [{ namespaces: named("plain") }],
        },
      },
    };
    expect(await apply(trusting)).toMatchObject({ code: 0 });
    await createNamespace(plane(), "sick");
    await createPod(plane(), pod("sick", "web", "10.244.8.9", { http: 80 }));
    const labels = ["ringfence.dev/profile=baseline", "ringfence.dev/mode=enforce"];
    await kubectl(["label", "namespace", "sick", ...labels]);
    const open = policy("sick", "out", {
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [{ to: [from("plain")] }],
    });
    await vi.waitFor(async () => expect(await apply(open)).toMatchObject({ code: 0 }), 5_000);
    await vi.waitFor(async () => {
      const { code, stderr } = await kubectl(["label", "namespace", "sick", "quarantine=yes"]);
      expect(code).toBe(1);
      expect(stderr).toContain("puts under it sick/* → plain/* all ports, open already (1 pod)");
    }, 5_000);
  });

  it("keeps the flow open: opting in, whose baseline would close it, is denied until a policy allows it", async () => {
    const open = {
      ...sealed,
      metadata: { name: "help-desk" },
      spec: {
        description: "everybody may ask the help desk",
        mustReach: {
          from: [{ namespaces: named("plain") }],
          to: [{ namespaces: named("desk") }],
          ports: [{ port: 80 }],
        },
      },
    };
    await createNamespace(plane(), "desk");
    await createPod(plane(), pod("desk", "web", "10.244.8.20", { http: 80 }));
    expect(await apply(open)).toMatchObject({ code: 0 });
    const label = (...labels: readonly string[]): Promise<KubectlResult> =>
      kubectl(["label", "namespace", "desk", ...labels]);
    const isDenied = async (labels: readonly string[]): Promise<void> => {
      const { code, stderr } = await label(...labels);
      expect(code).toBe(1);
      expect(stderr).toContain('1. invariant "help-desk"');
      expect(stderr).toContain("closes plain/* → desk/* TCP 80 (1 pod could reach it before)");
      expect(stderr).toContain("help: Ringfence will write the baseline's policies there");
    };
    await vi.waitFor(() => isDenied(["ringfence.dev/profile=baseline"]), 5_000);
    const softly = ["ringfence.dev/profile=baseline", "ringfence.dev/mode=warn"];
    expect(await label(...softly)).toMatchObject({ code: 0 });
    await vi.waitFor(() => isDenied(["ringfence.dev/mode-"]), 5_000);
    for (const [name, lets] of [
      ["from-plain", [{ from: [from("plain")], ports: [{ protocol: "TCP", port: 80 }] }]],
      ["default-deny", []],
    ] as const) {
      const own = policy("desk", name, {
        podSelector: {},
        policyTypes: ["Ingress"],
        ingress: lets,
      });
      expect(await apply(own)).toMatchObject({ code: 0 });
    }
    await vi.waitFor(async () => {
      const { code, stderr } = await label("ringfence.dev/mode-");
      expect(code, stderr).toBe(0);
      expect(stderr).toContain(
        "Warning: NetworkPolicies of this namespace's own will be replaced by its baseline's: default-deny",
      );
    }, 5_000);
    await vi.waitFor(async () => {
      expect(JSON.stringify(await storedPolicy(plane(), "desk", "default-deny"))).toContain(
        '"ringfence.dev/baseline":"default"',
      );
    }, 5_000);
  });

  it("keeps it closed with two replicas, each of which is asked about one policy at the same moment", async () => {
    const replica = await ringfence.addReplica();
    const both = [ringfence, replica];
    let apart = 0;
    for (let round = 0; round < 10 && apart < 3; round += 1) {
      // Long enough that the other replica has judged its policy before it could have heard of this one.
      ringfence.proxy.inject(
        { kind: "delay", delayMs: 200 },
        ({ method, path }) => method === "PUT" && path.endsWith("/configmaps/ringfence-ledger"),
      );
      const before = both.map(({ log }) => answersIn(log));
      const results = await Promise.all([apply(egress), apply(ingress)]);
      ringfence.proxy.clear();
      const asked = await vi.waitFor(() => {
        const counts = both.map(({ log }, at) => answersIn(log) - (before[at] ?? 0));
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(2);
        return counts;
      }, 5_000);
      if (asked.every((count) => count === 1)) apart += 1;
      const denied = results.filter(({ code }) => code === 1);
      expect(denied, String(round)).toHaveLength(1);
      expect(denied[0]?.stderr).toContain('1. invariant "cardholder-data"');
      for (const [namespace, name] of [
        ["lab", "to-payments"],
        ["payments", "from-lab"],
      ] as const) {
        await kubectl(["delete", "networkpolicy", name, "-n", namespace, "--ignore-not-found"]);
      }
    }
    expect(apart, "rounds in which each replica was asked about one").toBeGreaterThan(0);
    await holds("True");
  }, 60_000);

  it("with two replicas, one after the other: denied whichever is asked", async () => {
    expect(await apply(egress)).toMatchObject({ code: 0 });
    for (let attempt = 0; attempt < 4; attempt += 1) {
      expect(await apply(ingress), String(attempt)).toMatchObject({ code: 1 });
    }
  });

  it("warns where the replicas cannot tell each other", async () => {
    ringfence.proxy.inject({ kind: "status", status: 500 }, ({ path }) =>
      path.endsWith("/configmaps/ringfence-ledger"),
    );
    const { code, stderr } = await apply(egress);
    ringfence.proxy.clear();
    expect(code).toBe(0);
    expect(stderr).toContain("Warning: the other replicas of Ringfence could not be told of it");
  });
});

/** How many policies that are created the process has answered for; its line of a deletion may come late. */
function answersIn(log: string): number {
  const asked = ['"kind":"NetworkPolicy"', '"operation":"CREATE"'];
  return log.split("\n").filter((line) => asked.every((part) => line.includes(part))).length;
}
