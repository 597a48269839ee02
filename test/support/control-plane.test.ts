import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { describeWithControlPlane } from "./describe-with-control-plane.ts";

describeWithControlPlane("the control plane of the tests", (plane) => {
  it("answers kubectl as admin", async () => {
    const result = await plane().kubectl(["get", "namespaces", "-o", "name"]);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(result.stdout).toContain("namespace/default");
  });

  it("lets kubectl read an object from stdin", async () => {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "from-stdin" } };
    const result = await plane().kubectl(["apply", "-f", "-"], { input: namespace });
    expect(result.stdout).toBe("namespace/from-stdin created\n");
  });

  it("gives a user without rights none", async () => {
    const kubeconfig = await plane().kubeconfig({ user: { name: "alice" } });
    const result = await plane().kubectl(["get", "namespaces"], { kubeconfig });
    expect(result.code).toBe(1);
    expect(result.stderr).toContain('User "alice" cannot list resource "namespaces"');
  });

  it("gives a ServiceAccount's token that ServiceAccount's identity", async () => {
    await plane().create("/api/v1/namespaces/default/serviceaccounts", {
      metadata: { name: "robot" },
    });
    const token = await plane().serviceAccountToken("default", "robot");
    const response = await plane().request("GET", "/api/v1/nodes", { token });
    expect(response.status).toBe(403);
    expect(JSON.stringify(response.body)).toContain("system:serviceaccount:default:robot");
  });

  it("lets a deleted namespace go once it is finalized", async () => {
    await plane().create("/api/v1/namespaces", { metadata: { name: "leaving" } });
    await plane().request("DELETE", "/api/v1/namespaces/leaving");
    await plane().finalizeNamespace("leaving");
    const response = await plane().request("GET", "/api/v1/namespaces/leaving");
    expect(response.status).toBe(404);
  });

  it("keeps its files only while it runs", () => {
    expect(existsSync(plane().adminKubeconfig)).toBe(true);
  });
});
