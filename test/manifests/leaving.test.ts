import { afterAll, beforeAll, expect, it } from "vitest";
import type { KubectlResult } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { Ringfence } from "../support/ringfence.ts";

const doors = ["namespaces", "namespaces/status", "namespaces/finalize"];
const RBAC = "/apis/rbac.authorization.k8s.io/v1";

describeWithControlPlane("a namespace that would leave by a side door", (plane) => {
  let ringfence: Ringfence;
  let intruder: string;

  beforeAll(async () => {
    await plane().create(`${RBAC}/clusterroles`, {
      metadata: { name: "intruder" },
      rules: [{ apiGroups: [""], resources: doors, verbs: ["*"] }],
    });
    await plane().create(`${RBAC}/clusterrolebindings`, {
      metadata: { name: "intruder" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "intruder" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "intruder" }],
    });
    intruder = await plane().kubeconfig({ user: { name: "intruder" } });
    ringfence = await Ringfence.install(plane());
    await plane().create("/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "inside", labels: { "ringfence.dev/profile": "restricted" } },
    });
  }, 120_000);
  afterAll(async () => ringfence?.stop());

  const unlabelled = { apiVersion: "v1", kind: "Namespace", metadata: { name: "inside" } };
  const patch = JSON.stringify({ metadata: { labels: { "ringfence.dev/profile": null } } });
  const patchThrough = (...subresource: readonly string[]): readonly string[] => [
    "patch",
    "namespace",
    "inside",
    "--type=merge",
    `--patch=${patch}`,
    ...subresource,
  ];

  it.each([
    { door: "a patch", args: patchThrough() },
    { door: "namespaces/status", args: patchThrough("--subresource=status") },
    {
      door: "namespaces/finalize",
      args: ["replace", "--raw", "/api/v1/namespaces/inside/finalize", "-f", "-"],
    },
  ])("is denied it through $door", async ({ args }) => {
    const options = { kubeconfig: intruder, input: unlabelled };
    const denied: KubectlResult = await plane().kubectl(args, options);
    expect(denied.code, denied.stdout).toBe(1);
    expect(denied.stderr).toContain("opt-out");
    expect(await plane().request("GET", "/api/v1/namespaces/inside")).toMatchObject({
      body: { metadata: { labels: { "ringfence.dev/profile": "restricted" } } },
    });
  });
});
