import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { KubectlResult } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { named } from "../support/documents.ts";
import { Ringfence } from "../support/ringfence.ts";
import { POLICY_GROUP, policyDefinition } from "./policy-definition.ts";
import { createShop } from "./shop.ts";

const inNamespace = (name: string): object => ({
  namespaces: named(name),
});

describe.each(["v1alpha2", "v1beta1"])("where the API server serves %s alone", (version) => {
  describeWithControlPlane("a ClusterNetworkPolicy through kubectl", (plane) => {
    let ringfence: Ringfence;

    const apply = (name: string, spec: object): Promise<KubectlResult> => {
      const input = {
        apiVersion: `${POLICY_GROUP}/${version}`,
        kind: "ClusterNetworkPolicy",
        metadata: { name },
        spec: { tier: "Admin", priority: 10, ...spec },
      };
      return plane().kubectl(["apply", "-f", "-"], { input });
    };

    beforeAll(async () => {
      await createShop(plane());
      // Ringfence starts in a cluster that lacks the kind.
      ringfence = await Ringfence.install(plane());
      const input = policyDefinition("ClusterNetworkPolicy", "clusternetworkpolicies", version);
      const defined = await plane().kubectl(["apply", "-f", "-"], { input });
      expect(defined, defined.stderr).toMatchObject({ code: 0 });
      await vi.waitFor(async () => {
        const { status } = await plane().request(
          "GET",
          `/apis/${POLICY_GROUP}/${version}/clusternetworkpolicies`,
        );
        expect(status).toBe(200);
      }, 10_000);
    }, 120_000);
    afterAll(async () => ringfence?.stop());

    it("is no way around the rules for NetworkPolicies", async () => {
      const { code, stderr } = await apply("open", {
        subject: inNamespace("shop"),
        ingress: [{ action: "Accept", from: [{ namespaces: {} }] }],
      });
      expect(code).toBe(1);
      expect(stderr).toContain('ClusterNetworkPolicy open denied by profile "baseline"');
      expect(stderr).toContain("open-namespaces");
    });

    it("is admitted with a warning of what it closes", async () => {
      const { code, stderr } = await apply("close", {
        subject: inNamespace("shop"),
        ingress: [{ action: "Deny", from: [inNamespace("plain")] }],
      });
      expect(code, stderr).toBe(0);
      expect(stderr).toContain("opens nothing; closes plain/* → shop/* all ports");
    });

    it("is denied when a patch would open it", async () => {
      const ingress = [{ action: "Accept", from: [{ namespaces: {} }] }];
      const patch = ["--type=merge", "--patch", JSON.stringify({ spec: { ingress } })];
      const args = ["patch", "clusternetworkpolicy", "close", ...patch];
      const { code, stderr } = await plane().kubectl(args);
      expect(code).toBe(1);
      expect(stderr).toContain("(Forbidden)");
      expect(stderr).toContain("open-namespaces");
    });

    it("is refused with the field where it cannot be read", async () => {
      const { code, stderr } = await apply("odd", { priority: 2000, subject: inNamespace("shop") });
      expect(code).toBe(1);
      // As docs/how-to/debug-a-denial.md has it.
      expect(stderr).toMatch(/^The request is invalid: /);
      expect(stderr).toContain("spec.priority: is not from 0 to 1000");
    });

    it("that was stored counts in what the next change does", async () => {
      // A kind that was not there is looked for once a minute, and at the start.
      await ringfence.end("SIGTERM");
      await ringfence.start();
      await ringfence.untilReady();
      const deleted = await plane().kubectl(["delete", "clusternetworkpolicy", "close"]);
      expect(deleted, deleted.stderr).toMatchObject({ code: 0 });
      expect(deleted.stderr).toContain("opens plain/* → shop/* all ports; closes nothing");
    });
  });
});
