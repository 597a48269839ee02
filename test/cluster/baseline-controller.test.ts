import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { ApiClient } from "../../src/cluster/api-client.ts";
import type { BackOff } from "../../src/cluster/back-off.ts";
import { DEFAULT_BASELINE } from "../../src/resources/baseline.ts";
import { field } from "../../src/wire/shape.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { FaultyProxy, type SeenRequest } from "../support/faulty-proxy.ts";
import { eventually } from "./eventually.ts";
import {
  policyPath,
  type Running,
  render,
  selecting,
  startController,
} from "./running-controller.ts";

const optIn = { "ringfence.dev/profile": "restricted" };

describeWithControlPlane("the baseline controller", (plane) => {
  let proxy: FaultyProxy;
  let client: ApiClient;
  let running: Running | undefined;

  beforeAll(async () => {
    proxy = await FaultyProxy.start(plane());
    client = new ApiClient({ kubeconfig: await plane().kubeconfig({ server: proxy.url }) });
  });
  afterEach(async () => {
    proxy.clear();
    await running?.stop();
    running = undefined;
  });
  afterAll(async () => {
    client.close();
    await proxy.stop();
  });

  async function run(backOff?: BackOff): Promise<Running> {
    running = await startController(client, 10, backOff);
    return running;
  }
  const createNamespace = async (labels: Readonly<Record<string, string>>): Promise<string> => {
    const name = `ns-${Math.random().toString(36).slice(2)}`;
    const metadata = { name, labels };
    await plane().create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
    return name;
  };
  const read = async (namespace: string, name: string): Promise<unknown> => {
    const { status, body } = await plane().request("GET", policyPath(namespace, name));
    return status === 200 ? body : null;
  };
  const baselineExists = async (namespace: string): Promise<void> => {
    expect(field(await read(namespace, "default-deny"), "spec")).toBeDefined();
    expect(field(await read(namespace, "allow-dns"), "spec")).toBeDefined();
  };
  const merge = async (path: string, body: object): Promise<void> => {
    const contentType = "application/merge-patch+json";
    const { status } = await plane().request("PATCH", path, { body, contentType });
    expect(status).toBe(200);
  };

  it("writes both policies once when a namespace opts in, exactly as they were meant", async () => {
    const controller = await run();
    const namespace = await createNamespace(optIn);
    await eventually(() => baselineExists(namespace));
    // Longer than the controller leaves a namespace alone after a write.
    await sleep(1300);
    expect(controller.writes(namespace).toSorted()).toEqual(["allow-dns", "default-deny"]);
    for (const wanted of render(namespace)) {
      const name = String(field(wanted, "metadata", "name"));
      const stored = await read(namespace, name);
      expect(field(stored, "spec")).toEqual(field(wanted, "spec"));
      expect(field(stored, "metadata", "labels")).toEqual(field(wanted, "metadata", "labels"));
      expect(field(stored, "metadata", "generation")).toBe(1);
    }
  });

  it.each(["warn", "audit"])(
    "writes nothing in mode %s, and both when the mode goes",
    async (mode) => {
      const controller = await run();
      const namespace = await createNamespace({ ...optIn, "ringfence.dev/mode": mode });
      const enforced = await createNamespace(optIn);
      await eventually(() => baselineExists(enforced));
      expect(controller.writes(namespace)).toEqual([]);
      await merge(`/api/v1/namespaces/${namespace}`, {
        metadata: { labels: { "ringfence.dev/mode": null } },
      });
      await eventually(() => baselineExists(namespace));
    },
  );

  it("sends `from` as `from`", async () => {
    const namespace = await createNamespace({});
    const spec = {
      podSelector: {},
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ podSelector: { matchLabels: { app: "web" } } }] }],
    };
    await client.send({
      verb: "patch",
      type: { group: "networking.k8s.io", version: "v1", resource: "networkpolicies" },
      namespace,
      name: "p",
      query: { fieldManager: "ringfence", force: "true" },
      body: {
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { name: "p" },
        spec,
      },
    });
    expect(field(await read(namespace, "p"), "spec")).toEqual(spec);
  });

  it("writes nothing after a restart when nothing is wrong", async () => {
    const first = await run();
    const namespace = await createNamespace(optIn);
    await eventually(() => expect(first.writes(namespace)).toHaveLength(2));
    await first.stop();
    const second = await run();
    await sleep(500);
    expect(second.writes(namespace)).toEqual([]);
  });

  it("does not write again what the watch is only late to show", async () => {
    const controller = await run();
    const other = await createNamespace(optIn);
    await eventually(() => expect(controller.writes(other)).toHaveLength(2));
    await plane().request("DELETE", policyPath(other, "default-deny"));
    // Of that only the watch can have told.
    await eventually(() => expect(controller.writes(other)).toHaveLength(3));
    proxy.silenceRunning(
      ({ path, isWatch }: SeenRequest) => isWatch && path.includes("/networkpolicies"),
    );
    const namespace = await createNamespace(optIn);
    await eventually(() => expect(controller.writes(namespace)).toHaveLength(2));
    // As long as a namespace is left alone that was just written to; then there is a reason to look at it.
    await sleep(1200);
    await merge(`/api/v1/namespaces/${namespace}`, { metadata: { labels: { team: "shop" } } });
    await sleep(1000);
    expect(controller.writes(namespace)).toHaveLength(2);
    // A watch that shows nothing at all is not waited for.
    await eventually(() => expect(controller.writes(namespace).length).toBeGreaterThan(2));
    proxy.dropConnections();
    await plane().request("DELETE", policyPath(namespace, "default-deny"));
    await eventually(() => baselineExists(namespace));
  });

  it("brings a deleted policy back", async () => {
    const controller = await run();
    const namespace = await createNamespace(optIn);
    await eventually(() => expect(controller.writes(namespace)).toHaveLength(2));
    await plane().request("DELETE", policyPath(namespace, "default-deny"));
    await eventually(() => baselineExists(namespace));
    // The API server has the policy a moment before the controller hears so.
    await eventually(() => expect(controller.writes(namespace).slice(2)).toEqual(["default-deny"]));
  });

  it.each([
    { name: "a rule added to default-deny", policy: "default-deny", patch: { ingress: [{}] } },
    { name: "default-deny for other pods", policy: "default-deny", patch: selecting("nobody") },
    { name: "one direction taken out", policy: "default-deny", patch: { policyTypes: ["Egress"] } },
    { name: "DNS taken out", policy: "allow-dns", patch: { egress: null } },
    { name: "DNS opened to everything", policy: "allow-dns", patch: { egress: [{}] } },
    { name: "an ingress rule in allow-dns", policy: "allow-dns", patch: { ingress: [{}] } },
  ])("repairs $name in place", async ({ policy, patch }) => {
    const controller = await run();
    const namespace = await createNamespace(optIn);
    await eventually(() => expect(controller.writes(namespace)).toHaveLength(2));
    const uid = field(await read(namespace, policy), "metadata", "uid");
    await merge(policyPath(namespace, policy), { spec: patch });
    const wanted = render(namespace).find((one) => field(one, "metadata", "name") === policy);
    await eventually(async () => {
      const stored = await read(namespace, policy);
      expect(field(stored, "spec")).toEqual(field(wanted, "spec"));
      expect(field(stored, "metadata", "uid")).toBe(uid);
    });
    expect(controller.notices.filter(({ kind }) => kind === "baseline-failed")).toEqual([]);
  });

  it("takes over a policy that had the name before the namespace opted in", async () => {
    await run();
    const namespace = await createNamespace({});
    const own = { podSelector: { matchLabels: { app: "web" } }, ingress: [{}] };
    await plane().create(`/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`, {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "default-deny", labels: { team: "shop" } },
      spec: own,
    });
    await merge(`/api/v1/namespaces/${namespace}`, { metadata: { labels: optIn } });
    await eventually(async () => {
      const stored = await read(namespace, "default-deny");
      expect(field(stored, "spec")).toEqual(field(render(namespace)[0], "spec"));
      expect(field(stored, "metadata", "labels", "team")).toBe("shop");
    });
  });

  it("leaves policies alone that carry no label of a baseline", async () => {
    const controller = await run();
    const namespace = await createNamespace(optIn);
    await plane().create(`/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`, {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "own", labels: { team: "shop" } },
      spec: selecting("web"),
    });
    await eventually(() => baselineExists(namespace));
    await sleep(1300);
    expect(await read(namespace, "own")).not.toBeNull();
    expect(controller.notices.filter(({ kind }) => kind === "baseline-deleted")).toEqual([]);
  });

  it("says so where what is stored is not what it sent", async () => {
    const controller = await run();
    const isWrite = ({ method }: { method: string }): boolean => method === "PATCH";
    proxy.inject({ kind: "status", status: 200 }, isWrite, 1);
    const namespace = await createNamespace(optIn);
    await eventually(() => baselineExists(namespace));
    expect(controller.notices).toContainEqual(
      expect.objectContaining({
        kind: "baseline-failed",
        namespace,
        message: expect.stringMatching(/what was stored is not what was sent$/) as unknown,
      }),
    );
  });

  it("leaves labels and annotations of others alone", async () => {
    const controller = await run();
    const namespace = await createNamespace(optIn);
    await eventually(() => expect(controller.writes(namespace)).toHaveLength(2));
    const metadata = { annotations: { note: "seen" }, labels: { team: "shop" } };
    await merge(policyPath(namespace, "default-deny"), { metadata });
    await sleep(1300);
    expect(controller.writes(namespace)).toHaveLength(2);
  });

  it("keeps the policies of a namespace that opts out, and stops minding them", async () => {
    const controller = await run();
    const namespace = await createNamespace(optIn);
    await eventually(() => expect(controller.writes(namespace)).toHaveLength(2));
    const labels = { "ringfence.dev/profile": null };
    await merge(`/api/v1/namespaces/${namespace}`, { metadata: { labels } });
    await eventually(() => {
      expect(
        controller.state.engine.namespace(namespace)?.labels.has("ringfence.dev/profile"),
      ).toBe(false);
    });
    await baselineExists(namespace);
    await plane().request("DELETE", policyPath(namespace, "default-deny"));
    await sleep(1300);
    expect(await read(namespace, "default-deny")).toBeNull();
  });

  it("leaves alone the system's namespaces, its own, and those that end", async () => {
    const ending = await createNamespace({});
    await plane().request("DELETE", `/api/v1/namespaces/${ending}`);
    for (const name of ["kube-system", ending]) {
      await merge(`/api/v1/namespaces/${name}`, { metadata: { labels: optIn } });
    }
    const metadata = { name: "ringfence-system", labels: optIn };
    await plane().create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
    const controller = await run();
    await sleep(500);
    for (const name of ["kube-system", "ringfence-system", ending]) {
      expect(controller.writes(name)).toEqual([]);
    }
  });

  it("follows another baseline: writes what is new, then takes away what is left of the old", async () => {
    const controller = await run();
    const namespace = await createNamespace({ ...optIn, team: "a" });
    await eventually(() => expect(controller.writes(namespace)).toHaveLength(2));
    const spec = {
      podSelector: {},
      policyTypes: ["Ingress"],
      ingress: [
        { from: [{ namespaceSelector: { matchLabels: { team: "$(namespace.labels.team)" } } }] },
      ],
    };
    const [deny] = DEFAULT_BASELINE.policies;
    if (deny === undefined) throw new Error("no policy");
    const policies = [deny, { name: "allow-team", labels: new Map(), spec }];
    controller.use({ ...DEFAULT_BASELINE, name: "team", namespaceLabels: ["team"], policies });
    await eventually(async () => {
      expect(await read(namespace, "allow-dns")).toBeNull();
    });
    const stored = await read(namespace, "allow-team");
    expect(field(stored, "spec", "ingress")).toEqual([
      { from: [{ namespaceSelector: { matchLabels: { team: "a" } } }] },
    ]);
    expect(await read(namespace, "default-deny")).not.toBeNull();
  });

  it("takes a policy that is gone already for deleted", async () => {
    const controller = await run();
    const namespace = await createNamespace(optIn);
    await eventually(() => expect(controller.writes(namespace)).toHaveLength(2));
    const isDelete = ({ method, path }: { method: string; path: string }): boolean =>
      method === "DELETE" && path.includes(`/${namespace}/`);
    proxy.inject({ kind: "status", status: 404 }, isDelete, 1);
    const [deny] = DEFAULT_BASELINE.policies;
    if (deny === undefined) throw new Error("no policy");
    controller.use({ ...DEFAULT_BASELINE, policies: [deny] });
    const kindsHere = (): readonly string[] =>
      controller.notices.flatMap((one) =>
        "namespace" in one && one.namespace === namespace ? one.kind : [],
      );
    await eventually(() => expect(kindsHere()).toContain("baseline-deleted"));
    expect(kindsHere()).not.toContain("baseline-failed");
  });

  it("says how long a namespace that opts in was without its baseline, once", async () => {
    const controller = await run();
    const namespace = await createNamespace(optIn);
    await eventually(() => baselineExists(namespace));
    await plane().request("DELETE", policyPath(namespace, "default-deny"));
    await eventually(() => expect(controller.writes(namespace)).toHaveLength(3));
    const gaps = controller.notices.flatMap((notice) =>
      notice.kind === "baseline-in-place" && notice.namespace === namespace ? notice.gapMs : [],
    );
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toBeGreaterThan(0);
    expect(gaps[0]).toBeLessThan(5_000);
  });

  it("leaves a namespace as it is where its baseline has no value, and says so", async () => {
    const controller = await run();
    const namespace = await createNamespace(optIn);
    await eventually(() => expect(controller.writes(namespace)).toHaveLength(2));
    const spec = { podSelector: { matchLabels: { team: "$(namespace.labels.team)" } } };
    const policies = [{ name: "allow-team", labels: new Map(), spec }];
    controller.use({ ...DEFAULT_BASELINE, name: "team", namespaceLabels: ["team"], policies });
    await eventually(() => {
      expect(controller.notices).toContainEqual(
        expect.objectContaining({
          kind: "baseline-failed",
          namespace,
          code: "NP_E_RESOURCE",
          message:
            "spec.policies[0].spec.podSelector.matchLabels.team: there is no value for `$(namespace.labels.team)`",
        }),
      );
    });
    await baselineExists(namespace);
  });

  it("does not wait for a back-off where a baseline that could not be made can be", async () => {
    const controller = await run({ firstMs: 60_000, maxMs: 60_000 });
    const namespace = await createNamespace(optIn);
    await eventually(() => expect(controller.writes(namespace)).toHaveLength(2));
    const spec = { podSelector: { matchLabels: { team: "$(namespace.labels.team)" } } };
    const policies = [{ name: "allow-team", labels: new Map(), spec }];
    const team = { ...DEFAULT_BASELINE, name: "team", namespaceLabels: ["team"], policies };
    const failures = (): number =>
      controller.notices.filter(
        (one) => one.kind === "baseline-failed" && one.namespace === namespace,
      ).length;
    controller.use(team);
    await eventually(() => expect(failures()).toBe(1));
    controller.use({ ...team, policies: [{ name: "other", labels: new Map(), spec }] });
    await eventually(() => expect(failures()).toBe(2));
    await merge(`/api/v1/namespaces/${namespace}`, { metadata: { labels: { team: "a" } } });
    await eventually(() => expect(controller.writes(namespace)).toContain("other"));
  });

  it("tries again, with the reason, while the API server refuses", async () => {
    const controller = await run();
    const namespace = await createNamespace({});
    proxy.inject(
      { kind: "status", status: 503 },
      ({ method, path }) => method === "PATCH" && path.includes(`/${namespace}/`),
      3,
    );
    await merge(`/api/v1/namespaces/${namespace}`, { metadata: { labels: optIn } });
    await eventually(() => baselineExists(namespace));
    const failures = controller.notices.filter(
      (notice) => notice.kind === "baseline-failed" && notice.namespace === namespace,
    );
    expect(failures[0]).toMatchObject({
      code: "NP_E_API_SERVER",
      message: expect.stringMatching(/^cannot patch networkpolicies.*: 503/) as unknown,
    });
    // Three refusals: both policies of the first attempt, one of the second.
    expect(failures).toHaveLength(2);
  });

  it("takes what the API server makes of a template for what was meant", async () => {
    const controller = await run();
    const spec = {
      podSelector: { matchLabels: {} },
      ingress: [
        { from: [], ports: [{ port: 80 }] },
        { from: [{ podSelector: {} }], ports: null },
      ],
      egress: [],
    };
    const policies = [{ name: "terse", labels: new Map(), spec }];
    controller.use({ ...DEFAULT_BASELINE, name: "terse", policies });
    const namespace = await createNamespace(optIn);
    await eventually(async () => expect(await read(namespace, "terse")).not.toBeNull());
    await sleep(1300);
    expect(controller.writes(namespace)).toEqual(["terse"]);
    expect(controller.notices.filter(({ kind }) => kind === "baseline-failed")).toEqual([]);
  });
});
