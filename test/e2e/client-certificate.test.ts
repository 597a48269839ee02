import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebhookClient } from "../server/webhook-client.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { freePort } from "../support/free-port.ts";
import { Ringfence } from "../support/ringfence.ts";
import { createNamespace, createPod, createShop, pod, policy } from "./shop.ts";

const webhookPort = await freePort();

describeWithControlPlane(
  "a webhook that answers the API server alone",
  (plane) => {
    let ringfence: Ringfence;

    beforeAll(async () => {
      await createShop(plane());
      ringfence = await Ringfence.install(plane(), [], webhookPort);
      await createNamespace(plane(), "guarded", { "ringfence.dev/profile": "restricted" });
      await createPod(plane(), pod("guarded", "web", "10.244.5.1", { http: 8080 }));
      await ringfence.end("SIGTERM");
      await ringfence.start({ "client-ca-path": plane().authority.certificate });
      await ringfence.untilReady();
    }, 120_000);
    afterAll(async () => ringfence?.stop());

    it("judges what the API server asks, which presents its certificate", async () => {
      const open = policy("guarded", "open", { podSelector: {}, ingress: [{}] });
      const { code, stderr } = await plane().kubectl(["apply", "-f", "-"], { input: open });
      expect(code).toBe(1);
      expect(stderr).toContain('denied by profile "restricted"');
    });

    it("answers nobody else: without a certificate the connection is refused", async () => {
      const ca = await readFile(plane().authority.certificate, "utf8");
      const stranger = new WebhookClient(webhookPort, ca);
      const answer = stranger.post("/validate", JSON.stringify({ request: { uid: "u-1" } }));
      await expect(answer).rejects.toThrow(/alert|ECONNRESET|socket hang up/);
      stranger.close();
    });
  },
  { presentsItselfTo: `127.0.0.1:${webhookPort}` },
);
