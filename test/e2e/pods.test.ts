import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { KubectlResult } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { named, resourceDocument } from "../support/documents.ts";
import { Ringfence } from "../support/ringfence.ts";
import { createNamespace, createPod, createShop, pod, policy, storedPolicy } from "./shop.ts";

const manifest = (name: string, labels: object): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "edge", labels },
  spec: { containers: [{ name: "main", image: "example/image:1" }] },
});

describeWithControlPlane("pods through kubectl, where they are judged too", (plane) => {
  let ringfence: Ringfence;

  const kubectl = (args: readonly string[], input?: object): Promise<KubectlResult> =>
    plane().kubectl(args, { ...(input && { input }) });
  const apply = (object: object): Promise<KubectlResult> => kubectl(["apply", "-f", "-"], object);

  beforeAll(async () => {
    await createShop(plane());
    ringfence = await Ringfence.install(plane(), ["pods"]);
    await createNamespace(plane(), "edge");
    await createPod(plane(), pod("edge", "web", "10.244.9.1", { http: 80 }));
    await kubectl(["label", "namespace", "edge", "ringfence.dev/profile=baseline"]);
    const out = policy("edge", "out", {
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [{ to: [{ namespaceSelector: named("plain") }] }],
    });
    await vi.waitFor(async () => expect(await apply(out)).toMatchObject({ code: 0 }), 5_000);
    const invariant = await apply(
      resourceDocument("Invariant", "dmz", {
        description: "the edge does not reach inside",
        mustNotReach: {
          from: [{ pods: { podSelector: { matchLabels: { tier: "dmz" } } } }],
          to: [{ namespaces: named("plain") }],
        },
      }),
    );
    expect(invariant, invariant.stderr).toMatchObject({ code: 0 });
    await vi.waitFor(async () => {
      const path = 'jsonpath={.status.conditions[?(@.type=="Holds")].status}';
      expect((await kubectl(["get", "rfi", "dmz", "-o", path])).stdout).toBe("True");
    }, 15_000);
  }, 120_000);
  afterAll(async () => ringfence?.stop());

  it("one whose labels bring it under an Invariant does not start, and is told why", async () => {
    const { code, stderr } = await apply(manifest("gate", { tier: "dmz" }));
    expect(code).toBe(1);
    expect(stderr).toContain('Pod edge/gate denied by profile "baseline": 1 problem');
    expect(stderr).toContain(
      "opens edge/gate → plain/* all ports (1 pod could not reach it before)",
    );
  });

  it("one that runs does not get such labels either", async () => {
    const { code, stderr } = await kubectl(["label", "pod", "web", "-n", "edge", "tier=dmz"]);
    expect(code).toBe(1);
    expect(stderr).toContain('Pod edge/web denied by profile "baseline"');
  });

  it("all others start, without a word about whom they reach", async () => {
    const { code, stderr } = await apply(manifest("other", { app: "other" }));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("wait for the baseline of their namespace, where that is configured", async () => {
    await ringfence.end("SIGTERM");
    await ringfence.start({ "pods-wait-for-baseline": "true" });
    await ringfence.untilReady();
    await createNamespace(plane(), "bare", { "ringfence.dev/profile": "baseline" });
    // Let in within the moment that the baseline takes, and never before it.
    const started = await apply({
      ...manifest("first", { app: "first" }),
      metadata: { name: "first", namespace: "bare", labels: { app: "first" } },
    });
    expect(started, started.stderr).toMatchObject({ code: 0 });
    for (const name of ["default-deny", "allow-dns"]) {
      expect(await storedPolicy(plane(), "bare", name), name).not.toBeNull();
    }
    ringfence.proxy.inject(
      { kind: "status", status: 503 },
      ({ method, path }) => method === "PATCH" && path.includes("/naked/networkpolicies/"),
    );
    await createNamespace(plane(), "naked", { "ringfence.dev/profile": "baseline" });
    const { code, stderr } = await apply({
      ...manifest("first", { app: "first" }),
      metadata: { name: "first", namespace: "naked", labels: { app: "first" } },
    });
    expect(code).toBe(1);
    expect(stderr).toContain(
      "Pod naked/first refused: namespace `naked` does not have its baseline yet (default-deny, allow-dns); try again in a moment",
    );
  });

  it("all start while Ringfence does not answer", async () => {
    await ringfence.end("SIGKILL");
    expect(await apply(manifest("unjudged", { tier: "dmz" }))).toMatchObject({ code: 0 });
  });
});
