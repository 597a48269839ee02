import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { KubectlResult } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { Ringfence } from "../support/ringfence.ts";
import { createNamespace, createPod, createShop, pod, policy, storedPolicy } from "./shop.ts";

const profile = { "ringfence.dev/profile": "restricted" };

describeWithControlPlane("while Ringfence is away", (plane) => {
  let ringfence: Ringfence;
  let dana: string;

  const apply = (namespace: string, name: string, ...flags: string[]): Promise<KubectlResult> =>
    plane().kubectl(["apply", ...flags, "-f", "-"], {
      kubeconfig: dana,
      input: policy(namespace, name, { podSelector: {}, policyTypes: ["Ingress"] }),
    });
  const baselineOf = (namespace: string): Promise<readonly unknown[]> =>
    Promise.all(
      ["default-deny", "allow-dns"].map((name) => storedPolicy(plane(), namespace, name)),
    );

  beforeAll(async () => {
    dana = await plane().kubeconfig({ user: { name: "dana" } });
    await createShop(plane());
    ringfence = await Ringfence.install(plane());
    await createNamespace(plane(), "enforced", profile);
    await createNamespace(plane(), "warned", { ...profile, "ringfence.dev/mode": "warn" });
    await vi.waitFor(async () => expect(await baselineOf("enforced")).not.toContain(null), 5_000);
    await ringfence.end("SIGKILL");
  }, 120_000);
  afterAll(async () => ringfence?.stop());

  it("a namespace that did not opt in does not notice: the webhook is not even called", async () => {
    expect(await apply("plain", "anything")).toMatchObject({ code: 0, stderr: "" });
  });

  it("an enforced namespace is closed to changes", async () => {
    const applied = await apply("enforced", "anything");
    expect(applied.code).toBe(1);
    expect(applied.stderr).toContain('failed calling webhook "policies.ringfence.dev"');
    expect(await storedPolicy(plane(), "enforced", "anything")).toBeNull();
  });

  it("a namespace in roll-out is open to changes", async () => {
    const applied = await apply("warned", "anything");
    expect(applied, applied.stderr).toMatchObject({ code: 0 });
  });

  it("what changes meanwhile is known when it is back", async () => {
    // Past the webhooks, as nobody answers them: a new pod, a policy gone, a namespace gone.
    await createPod(plane(), pod("enforced", "late", "10.244.9.9", { http: 8080 }));
    await createPod(plane(), pod("enforced", "later", "10.244.9.7", {}));
    await createPod(plane(), pod("plain", "caller", "10.244.9.8", {}));
    await ringfence.removeWebhooks();
    const gone = "/apis/networking.k8s.io/v1/namespaces/enforced/networkpolicies/default-deny";
    expect(await plane().request("DELETE", gone)).toMatchObject({ status: 200 });

    await ringfence.start();
    await ringfence.untilReady();
    await ringfence.configureWebhooks();
    await vi.waitFor(async () => expect(await baselineOf("enforced")).not.toContain(null), 5_000);

    const input = policy("enforced", "late", {
      podSelector: { matchLabels: { app: "late" } },
      policyTypes: ["Ingress"],
      ingress: [
        {
          from: [
            {
              namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "plain" } },
              podSelector: { matchLabels: { app: "caller" } },
            },
          ],
          ports: [{ protocol: "TCP", port: 8080 }],
        },
      ],
    });
    const applied = await plane().kubectl(["apply", "-f", "-"], { kubeconfig: dana, input });
    expect(applied, applied.stderr).toMatchObject({ code: 0 });
    expect(applied.stderr).toContain("opens plain/caller → enforced/late TCP 8080; closes nothing");
  });

  it("a restart with nothing wrong writes nothing", async () => {
    await ringfence.end("SIGTERM");
    const before = ringfence.proxy.requests.length;
    await ringfence.start();
    await ringfence.untilReady();
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const writes = ringfence.proxy.requests
      .slice(before)
      .filter(({ method, path }) => method !== "GET" && path.includes("networkpolicies"));
    expect(writes).toEqual([]);
  });

  it("a SIGTERM ends it with exit code 0", async () => {
    expect(await ringfence.end("SIGTERM")).toBe(0);
  });
});
