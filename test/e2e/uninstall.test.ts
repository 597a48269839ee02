import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { KubectlResult } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { documentedCommands } from "../support/documented-commands.ts";
import { resourceDocument } from "../support/documents.ts";
import { Ringfence } from "../support/ringfence.ts";
import { bind, createNamespace, createShop, policy, storedPolicy } from "./shop.ts";

const own = "ringfence-system";
const profile = resourceDocument("Profile", "house", {
  rules: [{ id: "allow-all", action: "Deny" }],
});

describeWithControlPlane("uninstalling as it is written", (plane) => {
  let ringfence: Ringfence;
  let dana: string;
  let root: string;

  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const done: KubectlResult = await plane().kubectl(args, { kubeconfig: dana });
    expect(done, done.stderr).toMatchObject({ code: 0 });
    return done.stdout;
  };
  const follow = async (part: string): Promise<void> => {
    const commands = documentedCommands("uninstall", part).replace(
      "manifests/overlays/cert-manager",
      ringfence.kustomization,
    );
    const done = await plane().shell(commands, { kubeconfig: root });
    expect(done, done.stderr).toMatchObject({ code: 0 });
  };
  /** What the cluster's controllers do once the namespace is deleted; none runs here. */
  const endOwnNamespace = async (): Promise<void> => {
    const path = `/api/v1/namespaces/${own}`;
    await vi.waitFor(async () => {
      const { body } = await plane().request("GET", path);
      expect(body).toMatchObject({ status: { phase: "Terminating" } });
    }, 10_000);
    expect(await ringfence.end("SIGTERM")).toBe(0);
    // What else is in the manifests is deleted at the same time.
    await sleep(1_000);
    await plane().finalizeNamespace(own);
  };

  beforeAll(async () => {
    dana = await plane().kubeconfig({ user: { name: "dana" } });
    root = await plane().kubeconfig({ user: { name: "root" } });
    await createShop(plane());
    await bind(plane(), "cluster-admin", ["root"]);
    ringfence = await Ringfence.install(plane());
    await createNamespace(plane(), "enforced", { "ringfence.dev/profile": "restricted" });
    await vi.waitFor(async () => {
      expect(await storedPolicy(plane(), "enforced", "allow-dns")).not.toBeNull();
    }, 5_000);
    const applied = await plane().kubectl(["apply", "-f", "-"], { input: profile });
    expect(applied, applied.stderr).toMatchObject({ code: 0 });
  }, 120_000);
  afterAll(async () => ringfence?.stop());

  it("keeps the documents of one's own", async () => {
    await follow("get profiles.ringfence.dev");
    const kept = await readFile(join(plane().folder, "ringfence-resources.yaml"), "utf8");
    expect(kept).toMatch(/^ {4}name: house$/m);
  });

  it("leaves nothing of Ringfence but what lies in governed namespaces", async () => {
    await follow("delete validatingwebhookconfiguration");
    await Promise.all([follow("delete --ignore-not-found -k"), endOwnNamespace()]);
    const kinds = "validatingwebhookconfiguration,mutatingwebhookconfiguration,crd,clusterrole";
    const left = await plane().kubectl(["get", `namespace,${kinds}`, "-o", "name"]);
    expect(left.stdout).toContain("namespace/enforced");
    expect(left.stdout).not.toContain("ringfence");
    for (const name of ["default-deny", "allow-dns"]) {
      expect(await storedPolicy(plane(), "enforced", name)).not.toBeNull();
    }
    expect(await kubectl("get", "namespace", "enforced", "-o", "yaml")).toContain(
      "ringfence.dev/profile: restricted",
    );
  });

  it("leaves nothing blocked", async () => {
    const open = policy("enforced", "open", { podSelector: {}, ingress: [{}] });
    const applied = await plane().kubectl(["apply", "-f", "-"], { kubeconfig: dana, input: open });
    expect(applied).toMatchObject({ code: 0, stderr: "" });
    for (const args of [
      ["delete", "networkpolicy", "default-deny", "-n", "enforced"],
      ["label", "namespace", "enforced", "ringfence.dev/mode=warn"],
      ["label", "namespace", "plain", "ringfence.dev/profile=restricted"],
      ["delete", "namespace", "enforced"],
    ]) {
      await kubectl(...args, "--dry-run=server");
    }
  });

  it("leaves nothing at all once the rest is followed", async () => {
    await follow("delete networkpolicy");
    await follow("annotate namespace");
    expect(await kubectl("get", "networkpolicy", "-A", "-o", "name")).toBe(
      "networkpolicy.networking.k8s.io/open\n",
    );
    expect(await kubectl("get", "namespace", "-o", "yaml")).not.toContain("ringfence.dev");
  });
});
