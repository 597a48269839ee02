import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { KubectlResult } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { named } from "../support/documents.ts";
import { Ringfence } from "../support/ringfence.ts";
import { POLICY_GROUP, policyDefinition } from "./policy-definition.ts";
import { createShop } from "./shop.ts";

const PLURALS = {
  AdminNetworkPolicy: "adminnetworkpolicies",
  BaselineAdminNetworkPolicy: "baselineadminnetworkpolicies",
};
type Kind = keyof typeof PLURALS;

const inNamespace = (name: string): object => ({ namespaces: named(name) });

describeWithControlPlane("policies of the older tiers through kubectl", (plane) => {
  let ringfence: Ringfence;

  const apply = (kind: Kind, name: string, spec: object): Promise<KubectlResult> => {
    const input = { apiVersion: `${POLICY_GROUP}/v1alpha1`, kind, metadata: { name }, spec };
    return plane().kubectl(["apply", "-f", "-"], { input });
  };

  beforeAll(async () => {
    await createShop(plane());
    await Promise.all(
      Object.entries(PLURALS).map(async ([kind, plural]) => {
        const input = policyDefinition(kind, plural, "v1alpha1");
        const defined = await plane().kubectl(["apply", "-f", "-"], { input });
        expect(defined, defined.stderr).toMatchObject({ code: 0 });
        await vi.waitFor(async () => {
          const path = `/apis/${POLICY_GROUP}/v1alpha1/${plural}`;
          expect((await plane().request("GET", path)).status).toBe(200);
        }, 10_000);
      }),
    );
    ringfence = await Ringfence.install(plane());
  }, 120_000);
  afterAll(async () => ringfence?.stop());

  it("an AdminNetworkPolicy is no way around the rules for NetworkPolicies", async () => {
    const { code, stderr } = await apply("AdminNetworkPolicy", "open", {
      priority: 10,
      subject: inNamespace("shop"),
      ingress: [{ action: "Allow", from: [{ namespaces: {} }] }],
    });
    expect(code).toBe(1);
    expect(stderr).toContain('AdminNetworkPolicy open denied by profile "baseline"');
    expect(stderr).toContain("open-namespaces");
  });

  it("an AdminNetworkPolicy is admitted with a warning of what it closes", async () => {
    const { code, stderr } = await apply("AdminNetworkPolicy", "close", {
      priority: 10,
      subject: inNamespace("shop"),
      ingress: [{ action: "Deny", from: [inNamespace("plain")] }],
    });
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("opens nothing; closes plain/* → shop/* all ports");
  });

  it("a BaselineAdminNetworkPolicy closes what no other policy has closed", async () => {
    const spec = {
      subject: inNamespace("plain"),
      ingress: [{ action: "Deny", from: [inNamespace("shop")] }],
    };
    const { code, stderr } = await apply("BaselineAdminNetworkPolicy", "default", spec);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("opens nothing; closes shop/* → plain/* all ports");
  });

  it("a BaselineAdminNetworkPolicy of another name is refused", async () => {
    const spec = { subject: inNamespace("plain") };
    const { code, stderr } = await apply("BaselineAdminNetworkPolicy", "other", spec);
    expect(code).toBe(1);
    expect(stderr).toContain("metadata.name");
  });

  it.each([
    ["AdminNetworkPolicy", "close", "opens plain/* → shop/* all ports; closes nothing"],
    ["BaselineAdminNetworkPolicy", "default", "opens shop/* → plain/* all ports; closes nothing"],
  ] as const)("%s that was stored counts when it is deleted", async (kind, name, effect) => {
    await vi.waitFor(async () => {
      const tried = await plane().kubectl(["delete", PLURALS[kind], name, "--dry-run=server"]);
      expect(tried.stderr).toContain(effect);
    }, 10_000);
    const deleted = await plane().kubectl(["delete", PLURALS[kind], name]);
    expect(deleted, deleted.stderr).toMatchObject({ code: 0 });
    expect(deleted.stderr).toContain(effect);
  });
});
