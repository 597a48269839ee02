import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { ApiResponse } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { documentedCommands } from "../support/documented-commands.ts";
import { Ringfence } from "../support/ringfence.ts";
import { createNamespace, createPod, createShop, pod, policy } from "./shop.ts";

describeWithControlPlane("a certificate swapped under load", (plane) => {
  let ringfence: Ringfence;

  beforeAll(async () => {
    await createShop(plane());
    ringfence = await Ringfence.install(plane());
    await createNamespace(plane(), "busy", { "ringfence.dev/profile": "restricted" });
    await createPod(plane(), pod("busy", "web", "10.244.5.1", { http: 8080 }));
  }, 120_000);
  afterAll(async () => ringfence?.stop());

  it("is served to new connections, and no request fails", async () => {
    const over = new AbortController();
    const answers: ApiResponse[] = [];
    const load = [0, 1, 2, 3].map(async (worker) => {
      for (let round = 0; !over.signal.aborted; round += 1) {
        // oxlint-disable-next-line no-await-in-loop -- each worker applies one after another
        answers.push(await applyOnce(worker, round));
      }
    });
    // The API server keeps its connections; whoever comes anew must never meet half a certificate.
    const served = new Set<string>();
    const newcomers = (async (): Promise<void> => {
      // oxlint-disable-next-line no-await-in-loop -- one handshake after another
      while (!over.signal.aborted) served.add(await servedFingerprint());
    })();
    await vi.waitFor(() => expect(served.size).toBe(1));
    for (let swap = 0; swap < 3; swap += 1) {
      const known = served.size;
      await ringfence.rotateCertificate();
      await vi.waitFor(() => expect(served.size).toBeGreaterThan(known), 15_000);
      await sleep(200);
    }
    over.abort();
    await Promise.all([...load, newcomers]);

    expect(served.size).toBe(4);
    expect(answers.length).toBeGreaterThan(50);
    expect(answers.filter(({ status }) => status >= 300)).toEqual([]);
  }, 60_000);

  it("two authorities are trusted after what is written, and the manifests can be applied again", async () => {
    const authority = await readFile(plane().authority.certificate, "utf8");
    const old = await readFile(plane().serving.certificate, "utf8");
    await writeFile(join(plane().folder, "old-ca.crt"), old);
    await plane().create("/api/v1/namespaces/ringfence-system/secrets", {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "ringfence-ca" },
      stringData: { "tls.crt": authority },
    });
    const commands = documentedCommands("rotate-certificates", "bundle=");
    const done = await plane().shell(commands);
    expect(done, done.stderr).toMatchObject({ code: 0 });
    for (const kind of ["validatingwebhookconfiguration", "mutatingwebhookconfiguration"]) {
      const path = "jsonpath={.webhooks[*].clientConfig.caBundle}";
      const { stdout } = await plane().kubectl(["get", kind, "ringfence", "-o", path]);
      const bundles = stdout.split(" ").map((text) => Buffer.from(text, "base64").toString());
      expect(new Set(bundles)).toEqual(new Set([`${old}${authority}`]));
    }
    await ringfence.configureWebhooks();
  });

  /** Server-side apply, as kubectl does it; kubectl itself would spend most of the time starting. */
  function applyOnce(worker: number, round: number): Promise<ApiResponse> {
    const name = `load-${worker}`;
    const path = `/apis/networking.k8s.io/v1/namespaces/busy/networkpolicies/${name}`;
    const spec = {
      podSelector: {},
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 1000 + round }] }],
    };
    return plane().request("PATCH", `${path}?fieldManager=load&force=true`, {
      contentType: "application/apply-patch+yaml",
      body: policy("busy", name, spec),
    });
  }

  async function servedFingerprint(): Promise<string> {
    const ca = await readFile(plane().authority.certificate);
    const socket = connect({ port: ringfence.ports.webhook, host: "127.0.0.1", ca });
    await once(socket, "secureConnect");
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256;
  }
});
