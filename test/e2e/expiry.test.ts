import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { KubectlResult } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { resourceDocument } from "../support/documents.ts";
import { Ringfence } from "../support/ringfence.ts";
import { createNamespace, createPod, createShop, pod, policy } from "./shop.ts";

const DAY_MS = 86_400_000;
/** Exemptions are looked at every ten seconds. */
const SOON = { timeout: 25_000, interval: 250 };

/** Ingress to everything from everybody. */
const open = policy("moving", "open", { podSelector: {}, policyTypes: ["Ingress"], ingress: [{}] });

describeWithControlPlane("an Exemption as days go by", (plane) => {
  let ringfence: Ringfence;
  const began = Date.now();
  const at = (days: number): string =>
    `${new Date(began + days * DAY_MS).toISOString().slice(0, 19)}Z`;
  const exemption = (days: number): object =>
    resourceDocument(
      "Exemption",
      "old",
      { rules: ["allow-all"], reason: "moving", owner: "team moving", expires: at(days) },
      "moving",
    );

  const apply = (object: object, ...flags: readonly string[]): Promise<KubectlResult> =>
    plane().kubectl(["apply", ...flags, "-f", "-"], { input: object });
  const opened = (): Promise<KubectlResult> => apply(open, "--dry-run=server");
  const told = async (): Promise<readonly string[]> => {
    const path = "jsonpath={range .items[*]}{.reason} {.message}{'\\n'}{end}";
    const args = ["--field-selector", "involvedObject.kind=Exemption", "-o", path];
    const { stdout } = await plane().kubectl(["get", "events", "-n", "moving", ...args]);
    return stdout
      .split("\n")
      .filter((line) => line !== "")
      .toSorted();
  };

  beforeAll(async () => {
    await createShop(plane());
    ringfence = await Ringfence.install(plane());
    await ringfence.setClockAhead(0);
    const limited = resourceDocument("Profile", "limited", {
      extends: "restricted",
      maxExemptionDays: 10,
    });
    expect(await apply(limited)).toMatchObject({ code: 0 });
    await createNamespace(plane(), "moving");
    await createPod(plane(), pod("moving", "web", "10.244.9.1", { http: 80 }));
    await vi.waitFor(async () => {
      const labels = ["ringfence.dev/profile=limited"];
      const labelled = await plane().kubectl(["label", "namespace", "moving", ...labels]);
      expect(labelled, labelled.stderr).toMatchObject({ code: 0 });
    }, 5_000);
  }, 120_000);
  afterAll(async () => ringfence?.stop());

  it("is not to last longer than the profile lets any", async () => {
    await vi.waitFor(async () => {
      const { code, stderr } = await apply(exemption(11));
      expect(code).toBe(1);
      expect(stderr).toContain(`\`${at(11)}\` is too late: profile \`limited\` allows 10 days`);
    }, 5_000);
  });

  it("excuses, and nothing is told of it while there is time", async () => {
    const applied = await apply(exemption(9));
    expect(applied, applied.stderr).toMatchObject({ code: 0 });
    await vi.waitFor(async () => expect(await opened()).toMatchObject({ code: 0 }), 5_000);
    expect(await told()).toEqual([]);
  });

  it("is told of ahead of its end, once for each day that is left", async () => {
    const end = `excuses allow-all until ${at(9)}`;
    await ringfence.setClockAhead(2.5 * DAY_MS);
    const first = `ExpiresSoon ${end}, in 7 days; team moving answers for it`;
    await vi.waitFor(async () => expect(await told()).toEqual([first]), SOON);
    const described = await plane().kubectl(["describe", "exemption", "old", "-n", "moving"]);
    expect(described.stdout).toContain("ExpiresSoon");
    await ringfence.setClockAhead(8.5 * DAY_MS);
    const last = `ExpiresSoon ${end}, within a day; team moving answers for it`;
    await vi.waitFor(async () => expect(await told()).toEqual([first, last].toSorted()), SOON);
    expect(await opened()).toMatchObject({ code: 0 });
  }, 60_000);

  it("ends by itself: findings count again, and its status and an Event say so", async () => {
    await ringfence.setClockAhead(9.1 * DAY_MS);
    const denied = await opened();
    expect(denied).toMatchObject({ code: 1 });
    expect(denied.stderr).toContain(
      `no longer excused, Exemption moving/old expired on ${at(9)}; ask team moving`,
    );
    await vi.waitFor(async () => {
      expect(await told()).toContain(
        `Expired excuses allow-all no longer: expired on ${at(9)}; team moving answers for it`,
      );
      const path = 'jsonpath={.status.conditions[?(@.type=="Ready")].reason}';
      const { stdout } = await plane().kubectl(["get", "rfe", "old", "-n", "moving", "-o", path]);
      expect(stdout).toBe("Expired");
    }, SOON);
  }, 60_000);
});
