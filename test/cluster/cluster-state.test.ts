import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { ApiClient } from "../../src/cluster/api-client.ts";
import { ClusterState, type ClusterStateOptions } from "../../src/cluster/cluster-state.ts";
import { detectDataplane } from "../../src/cluster/detect-dataplane.ts";
import type { ClusterNotice } from "../../src/cluster/notice.ts";
import { type ReflectorTiming, STANDARD_TIMING } from "../../src/cluster/reflector-timing.ts";
import { parseAddress } from "../../src/engine/address.ts";
import { DATAPLANES } from "../../src/engine/dataplane.ts";
import { MatchingEngine } from "../../src/engine/matching-engine.ts";
import type { Verdict } from "../../src/engine/query.ts";
import type { ClusterFacts } from "../../src/rules/rule.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { createEndpointSlice } from "../support/endpoint-slice.ts";
import { FaultyProxy, type SeenRequest } from "../support/faulty-proxy.ts";
import { eventually } from "./eventually.ts";

const quick: ReflectorTiming = {
  ...STANDARD_TIMING,
  idleMs: 1500,
  backOff: { firstMs: 20, maxMs: 100 },
};

describeWithControlPlane("cluster state", (plane) => {
  let proxy: FaultyProxy;
  let client: ApiClient;
  let state: ClusterState;
  let notices: ClusterNotice[] = [];
  let namespace = "";

  beforeAll(async () => {
    proxy = await FaultyProxy.start(plane());
    client = new ApiClient({ kubeconfig: await plane().kubeconfig({ server: proxy.url }) });
  });
  afterEach(async () => {
    proxy.clear();
    await state.stop();
  });
  afterAll(async () => {
    client.close();
    await proxy.stop();
  });

  function startState(
    apiClient: ApiClient = client,
    more: Partial<ClusterStateOptions> = {},
  ): void {
    notices = [];
    state = new ClusterState({
      client: apiClient,
      engine: new MatchingEngine({ dataplane: DATAPLANES.generic }),
      dnsService: { namespace: "kube-system", name: "kube-dns" },
      ownNamespace: "ringfence-system",
      webhookPort: 9443,
      staleAfterMs: 1000,
      policyPartsLimit: 30_000,
      observe: (notice) => void notices.push(notice),
      timing: quick,
      ...more,
    });
    state.start();
  }
  const createNamespace = async (): Promise<void> => {
    namespace = `ns-${Math.random().toString(36).slice(2)}`;
    await plane().create("/api/v1/namespaces", named("v1", "Namespace", namespace));
  };
  const createPod = async (
    name: string,
    labels: Readonly<Record<string, string>>,
    address: string,
  ): Promise<void> => {
    const pods = `/api/v1/namespaces/${namespace}/pods`;
    const containers = [{ name: "c", image: "i", ports: [{ name: "http", containerPort: 80 }] }];
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name, labels }, spec: { containers } };
    await plane().create(pods, pod);
    const { status } = await plane().request("PATCH", `${pods}/${name}/status`, {
      body: { status: { podIP: address, podIPs: [{ ip: address }], phase: "Running" } },
      contentType: "application/merge-patch+json",
    });
    expect(status).toBe(200);
  };
  const policiesPath = (): string =>
    `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`;
  const verdict = (port: number): Verdict =>
    state.engine.verdict({
      from: { kind: "pod", key: `${namespace}/web` },
      to: { kind: "pod", key: `${namespace}/db` },
      protocol: "TCP",
      port,
    });

  it("keeps the engine in step with pods, namespaces, nodes and policies", async () => {
    await createNamespace();
    await createPod("web", { app: "web" }, "10.0.0.1");
    await createPod("db", { app: "db" }, "10.0.0.2");
    startState();
    expect(state.freshness()).toEqual({ kind: "syncing" });
    await state.whenSynced();
    expect(state.freshness()).toEqual({ kind: "fresh" });
    expect(verdict(5432)).toBe("allowed");

    await plane().create(policiesPath(), {
      ...named("networking.k8s.io/v1", "NetworkPolicy", "db"),
      spec: {
        podSelector: { matchLabels: { app: "db" } },
        ingress: [
          {
            from: [{ podSelector: { matchLabels: { app: "web" } } }],
            ports: [{ protocol: "TCP", port: 5432 }],
          },
        ],
      },
    });
    await eventually(() => expect(verdict(80)).toBe("denied"));
    expect(verdict(5432)).toBe("allowed");

    await plane().request("DELETE", `${policiesPath()}/db`);
    await eventually(() => expect(verdict(80)).toBe("allowed"));

    await plane().create("/api/v1/nodes", {
      ...named("v1", "Node", `node-of-${namespace}`),
      status: { addresses: [{ type: "InternalIP", address: "192.168.0.1" }] },
    });
    await eventually(() => {
      expect(state.engine.node(`node-of-${namespace}`)?.addresses).toEqual([
        parseAddress("192.168.0.1"),
      ]);
    });
    const kept = state.facts.namespaceManifest(namespace);
    expect(kept).toMatchObject({ metadata: { name: namespace }, status: { phase: "Active" } });
    expect(kept).not.toHaveProperty("metadata.managedFields");
    expect(state.isTerminating(namespace)).toBe(false);
    await plane().request("DELETE", `/api/v1/namespaces/${namespace}`);
    await eventually(() => expect(state.isTerminating(namespace)).toBe(true));
    await plane().request(
      "DELETE",
      `/api/v1/namespaces/${namespace}/pods/web?gracePeriodSeconds=0`,
    );
    await eventually(() => expect(state.engine.pod(`${namespace}/web`)).toBeUndefined());
  });

  it("isolates what an unreadable stored policy selects, and names it until it is mended", async (context) => {
    await createNamespace();
    await createPod("web", { app: "web" }, "10.0.1.1");
    await createPod("db", { app: "db" }, "10.0.1.2");
    const policy = (value: string): object => ({
      ...named("networking.k8s.io/v1", "NetworkPolicy", "odd"),
      spec: {
        podSelector: { matchLabels: { app: "db" } },
        ingress: [
          {
            from: [
              {
                podSelector: {
                  matchExpressions: [{ key: "app", operator: "In", values: [value] }],
                },
              },
            ],
          },
        ],
      },
    });
    // Older API servers store selectors that newer ones refuse.
    const body = policy("not a label value");
    const { status } = await plane().request("POST", policiesPath(), { body });
    context.skip(status !== 201, "this API server does not store such a policy");
    startState();
    await state.whenSynced();
    expect(verdict(80)).toBe("denied");
    const key = `${namespace}/odd`;
    expect(state.unreadable()).toEqual([
      expect.objectContaining({ resource: "networkpolicies", key }),
    ]);
    expect(notices).toContainEqual(expect.objectContaining({ kind: "unreadable", key }));
    const mended = { body: policy("web"), contentType: "application/merge-patch+json" };
    await plane().request("PATCH", `${policiesPath()}/odd`, mended);
    await eventually(() => expect(verdict(80)).toBe("allowed"));
    expect(state.unreadable()).toEqual([]);
  });

  it("isolates what a stored policy selects that is too large, nobody having judged it", async () => {
    await createNamespace();
    const pods = Array.from({ length: 70 }, (_, at) => `pod-${at}`);
    await Promise.all(pods.map((name, at) => createPod(name, {}, `10.0.2.${at}`)));
    const store = async (name: string, peers: readonly object[]): Promise<void> => {
      await plane().create(policiesPath(), {
        ...named("networking.k8s.io/v1", "NetworkPolicy", name),
        spec: { podSelector: {}, ingress: [{ from: peers }] },
      });
    };
    const without = (label: string): object => ({
      podSelector: { matchExpressions: [{ key: label, operator: "DoesNotExist" }] },
    });
    await store("for-its-pods", ["a", "b", "c", "d"].map(without));
    startState(client, { policyPartsLimit: 10 });
    await state.whenSynced();
    const tooLarge = (): readonly string[] =>
      state.unreadable().flatMap(({ key }) => (key.startsWith(namespace) ? key : []));
    expect(tooLarge()).toEqual([`${namespace}/for-its-pods`]);
    expect(state.unreadable()[0]?.problems[0]?.message).toContain("`policyPartsLimit` (10)");
    const flow = {
      from: { kind: "pod", key: `${namespace}/pod-0` },
      to: { kind: "pod", key: `${namespace}/pod-1` },
      protocol: "TCP",
      port: 80,
    } as const;
    expect(state.engine.verdict(flow)).toBe("denied");
    await store("by-its-parts", Array(10).fill({ podSelector: {} }));
    await store("unread", Array(400).fill({ podSelector: {} }));
    await eventually(() => expect(tooLarge()).toHaveLength(3));
    const names = ["for-its-pods", "by-its-parts", "unread"];
    await Promise.all(names.map((name) => plane().request("DELETE", `${policiesPath()}/${name}`)));
    await eventually(() => expect(state.engine.verdict(flow)).toBe("allowed"));
    expect(tooLarge()).toEqual([]);
  });

  it("knows the templates of workloads without pods", async () => {
    await createNamespace();
    const template = {
      metadata: { labels: { app: "web" } },
      spec: {
        restartPolicy: "Always",
        containers: [{ name: "c", image: "i", ports: [{ name: "http", containerPort: 80 }] }],
      },
    };
    const selector = { matchLabels: { app: "web" } };
    for (const [kind, spec] of [
      ["Deployment", { replicas: 0, selector, template }],
      ["StatefulSet", { replicas: 0, selector, template, serviceName: "s" }],
      ["DaemonSet", { selector, template }],
    ] as const) {
      const path = `/apis/apps/v1/namespaces/${namespace}/${kind.toLowerCase()}s`;
      await plane().create(path, { ...named("apps/v1", kind, "web"), spec });
    }
    const jobTemplate = { spec: { template: { ...template, spec: onFailure(template.spec) } } };
    const version = plane().atLeast(21) ? "batch/v1" : "batch/v1beta1";
    await plane().create(`/apis/${version}/namespaces/${namespace}/cronjobs`, {
      ...named(version, "CronJob", "web"),
      spec: { schedule: "0 0 * * *", jobTemplate },
    });
    startState();
    await state.whenSynced();
    const found = Array.from(state.facts.templatesOf(namespace), ({ workload }) => workload.kind);
    expect(new Set(found)).toEqual(new Set(["Deployment", "StatefulSet", "DaemonSet", "CronJob"]));
    const [first] = state.facts.templatesOf(namespace);
    expect(first).toMatchObject({
      namespace,
      labels: new Map([["app", "web"]]),
      ports: [{ name: "http", protocol: "TCP", port: 80 }],
    });
    await plane().request("DELETE", `/apis/apps/v1/namespaces/${namespace}/deployments/web`);
    await eventually(() => {
      const kinds = Array.from(state.facts.templatesOf(namespace), ({ workload }) => workload.kind);
      expect(kinds).not.toContain("Deployment");
    });
  });

  it("tells the Services of a namespace, reduced to what a flow can see of them", async () => {
    const path = `/api/v1/namespaces/${namespace}/services`;
    await plane().create(path, {
      ...named("v1", "Service", "web"),
      spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }] },
    });
    startState();
    await state.whenSynced();
    const [service] = state.facts.services.of(namespace);
    expect(service).toMatchObject({
      namespace,
      name: "web",
      hidesClients: false,
      selector: new Map([["app", "web"]]),
      ports: [{ protocol: "TCP", port: 80, targetPort: "http" }],
    });
    const [address = 0n] = service?.addresses ?? [];
    const found = state.facts.services.withAddressIn({ first: address, last: address });
    expect(found).toBe(service);
    await plane().request("DELETE", `${path}/web`);
    await eventually(() => expect([...state.facts.services.of(namespace)]).toEqual([]));
  });

  it("gives away the dataplane by the agents on its nodes", async () => {
    expect(await detectDataplane(client)).toMatchObject({ dataplane: "generic" });
    const template = {
      metadata: { labels: { app: "calico" } },
      spec: { containers: [{ name: "c", image: "i" }] },
    };
    await plane().create("/apis/apps/v1/namespaces/kube-system/daemonsets", {
      ...named("apps/v1", "DaemonSet", "calico-node"),
      spec: { selector: { matchLabels: { app: "calico" } }, template },
    });
    expect(await detectDataplane(client)).toEqual({
      dataplane: "calico",
      evidence: ["DaemonSet kube-system/calico-node"],
    });
    startState(client, { detectDataplane: true });
    await state.whenSynced();
    expect(state.engine.dataplane.name).toBe("calico");
    expect(state.engine.namespace("kube-system")).toBeDefined();
  });

  it("knows where DNS, the API server and its own pods are", async () => {
    startState();
    await state.whenSynced();
    const facts: ClusterFacts = state.facts;
    expect(facts).toMatchObject({ dns: [], apiServer: [], ownPods: [], webhookPort: 9443 });
    // A slice for each family, and one of another Service.
    const targetRef = { kind: "Pod", namespace: "kube-system", name: "coredns-1" };
    const resolvers = {
      service: "kube-dns",
      ports: [
        { name: "dns", protocol: "UDP", port: 5353 },
        { name: "dns-tcp", protocol: "TCP", port: 5353 },
        { name: "metrics", protocol: "TCP", port: 9153 },
      ],
    };
    await createEndpointSlice(plane(), "kube-system", {
      ...resolvers,
      endpoints: [{ addresses: ["10.0.0.10"], targetRef }],
    });
    await createEndpointSlice(plane(), "kube-system", {
      ...resolvers,
      addressType: "IPv6",
      endpoints: [
        { addresses: ["fd00::10"], targetRef },
        { addresses: ["fd00::53"], conditions: { ready: false } },
      ],
    });
    for (const service of ["kubernetes", "other"]) {
      await createEndpointSlice(plane(), "default", {
        service,
        endpoints: [{ addresses: [service === "other" ? "172.16.0.2" : "172.16.0.1"] }],
        ports: [{ port: 6443 }],
      });
    }
    const metadata = { name: "ringfence-system" };
    await plane().create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
    namespace = "ringfence-system";
    await createPod("ringfence-1", { "app.kubernetes.io/name": "ringfence" }, "10.0.3.1");
    await createPod("other", {}, "10.0.3.2");
    await eventually(() => {
      expect(facts.dns).toEqual([
        {
          end: { kind: "pod", key: "kube-system/coredns-1" },
          family: null,
          udpPort: 5353,
          tcpPort: 5353,
        },
        {
          end: { kind: "address", address: parseAddress("fd00::53") },
          family: 6,
          udpPort: 5353,
          tcpPort: 5353,
        },
      ]);
      expect(facts.apiServer).toEqual([parseAddress("172.16.0.1")]);
      expect(facts.apiServerPorts).toEqual([6443]);
      expect(facts.ownPods).toEqual(["ringfence-system/ringfence-1"]);
      expect(state.engine.pod("ringfence-system/other")).toBeDefined();
    });
    const version = plane().atLeast(21) ? "v1" : "v1beta1";
    const path = `/apis/discovery.k8s.io/${version}/namespaces/kube-system/endpointslices/kube-dns-ipv6`;
    await plane().request("DELETE", path);
    await eventually(() => expect(facts.dns).toHaveLength(1));
  });

  it.each([
    ["every watch", (_: SeenRequest): boolean => true],
    ["one watch alone", ({ path }: SeenRequest): boolean => path.includes("/pods")],
  ])("says how old its picture is while %s is silent, and keeps it", async (_, concerned) => {
    await createNamespace();
    // More than a quiet watch is ever old.
    const staleAfterMs = 2 * quick.idleMs;
    startState(client, { staleAfterMs });
    await state.whenSynced();
    proxy.inject({ kind: "silence" }, concerned);
    proxy.silenceRunning(concerned);
    await eventually(() => expect(state.freshness().kind).toBe("stale"));
    expect(state.ageMs()).toBeGreaterThan(staleAfterMs);
    expect(state.engine.namespace(namespace)).toBeDefined();
    proxy.clear();
    proxy.dropConnections();
    await createNamespace();
    await eventually(() => expect(state.engine.namespace(namespace)).toBeDefined());
  });

  it("is not synced while one list is missing, and asks for no policies before there are pods", async () => {
    const before = proxy.requests.length;
    const isOfPods = ({ path }: SeenRequest): boolean => path.includes("/pods");
    proxy.inject({ kind: "status", status: 503, retryAfter: "0" }, isOfPods);
    startState();
    await eventually(() => {
      expect(notices.filter(({ kind }) => kind === "watch-failed").length).toBeGreaterThan(2);
      expect(notices).toContainEqual(
        expect.objectContaining({ kind: "listed", resource: "nodes" }),
      );
    });
    expect(state.freshness()).toEqual({ kind: "syncing" });
    const asked = proxy.requests.slice(before).map(({ path }) => path);
    expect(asked.filter((path) => path.includes("/v1/networkpolicies"))).toEqual([]);
    proxy.clear();
    await state.whenSynced();
    expect(state.freshness()).toEqual({ kind: "fresh" });
  });

  it("never counts as synced, and says why, while a right is missing", async () => {
    const limited = new ApiClient({
      kubeconfig: await plane().kubeconfig({ user: { name: "nobody" } }),
    });
    startState(limited);
    await eventually(() => {
      expect(state.problems().join("\n")).toMatch(
        /cannot list pods: 403 .*cannot list resource "pods"/,
      );
    });
    expect(state.freshness()).toEqual({ kind: "syncing" });
    limited.close();
  });

  it("needs no right that its manifest does not grant", async () => {
    const metadata = { name: "ringfence-system" };
    await plane().request("POST", "/api/v1/namespaces", { body: { metadata } });
    const { code, stderr } = await plane().kubectl(["apply", "-f", "manifests/base/rbac.yaml"]);
    expect(code, stderr).toBe(0);
    const token = await plane().serviceAccountToken("ringfence-system", "ringfence");
    const own = new ApiClient({ kubeconfig: await plane().kubeconfig({ token }) });
    startState(own);
    await state.whenSynced();
    await eventually(() => expect(state.problems()).toEqual([]));
    await state.stop();
    own.close();
  });

  it("starts before the API server does", async () => {
    proxy.inject({ kind: "drop" });
    startState();
    await sleep(200);
    expect(state.freshness()).toEqual({ kind: "syncing" });
    expect(state.problems().length).toBeGreaterThan(0);
    proxy.clear();
    await state.whenSynced();
    await eventually(() => expect(state.problems()).toEqual([]));
  });
});

function named(apiVersion: string, kind: string, name: string): object {
  return { apiVersion, kind, metadata: { name } };
}

function onFailure(spec: object): object {
  return { ...spec, restartPolicy: "OnFailure" };
}
