import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { ApiResponse } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
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
