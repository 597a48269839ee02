import { afterAll, beforeAll, expect, it } from "vitest";
import { ApiClient } from "../../src/cluster/api-client.ts";
import { DEFAULT_BASELINE } from "../../src/resources/baseline.ts";
import type { RollOut } from "../../src/rules/resource-report.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { eventually } from "./eventually.ts";
import { policyPath, type Running, selecting, startController } from "./running-controller.ts";

const wholly = (count: number): RollOut => ({ namespaces: count, upToDate: count, failures: [] });

describeWithControlPlane("the roll-out of a baseline", (plane) => {
  let client: ApiClient;
  let controller: Running;
  let namespaces = 0;

  beforeAll(async () => {
    client = new ApiClient({ kubeconfig: plane().adminKubeconfig });
    controller = await startController(client, 2);
  });
  afterAll(async () => {
    await controller.stop();
    client.close();
  });

  const join = async (): Promise<string> => {
    namespaces += 1;
    const metadata = {
      name: `ns-${namespaces}`,
      labels: { "ringfence.dev/profile": "restricted" },
    };
    await plane().create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
    return metadata.name;
  };
  const has = async (namespace: string, policy: string): Promise<boolean> =>
    (await plane().request("GET", policyPath(namespace, policy))).status === 200;
  const countHaving = async (among: readonly string[], policy: string): Promise<number> =>
    (await Promise.all(among.map((one) => has(one, policy)))).filter(Boolean).length;

  it("keeps to its rate, tells how far it has come, and lets nobody else wait", async () => {
    const old = await Promise.all(Array.from({ length: 8 }, join));
    await eventually(async () => expect(await countHaving(old, "allow-dns")).toBe(8));
    await eventually(() => expect(controller.progress()).toEqual(wholly(8)));

    const extra = { name: "extra", labels: new Map(), spec: { ...selecting("nobody") } };
    const started = performance.now();
    controller.use({ ...DEFAULT_BASELINE, policies: [...DEFAULT_BASELINE.policies, extra] });
    await eventually(() => expect(controller.progress()?.upToDate).toBeLessThan(4));
    expect(controller.told).toContain("default");

    // A namespace that opts in now, and one that loses something.
    const fresh = await join();
    await eventually(async () => expect(await has(fresh, "extra")).toBe(true));
    const behind = await Promise.all(
      old.map(async (one) => ((await has(one, "extra")) ? [] : [one])),
    );
    const [waiting = ""] = behind.flat().toReversed();
    await plane().request("DELETE", policyPath(waiting, "default-deny"));
    await eventually(async () => expect(await has(waiting, "default-deny")).toBe(true));
    expect(await countHaving(old, "extra")).toBeLessThan(8);

    await eventually(() => expect(controller.progress()).toEqual(wholly(9)));
    // Two at once, one out of turn, and five at two in a second.
    expect(performance.now() - started).toBeGreaterThan(2_000);
    expect(await countHaving([...old, fresh], "extra")).toBe(9);
  });

  it("tells nothing after a change of hands before it has looked at every namespace", async () => {
    await controller.stop();
    controller = await startController(client, 2);
    await eventually(() => expect(controller.progress()).toMatchObject({ namespaces: 9 }));
    expect(new Set(controller.steps.map((step) => step?.namespaces))).toEqual(new Set([9]));
  });
});
