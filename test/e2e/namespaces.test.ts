import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { z } from "zod";
import type { KubectlResult } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { resourceDocument } from "../support/documents.ts";
import { Ringfence } from "../support/ringfence.ts";
import { createNamespace, createShop, policy, storedPolicy } from "./shop.ts";

const baseline = ["default-deny", "allow-dns"] as const;
const stored = z.looseObject({
  metadata: z.looseObject({ generation: z.number(), uid: z.string() }),
});

const policyList = z.object({
  items: z.array(z.object({ metadata: z.looseObject({ namespace: z.string() }) })),
});

describeWithControlPlane("a Namespace through kubectl", (plane) => {
  let ringfence: Ringfence;
  let dana: string;
  let olga: string;

  const asDana = (...args: readonly string[]): Promise<KubectlResult> =>
    plane().kubectl(args, { kubeconfig: dana });
  const asOlga = (...args: readonly string[]): Promise<KubectlResult> =>
    plane().kubectl(args, { kubeconfig: olga });
  const untilBaseline = (namespace: string, timeoutMs = 5_000): Promise<void> =>
    vi.waitFor(
      async () => {
        for (const name of baseline) {
          expect(await storedPolicy(plane(), namespace, name), name).not.toBeNull();
        }
      },
      { timeout: timeoutMs, interval: 25 },
    );
  /** What Ringfence has written to a policy, as its API server saw it. */
  /** What the API server has no time for is not a write: it is to be tried again. */
  const writesTo = (namespace: string, name: string): number =>
    ringfence.proxy.requests.filter(
      ({ method, path, status }) =>
        method !== "GET" &&
        status !== 429 &&
        path.includes(`/namespaces/${namespace}/networkpolicies/${name}`),
    ).length;

  beforeAll(async () => {
    dana = await plane().kubeconfig({ user: { name: "dana" } });
    olga = await plane().kubeconfig({ user: { name: "olga" } });
    await createShop(plane());
    ringfence = await Ringfence.install(plane());
  }, 120_000);
  afterAll(async () => ringfence?.stop());

  // The second is Ringfence's promise, not that of a busy machine: hence another try, with another name.
  it("that is created and then labelled has both baseline policies within a second, by one write each", {
    retry: 2,
  }, async ({ task }) => {
    const name = `fresh-${task.result?.retryCount ?? 0}`;
    expect(await asDana("create", "namespace", name)).toMatchObject({ code: 0 });
    const labelled = await asDana("label", "namespace", name, "ringfence.dev/profile=restricted");
    expect(labelled, labelled.stderr).toMatchObject({ code: 0 });
    await untilBaseline(name, 1_000);
    for (const policyName of baseline) {
      expect(await storedPolicy(plane(), name, policyName)).toMatchObject({
        metadata: { labels: { "ringfence.dev/baseline": "default" }, generation: 1 },
      });
    }
    // Whoever writes twice does so in answer to what the first write made the watch say.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(baseline.map((policyName) => writesTo(name, policyName))).toEqual([1, 1]);
  });

  it("has its baseline by no more writes than needed where two hundred opt in at once", async () => {
    const names = Array.from({ length: 200 }, (_, index) => `crowd-${index}`);
    const labels = { "ringfence.dev/profile": "restricted" };
    const started = performance.now();
    await Promise.all(names.map((name) => createNamespace(plane(), name, labels)));
    await vi.waitFor(
      async () => {
        const list = await plane().request("GET", "/apis/networking.k8s.io/v1/networkpolicies");
        const items = policyList.parse(list.body).items;
        const placed = items.filter(({ metadata }) => metadata.namespace.startsWith("crowd-"));
        expect(placed).toHaveLength(2 * names.length);
      },
      { timeout: 30_000, interval: 250 },
    );
    const elapsedMs = performance.now() - started;
    // Whoever writes twice does so in answer to what the first write made the watch say.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const writes = names.flatMap((name) =>
      baseline.map((policyName) => writesTo(name, policyName)),
    );
    expect(writes.filter((count) => count !== 1)).toEqual([]);
    const metrics = await fetch(`http://127.0.0.1:${ringfence.ports.metrics}/metrics`);
    const text = await metrics.text();
    const gaps = Number(/^ringfence_baseline_gap_seconds_count (\d+)$/m.exec(text)?.[1]);
    const sum = Number(/^ringfence_baseline_gap_seconds_sum (\S+)$/m.exec(text)?.[1]);
    expect(gaps).toBeGreaterThanOrEqual(200);
    expect(sum).toBeGreaterThan(0);
    // None was without its baseline for longer than all of it took.
    expect(sum / gaps).toBeLessThan(elapsedMs / 1000);
  }, 60_000);

  it("that opts in when it is created gets the annotation and the baseline too", async () => {
    const metadata = { name: "born-in", labels: { "ringfence.dev/profile": "baseline" } };
    const input = { apiVersion: "v1", kind: "Namespace", metadata };
    const created = await plane().kubectl(["apply", "-f", "-"], { kubeconfig: dana, input });
    expect(created, created.stderr).toMatchObject({ code: 0 });
    await untilBaseline("born-in");
    const { body } = await plane().request("GET", "/api/v1/namespaces/born-in");
    expect(body).toMatchObject({
      metadata: {
        annotations: { "ringfence.dev/baseline-revision": expect.anything() as unknown },
      },
    });
  });

  it("that names a profile nobody knows is refused, with the names there are", async () => {
    const labelled = await asDana(
      "label",
      "namespace",
      "plain",
      "ringfence.dev/profile=restrictde",
    );
    expect(labelled.code).toBe(1);
    expect(labelled.stderr).toContain("restrictde");
    expect(labelled.stderr).toContain("restricted");
  });

  it("keeps its baseline: a plain admin's delete is denied", async () => {
    await optIn("kept");
    for (const name of baseline) {
      const deleted = await asDana("delete", "networkpolicy", name, "-n", "kept");
      expect(deleted.code).toBe(1);
      expect(deleted.stderr).toContain("protected-baseline");
    }
  });

  it("keeps its baseline: a plain admin's edit is denied", async () => {
    await optIn("unedited");
    const patch = JSON.stringify({ spec: { policyTypes: ["Egress"] } });
    const edited = await asDana(
      "patch",
      "networkpolicy",
      "default-deny",
      "-n",
      "unedited",
      "--patch",
      patch,
    );
    expect(edited.code).toBe(1);
    expect(edited.stderr).toContain("protected-baseline");
  });

  it("keeps its baseline: an owner for a policy, whose end would be its end, is denied", async () => {
    await optIn("unowned");
    const owner = { apiVersion: "v1", kind: "ConfigMap", name: "gone", uid: "0" };
    const patch = JSON.stringify({ metadata: { ownerReferences: [owner] } });
    const target = ["networkpolicy", "default-deny", "-n", "unowned"];
    const owned = await asDana("patch", ...target, "--patch", patch);
    expect(owned.code).toBe(1);
    expect(owned.stderr).toContain("protected-baseline");
    const noted = await asDana("annotate", ...target, "note=by-dana");
    expect(noted).toMatchObject({ code: 0 });
  });

  it("keeps its own policies: Ringfence cannot be had to delete one as what a baseline no longer has", async () => {
    await optIn("relabelled");
    const spec = { podSelector: { matchLabels: { app: "web" } }, policyTypes: ["Ingress"] };
    await plane().create(
      "/apis/networking.k8s.io/v1/namespaces/relabelled/networkpolicies",
      policy("relabelled", "own", spec),
    );
    const target = ["networkpolicy", "own", "-n", "relabelled"];
    const labelled = await asDana("label", ...target, "ringfence.dev/baseline=default");
    expect(labelled.code).toBe(1);
    expect(labelled.stderr).toContain("protected-baseline");
  });

  it("gets its baseline back within seconds when it is deleted or edited past the webhook", async () => {
    await optIn("repaired");
    const before = stored.parse(await storedPolicy(plane(), "repaired", "default-deny"));
    await ringfence.removeWebhooks();
    const deleted = await asDana("delete", "networkpolicy", "default-deny", "-n", "repaired");
    expect(deleted, deleted.stderr).toMatchObject({ code: 0 });
    const patch = JSON.stringify({ spec: { egress: [{}] } });
    const edited = await asDana(
      "patch",
      "networkpolicy",
      "allow-dns",
      "-n",
      "repaired",
      "--type=merge",
      "--patch",
      patch,
    );
    expect(edited, edited.stderr).toMatchObject({ code: 0 });

    await untilBaseline("repaired");
    const after = stored.parse(await storedPolicy(plane(), "repaired", "default-deny"));
    expect(after.metadata.uid).not.toBe(before.metadata.uid);
    await vi.waitFor(async () => {
      const repaired = JSON.stringify(await storedPolicy(plane(), "repaired", "allow-dns"));
      expect(repaired).toContain('"port":53');
    }, 5_000);
    await ringfence.configureWebhooks();
  });

  it("keeps its label: taking it off is denied without the verb optout, allowed with it", async () => {
    await optIn("leaving");
    const denied = await asDana("label", "namespace", "leaving", "ringfence.dev/profile-");
    expect(denied.code).toBe(1);
    expect(denied.stderr).toContain('Namespace leaving denied by profile "restricted"');
    expect(denied.stderr).toContain("opt-out");
    const allowed = await asOlga("label", "namespace", "leaving", "ringfence.dev/profile-");
    expect(allowed, allowed.stderr).toMatchObject({ code: 0 });
  });

  it("keeps its label under whatever name it calls itself: API servers before 1.21 leave that to its author", async () => {
    await optIn("posing");
    const posing = "kubernetes.io/metadata.name=kube-system";
    await asDana("label", "namespace", "posing", "--overwrite", posing);
    const denied = await asDana("label", "namespace", "posing", "ringfence.dev/profile-");
    expect(denied.code).toBe(1);
    expect(denied.stderr).toContain("opt-out");
    const open = policy("posing", "open", { podSelector: {}, ingress: [{}] });
    const { code, stderr } = await plane().kubectl(["apply", "-f", "-"], {
      kubeconfig: dana,
      input: open,
    });
    expect(code).toBe(1);
    expect(stderr).toContain("allow-all");
  });

  it("keeps its mode: softening it is denied without the verb optout, allowed with it", async () => {
    await optIn("softened");
    const denied = await asDana("label", "namespace", "softened", "ringfence.dev/mode=audit");
    expect(denied.code).toBe(1);
    expect(denied.stderr).toContain("opt-out");
    const allowed = await asOlga("label", "namespace", "softened", "ringfence.dev/mode=audit");
    expect(allowed, allowed.stderr).toMatchObject({ code: 0 });
  });

  it("keeps its baseline's name: picking another is denied without the verb optout, and followed with it", async () => {
    await optIn("picking");
    const wall = { podSelector: {}, policyTypes: ["Ingress"] };
    const created = await plane().kubectl(["apply", "-f", "-"], {
      input: resourceDocument("Baseline", "wall", { policies: [{ name: "wall", spec: wall }] }),
    });
    expect(created, created.stderr).toMatchObject({ code: 0 });
    const pick = ["label", "namespace", "picking", "ringfence.dev/baseline=wall"];
    await vi.waitFor(async () => {
      const denied = await asDana(...pick);
      expect(denied.code).toBe(1);
      expect(denied.stderr).toContain("swaps the baseline `default` for `wall`");
      expect(denied.stderr).not.toContain("there is no Baseline");
    }, 5_000);
    const allowed = await asOlga(...pick);
    expect(allowed, allowed.stderr).toMatchObject({ code: 0 });
    await vi.waitFor(async () => {
      expect(await storedPolicy(plane(), "picking", "wall")).not.toBeNull();
      expect(await storedPolicy(plane(), "picking", "allow-dns")).toBeNull();
    }, 5_000);
  });

  it("in roll-out is warned of what an enforced one is denied", async () => {
    const warned = { "ringfence.dev/profile": "restricted", "ringfence.dev/mode": "warn" };
    await createNamespace(plane(), "warned", warned);
    const open = { podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }] }] };
    const applied = await plane().kubectl(["apply", "-f", "-"], {
      kubeconfig: dana,
      input: policy("warned", "open", open),
    });
    expect(applied, applied.stderr).toMatchObject({ code: 0 });
    expect(applied.stderr).toContain("Warning: open-namespaces");
  });

  it("can be deleted with its baseline in it", async () => {
    await optIn("going");
    const deleted = await asDana("delete", "namespace", "going", "--wait=false");
    expect(deleted, deleted.stderr).toMatchObject({ code: 0 });
    // As the namespace controller does; none runs here.
    const controller = await plane().kubeconfig({
      user: {
        name: "system:serviceaccount:kube-system:namespace-controller",
        groups: ["system:serviceaccounts", "system:masters"],
      },
    });
    const emptied = await plane().kubectl(["delete", "networkpolicies", "--all", "-n", "going"], {
      kubeconfig: controller,
    });
    expect(emptied, emptied.stderr).toMatchObject({ code: 0 });
    await plane().finalizeNamespace("going");
    expect((await plane().request("GET", "/api/v1/namespaces/going")).status).toBe(404);
  });

  async function optIn(name: string): Promise<void> {
    await createNamespace(plane(), name, { "ringfence.dev/profile": "restricted" });
    await untilBaseline(name);
  }
});
