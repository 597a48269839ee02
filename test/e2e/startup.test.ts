import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { Ringfence } from "../support/ringfence.ts";
import { createShop, policy, storedPolicy } from "./shop.ts";

const clusterRole = "/apis/rbac.authorization.k8s.io/v1/clusterroles/ringfence";

describeWithControlPlane("Ringfence starts", (plane) => {
  let ringfence: Ringfence;

  beforeAll(async () => {
    await createShop(plane());
    ringfence = await Ringfence.install(plane());
    await ringfence.end("SIGTERM");
  }, 120_000);
  afterEach(async () => {
    ringfence.proxy.clear();
    await ringfence.end("SIGKILL");
  });
  afterAll(async () => ringfence?.stop());

  /** What a process that ends by itself says, and its exit code. */
  const endsWith = async (
    flags: Readonly<Record<string, string>>,
  ): Promise<{ readonly code: number | null; readonly said: string }> => {
    const before = ringfence.log.length;
    await ringfence.start(flags);
    const code = await ringfence.untilEnded();
    return { code, said: ringfence.log.slice(before) };
  };

  it("not at all with a typo in its configuration file, which it names by line and field", async () => {
    const config = join(plane().folder, "config.yaml");
    await writeFile(config, "logLevel: info\nwebhookPrt: 9443\n");
    const { code, said } = await endsWith({ config });
    expect(code).toBeGreaterThan(0);
    expect(said).toContain("NP_E_CONFIG");
    expect(said).toMatch(/config\.yaml:2/);
    expect(said).toContain("webhookPrt");
  });

  it("not at all without a certificate it can read, which it names", async () => {
    const { code, said } = await endsWith({ "certificate-path": "/nowhere/tls.crt" });
    expect(code).toBeGreaterThan(0);
    expect(said).toContain("NP_E_CERTIFICATE");
    expect(said).toContain("/nowhere/tls.crt");
  });

  it("on a free port where it is to choose one, which it names", async () => {
    const before = ringfence.log.length;
    await ringfence.start({ "webhook-port": "0" });
    const said = /"webhookPort":[1-9]\d*,.*"msg":"serving"/;
    await vi.waitFor(() => expect(ringfence.log.slice(before)).toMatch(said), 10_000);
  });

  it("while the API server is gone: alive, not ready, and ready once it is back", async () => {
    ringfence.proxy.inject({ kind: "drop" });
    await ringfence.start();
    await vi.waitFor(async () => expect(await ringfence.isAlive()).toBe(true), 10_000);
    expect(await ringfence.isReady()).toBe(false);
    ringfence.proxy.clear();
    await ringfence.untilReady();
  });

  it("without a right it needs: not ready, says which, and ready once it has it", async () => {
    const { body } = await plane().request("GET", clusterRole);
    const patch = { contentType: "application/merge-patch+json", body: { rules: [] } };
    expect(await plane().request("PATCH", clusterRole, patch)).toMatchObject({ status: 200 });
    const before = ringfence.log.length;
    await ringfence.start();
    await vi.waitFor(
      () =>
        expect(ringfence.log.slice(before)).toMatch(/NP_E_FORBIDDEN.*pods|pods.*NP_E_FORBIDDEN/),
      10_000,
    );
    expect(await ringfence.isReady()).toBe(false);

    const restored = { contentType: "application/merge-patch+json", body: rulesOf(body) };
    expect(await plane().request("PATCH", clusterRole, restored)).toMatchObject({ status: 200 });
    await ringfence.untilReady();
  }, 60_000);

  it("with what it is set to: another DNS in its baselines, and no Events", async () => {
    const dns = { "dns-pod-labels": "app=resolver", "dns-addresses": "10.96.0.99" };
    await ringfence.start({ ...dns, events: "false" });
    await ringfence.untilReady();
    const label = ["label", "namespace", "shop", "ringfence.dev/profile=restricted"];
    expect(await plane().kubectl(label)).toMatchObject({ code: 0 });
    await vi.waitFor(async () => {
      const allowed = JSON.stringify(await storedPolicy(plane(), "shop", "allow-dns"));
      expect(allowed).toContain('"matchLabels":{"app":"resolver"}');
      expect(allowed).toContain('"cidr":"10.96.0.99/32"');
    }, 5_000);
    const input = policy("shop", "open", { podSelector: {}, ingress: [{}] });
    const denied = await plane().kubectl(["apply", "-f", "-"], { input });
    expect(denied).toMatchObject({ code: 1 });
    // An Event is written at once.
    await sleep(1_000);
    const events = await plane().kubectl(["get", "events", "-n", "shop", "-o", "name"]);
    expect(events).toMatchObject({ code: 0, stdout: "" });
  });
});

function rulesOf(role: unknown): unknown {
  return typeof role === "object" && role !== null && "rules" in role ? { rules: role.rules } : {};
}
