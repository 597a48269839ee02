import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
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

  it("knows nothing of a namespace that was written to while it was stopped", async () => {
    await controller.pause();
    onTestFinished(() => controller.resume());
    const name = await join();
    let paused: Promise<void> | undefined;
    let started: Running | undefined;
    const other = await startController(client, 2, undefined, {
      isLeftAlone: (namespace) => namespace !== name,
      // Between the last answer and what is made of it.
      observe: () => {
        const written = started?.writes(name).length;
        if (written === DEFAULT_BASELINE.policies.length) paused ??= started?.pause();
      },
    });
    started = other;
    onTestFinished(() => other.stop());
    await eventually(() => expect(paused).toBeDefined());
    await paused;
    expect(other.progress()).toBeNull();
  });

  it("keeps to its rate after it was stopped for a while, whoever waited before", async () => {
    const names = Array.from({ length: namespaces }, (_, index) => `ns-${index + 1}`);
    const more = { name: "more", labels: new Map(), spec: { ...selecting("nobody") } };
    controller.use({ ...DEFAULT_BASELINE, policies: [...DEFAULT_BASELINE.policies, more] });
    await eventually(() => expect(controller.progress()?.upToDate).toBeLessThan(names.length));
    await controller.pause();
    await sleep(5_000);
    const before = await countHaving(names, "more");
    controller.resume();
    await sleep(1_000);
    // Two at once, and two in a second.
    expect((await countHaving(names, "more")) - before).toBeLessThan(6);
    await eventually(async () => expect(await countHaving(names, "more")).toBe(names.length));
  });

  it("tells nothing after a change of hands before it has looked at every namespace", async () => {
    await controller.stop();
    controller = await startController(client, 2);
    await eventually(() => expect(controller.progress()).toMatchObject({ namespaces }));
    expect(new Set(controller.steps.map((step) => step?.namespaces))).toEqual(
      new Set([namespaces]),
    );
  });
});
