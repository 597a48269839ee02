import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { ApiClient } from "../../src/cluster/api-client.ts";
import { listPages } from "../../src/cluster/list-pages.ts";
import type { ClusterNotice } from "../../src/cluster/notice.ts";
import { Reflector } from "../../src/cluster/reflector.ts";
import { type ReflectorTiming, STANDARD_TIMING } from "../../src/cluster/reflector-timing.ts";
import type { ReflectorSource } from "../../src/cluster/watch-source.ts";
import { field } from "../../src/wire/shape.ts";
import type { ControlPlane } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { FaultyProxy, type SeenRequest } from "../support/faulty-proxy.ts";
import { eventually } from "./eventually.ts";

const configMaps = { group: "", version: "v1", resource: "configmaps" };
const quick: ReflectorTiming = {
  ...STANDARD_TIMING,
  pageSize: 2,
  idleMs: 1500,
  listTimeoutMs: 2000,
  backOff: { firstMs: 20, maxMs: 100 },
  absentRecheckMs: 200,
};

describeWithControlPlane("a reflector", (plane) => {
  let proxy: FaultyProxy;
  let client: ApiClient;
  let namespace = "";
  let following: Followed | undefined;

  beforeAll(async () => {
    proxy = await FaultyProxy.start(plane());
    client = new ApiClient({ kubeconfig: await plane().kubeconfig({ server: proxy.url }) });
  });
  afterEach(async () => {
    proxy.clear();
    await following?.reflector.stop();
    following = undefined;
  });
  afterAll(async () => {
    client.close();
    await proxy.stop();
  });

  /** A fresh namespace with these config maps, and a reflector on it. */
  async function follow(
    names: readonly string[],
    source: Partial<ReflectorSource> = {},
  ): Promise<Followed> {
    namespace = `reflected-${Math.random().toString(36).slice(2)}`;
    await plane().create("/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace },
    });
    for (const name of names) await create(name);
    following = startReflector(client, { type: configMaps, namespace, ...source });
    return following;
  }

  const create = (name: string): Promise<void> =>
    plane().create(`/api/v1/namespaces/${namespace}/configmaps`, configMap(name));
  const remove = async (name: string): Promise<void> => {
    await plane().request("DELETE", `/api/v1/namespaces/${namespace}/configmaps/${name}`);
  };
  /** A line of a watch that says how far it has come, and nothing else. */
  const bookmark = async (): Promise<string> => {
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const resourceVersion = field(
      (await plane().request("GET", path)).body,
      "metadata",
      "resourceVersion",
    );
    return JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion } } });
  };
  // A list of one object only asks how far the API server is.
  const isList = (seen: SeenRequest): boolean =>
    ours(seen) && !seen.isWatch && !/limit=1(&|$)/.test(seen.path);
  const isWatch = (seen: SeenRequest): boolean => ours(seen) && seen.isWatch;
  const ours = ({ path }: SeenRequest): boolean => path.includes(`/${namespace}/configmaps`);

  it("lists in pages, then follows adds, changes and deletes", async () => {
    const followed = await follow(["a", "b", "c", "d", "e"]);
    await eventually(() => expect(followed.names()).toEqual(["a", "b", "c", "d", "e"]));
    expect(proxy.requests.filter(isList).length).toBe(3);
    await create("f");
    await remove("a");
    await eventually(() => expect(followed.names()).toEqual(["b", "c", "d", "e", "f"]));
    expect(followed.reflector.synced).toBe(true);
    expect(followed.reflector.staleMs()).toBeLessThan(2000);
  });

  it("lists and follows only what its selector takes", async () => {
    const followed = await follow(["a"], { labelSelector: "watched=yes" });
    await eventually(() => expect(proxy.requests.some(isWatch)).toBe(true));
    expect(followed.names()).toEqual([]);
    await create("b");
    const metadata = { name: "c", labels: { watched: "yes" } };
    await plane().create(`/api/v1/namespaces/${namespace}/configmaps`, { metadata });
    await eventually(() => expect(followed.names()).toContain("c"));
    expect(followed.names()).toEqual(["c"]);
  });

  it.each([
    {
      name: "a watch that ended as it should",
      end: async () => {
        proxy.inject({ kind: "status", status: 503 }, isWatch, 1);
      },
    },
    {
      name: "a watch that had said something for a while",
      end: async () => {
        await create("b");
        await sleep(1_100);
        proxy.dropConnections();
      },
    },
  ])("counts failures from the beginning after $name", async ({ end }) => {
    const seen = proxy.requests.length;
    proxy.inject({ kind: "status", status: 503 }, isList, 2);
    const followed = await follow(["a"]);
    await eventually(() => expect(proxy.requests.slice(seen).some(isWatch)).toBe(true));
    await end();
    const counts = (): readonly number[] =>
      followed.notices.flatMap((one) => (one.kind === "watch-failed" ? one.failures : []));
    await eventually(() => expect(counts().slice(0, 3)).toEqual([1, 2, 1]));
  });

  it("is not synced before its first list, and knows no age", async () => {
    proxy.inject({ kind: "status", status: 503 }, isList);
    const followed = await follow(["a"]);
    await eventually(() => expect(followed.failures().length).toBeGreaterThan(1));
    expect(followed.reflector.synced).toBe(false);
    expect(followed.reflector.staleMs()).toBe(Number.POSITIVE_INFINITY);
    proxy.clear();
    await eventually(() => expect(followed.reflector.synced).toBe(true));
  });

  it.each([
    { name: "a 410 answer to a watch", fault: { kind: "status", status: 410 }, lists: true },
    { name: "a 410 event in a watch", fault: { kind: "watch-error", code: 410 }, lists: true },
    { name: "a 500 event in a watch", fault: { kind: "watch-error", code: 500 }, lists: true },
    { name: "a line that is no JSON", fault: { kind: "watch-line", line: "{" }, lists: true },
    { name: "a line that is no event", fault: { kind: "watch-line", line: "[]" }, lists: true },
    {
      name: "an event without a version",
      fault: { kind: "watch-line", line: '{"type":"ADDED","object":{"metadata":{"name":"x"}}}' },
      lists: true,
    },
    { name: "a 503 answer to a watch", fault: { kind: "status", status: 503 }, lists: false },
    { name: "a watch cut before it began", fault: { kind: "drop" }, lists: false },
  ] as const)("recovers from $name", async ({ fault, lists }) => {
    const followed = await follow(["a"]);
    await eventually(() => expect(proxy.requests.some(isWatch)).toBe(true));
    const listsBefore = proxy.requests.filter(isList).length;
    proxy.inject(fault, isWatch, 1);
    proxy.dropConnections();
    await create("b");
    await remove("a");
    await eventually(() => expect(followed.names()).toEqual(["b"]));
    expect(followed.failures().length).toBeGreaterThan(0);
    expect(proxy.requests.filter(isList).length > listsBefore).toBe(lists);
  });

  it("notices a watch that went silent, and misses nothing of that time", async () => {
    const followed = await follow(["a"]);
    await eventually(() => expect(proxy.requests.some(isWatch)).toBe(true));
    await sleep(100);
    proxy.silenceRunning(isWatch);
    await create("b");
    await eventually(() => expect(followed.names()).toEqual(["a", "b"]));
  });

  it("opens a quiet watch anew where it was, and stays fresh without a list", async () => {
    const followed = await follow(["a"]);
    await eventually(() => expect(proxy.requests.filter(isWatch).length).toBeGreaterThan(2));
    expect(proxy.requests.filter(isList)).toHaveLength(1);
    expect(followed.reflector.staleMs()).toBeLessThan(2500);
    expect(followed.failures()).toEqual([]);
  });

  it("lists again after watches that are accepted and say nothing", async () => {
    const followed = await follow(["a"]);
    await eventually(() => expect(proxy.requests.some(isWatch)).toBe(true));
    proxy.inject({ kind: "swallow" }, isWatch);
    proxy.dropConnections();
    await create("b");
    await eventually(() => expect(followed.names()).toEqual(["a", "b"]));
  });

  it("opens a watch that says something and ends at once again and again no more than once a second", async () => {
    const followed = await follow(["a"]);
    await eventually(() => expect(proxy.requests.some(isWatch)).toBe(true));
    const watchesBefore = proxy.requests.filter(isWatch).length;
    proxy.inject({ kind: "watch-line", line: await bookmark() }, isWatch);
    proxy.dropConnections();
    await sleep(2500);
    const watches = proxy.requests.filter(isWatch).length - watchesBefore;
    expect(watches).toBeGreaterThanOrEqual(2);
    expect(watches).toBeLessThanOrEqual(4);
    proxy.clear();
    await create("b");
    await eventually(() => expect(followed.names()).toEqual(["a", "b"]));
  });

  it("lists less and less often where every watch says something before it fails", async () => {
    const followed = await follow(["a"]);
    await eventually(() => expect(proxy.requests.some(isWatch)).toBe(true));
    const line = `${await bookmark()}\n{"type":"ERROR","object":{"code":410}}`;
    proxy.inject({ kind: "watch-line", line }, isWatch, 6);
    proxy.dropConnections();
    await create("b");
    await eventually(() => expect(followed.names()).toEqual(["a", "b"]));
    await eventually(() =>
      expect(followed.notices).toContainEqual(
        expect.objectContaining({ kind: "watch-failed", failures: 6 }),
      ),
    );
  });

  it("does not list while it is told to come less often, and misses nothing", async () => {
    const followed = await follow(["a"]);
    await eventually(() => expect(proxy.requests.some(isWatch)).toBe(true));
    const listsBefore = proxy.requests.filter(isList).length;
    proxy.inject({ kind: "status", status: 429 }, isWatch, 6);
    proxy.dropConnections();
    await create("b");
    await eventually(() => expect(followed.names()).toEqual(["a", "b"]));
    expect(followed.failures().length).toBeGreaterThanOrEqual(6);
    expect(proxy.requests.filter(isList)).toHaveLength(listsBefore);
  });

  it("asks for smaller pages where objects are so large that a page cannot be taken", {
    timeout: 60_000,
  }, async () => {
    await follow([]);
    const data = { blob: "x".repeat(1_000_000) };
    const names = Array.from({ length: 70 }, (_, index) => `large-${index}`);
    for (const name of names) {
      // oxlint-disable-next-line no-await-in-loop -- 70 MB are enough, not all at once
      await plane().create(`/api/v1/namespaces/${namespace}/configmaps`, {
        ...configMap(name),
        data,
      });
    }
    const source = { type: configMaps, namespace };
    const large = startReflector(client, source, {
      ...quick,
      pageSize: 500,
      listTimeoutMs: 20_000,
    });
    await large.reflector.whenSynced;
    // 500 at a time, then 125, then 32.
    const tooLarge: unknown = expect.stringMatching(/the answer is larger than/);
    expect(large.failures()).toEqual([tooLarge, tooLarge]);
    expect(large.names()).toEqual(names.toSorted());
    await large.reflector.stop();

    const listed: unknown[] = [];
    for await (const page of listPages(client, configMaps, AbortSignal.timeout(30_000))) {
      listed.push(...page);
    }
    const namesOf = listed.map((object) => field(object, "metadata", "name"));
    expect(namesOf).toEqual(expect.arrayContaining(names));
    const ids = new Set(listed.map((object) => field(object, "metadata", "uid")));
    expect(ids.size).toBe(listed.length);
  });

  it("asks for smaller pages where one does not come in time, and for larger ones later", async () => {
    await follow(["a", "b"]);
    const isPage = ({ path }: { readonly path: string }) =>
      path.includes(`/${namespace}/configmaps`) && path.includes("limit=");
    proxy.inject({ kind: "silence" }, (seen) => isPage(seen) && seen.path.includes("limit=500"));
    const before = proxy.requests.length;
    const later = startReflector(
      client,
      { type: configMaps, namespace },
      { ...quick, pageSize: 500 },
    );
    await later.reflector.whenSynced;
    expect(later.names()).toEqual(["a", "b"]);
    proxy.inject({ kind: "status", status: 410 }, isWatch, 1);
    proxy.dropConnections();
    const limits = () =>
      proxy.requests
        .slice(before)
        .filter(isPage)
        .map(({ path }) => /limit=(\d+)/.exec(path)?.[1])
        // Without the other reflector, and looks at one object.
        .filter((limit) => Number(limit) > 2);
    await eventually(() => expect(limits().slice(0, 3)).toEqual(["500", "125", "250"]));
    await later.reflector.stop();
  });

  it("waits for as long as it is told to, where that is longer than its back-off", async () => {
    proxy.inject(
      { kind: "status", status: 429, retryAfter: "1" },
      // What a reflector of before has asked may still be on its way.
      ({ path }) => path.startsWith("/api/v1/configmaps"),
      1,
    );
    const patient = { ...quick, backOff: { firstMs: 20, maxMs: 5000 } };
    const { reflector, notices } = startReflector(client, { type: configMaps }, patient);
    await reflector.whenSynced;
    expect(notices[0]).toMatchObject({ kind: "watch-failed", retryMs: 1000 });
    await reflector.stop();
  });

  it("gives up on a list that never answers, and asks again", async () => {
    const before = namespace;
    const isNew = (seen: SeenRequest): boolean => namespace !== before && ours(seen);
    proxy.inject({ kind: "silence" }, isNew, 1);
    const followed = await follow(["a"]);
    await eventually(() => expect(followed.names()).toEqual(["a"]));
    expect(followed.failures()).toEqual([
      expect.stringMatching(/cannot list configmaps.*no answer in time/),
    ]);
  });

  it("asks for everything at once after a page that came too late", async () => {
    proxy.inject({ kind: "status", status: 410 }, ({ path }) => path.includes("continue="));
    const followed = await follow(["a", "b", "c"]);
    await eventually(() => expect(followed.reflector.synced).toBe(true));
    expect(followed.names()).toEqual(["a", "b", "c"]);
  });

  it("announces no object twice when it lists again, and every delete it missed", async () => {
    const followed = await follow(["a", "b", "c"]);
    await eventually(() => expect(proxy.requests.some(isWatch)).toBe(true));
    proxy.inject({ kind: "status", status: 410 }, isWatch);
    proxy.dropConnections();
    await eventually(() => expect(followed.failures().length).toBeGreaterThan(0));
    await remove("b");
    await create("d");
    proxy.clear();
    await eventually(() => expect(followed.names()).toEqual(["a", "c", "d"]));
    expect(followed.log.filter((entry) => entry === `+${namespace}/a`)).toHaveLength(1);
    expect(followed.log.filter((entry) => entry === `-${namespace}/b`)).toHaveLength(1);
  });

  it("sees an object that came between list and watch", async () => {
    proxy.inject({ kind: "delay", delayMs: 300 }, (seen) => seen.isWatch, 1);
    const followed = await follow(["a"]);
    await eventually(() => expect(followed.reflector.synced).toBe(true));
    await create("late");
    await eventually(() => expect(followed.names()).toEqual(["a", "late"]));
  });

  it("lives on a poll, and says which right is missing, where it may list but not watch", async () => {
    await plane().create("/apis/rbac.authorization.k8s.io/v1/clusterroles", {
      metadata: { name: "lister" },
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["list"] }],
    });
    await plane().create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
      metadata: { name: "lister" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "lister" },
      subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "lister" }],
    });
    await follow(["a"]);
    const limited = new ApiClient({
      kubeconfig: await plane().kubeconfig({ user: { name: "lister" } }),
    });
    const followed = startReflector(limited, { type: configMaps, namespace });
    await eventually(() =>
      expect(followed.reflector.problem).toMatch(/cannot watch configmaps .*: 403/),
    );
    await create("b");
    await eventually(() => expect(followed.names()).toEqual(["a", "b"]));
    expect(followed.notices).toContainEqual(expect.objectContaining({ code: "NP_E_FORBIDDEN" }));
    await followed.reflector.stop();
    limited.close();
  });

  it("takes a kind that the cluster lacks for none, and finds it when it comes", async () => {
    const type = { group: "example.org", version: "v1", resource: "widgets" };
    const widgets = startReflector(client, { type, optional: true });
    await eventually(() => expect(widgets.reflector.synced).toBe(true));
    expect(widgets.notices).toContainEqual({ kind: "absent", resource: "widgets" });
    // Kind only: Debian's build of the API server does not survive a custom object.
    await createWidgetKind(plane());
    const last = (): ClusterNotice | undefined => widgets.notices.at(-1);
    await eventually(() => expect(last()).toMatchObject({ kind: "listed", resource: "widgets" }));
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.org";
    await plane().request("DELETE", path);
    await eventually(() => expect(last()).toEqual({ kind: "absent", resource: "widgets" }));
    await widgets.reflector.stop();
  });

  it("forgets the objects of a kind that is served no more, after three times, and finds them again", async () => {
    const followed = await follow(["a"], { optional: true });
    await eventually(() => expect(proxy.requests.some(isWatch)).toBe(true));
    proxy.inject({ kind: "status", status: 404 }, ours);
    proxy.dropConnections();
    await eventually(() => expect(followed.names()).toEqual([]));
    expect(followed.failures().filter((message) => message.includes("404"))).toHaveLength(2);
    proxy.clear();
    await eventually(() => expect(followed.names()).toEqual(["a"]));
  });

  it("asks for another version of a kind where one is not served", async () => {
    const type = { ...configMaps, version: "v3" };
    const followed = await follow(["a"], { type, otherVersions: ["v2", "v1"] });
    await eventually(() => expect(followed.names()).toEqual(["a"]));
    await create("b");
    await eventually(() => expect(followed.names()).toEqual(["a", "b"]));
    expect(followed.notices.map(({ kind }) => kind)).not.toContain("watch-failed");
  });

  it("turns to another version without losing anything when the first is served no more", async () => {
    const followed = await follow(["a"], { otherVersions: ["v1"], optional: true });
    await eventually(() => expect(proxy.requests.some(isWatch)).toBe(true));
    proxy.inject({ kind: "status", status: 404 }, isWatch, 1);
    proxy.dropConnections();
    await create("b");
    await eventually(() => expect(followed.names()).toEqual(["a", "b"]));
    expect(followed.log.filter((line) => line.startsWith("-"))).toEqual([]);
    expect(followed.notices.map(({ kind }) => kind)).not.toContain("absent");
  });

  it("shows a fault of its own side, and takes the object the next time", async () => {
    await follow(["a", "b"]);
    const taken: string[] = [];
    const faults: ClusterNotice[] = [];
    const target = {
      upsert: (key: string): void => {
        taken.push(key);
        if (taken.length === 1) throw new TypeError("a defect");
      },
      delete: (): void => undefined,
    };
    const reflector = new Reflector(client, { type: configMaps, namespace }, target, {
      observe: (notice) => void faults.push(notice),
      timing: quick,
    });
    reflector.start();
    await reflector.whenSynced;
    expect(faults[0]).toMatchObject({ code: "NP_E_FAULT", message: "a defect", failures: 1 });
    expect(taken).toContain(`${namespace}/b`);
    expect(taken.filter((key) => key === taken[0])).toHaveLength(2);
    await reflector.stop();
  });

  it("announces nothing after it was stopped", async () => {
    const followed = await follow(["a"]);
    await eventually(() => expect(followed.names()).toEqual(["a"]));
    await followed.reflector.stop();
    await create("b");
    await sleep(200);
    expect(followed.names()).toEqual(["a"]);
  });
});

interface Followed {
  readonly reflector: Reflector;
  readonly log: readonly string[];
  readonly notices: readonly ClusterNotice[];
  /** Names of the objects that are there, in order. */
  names(): readonly string[];
  failures(): readonly string[];
}

function startReflector(
  client: ApiClient,
  source: ReflectorSource,
  timing: ReflectorTiming = quick,
): Followed {
  const objects = new Map<string, unknown>();
  const log: string[] = [];
  const notices: ClusterNotice[] = [];
  const target = {
    upsert: (key: string, object: unknown): void => {
      objects.set(key, object);
      log.push(`+${key}`);
    },
    delete: (key: string): void => {
      objects.delete(key);
      log.push(`-${key}`);
    },
  };
  const observe = (notice: ClusterNotice): void => void notices.push(notice);
  const reflector = new Reflector(client, source, target, { observe, timing });
  reflector.start();
  return {
    reflector,
    log,
    notices,
    names: () =>
      Array.from(objects.keys(), (key) => key.split("/").at(-1) ?? "")
        .filter((name) => name !== "kube-root-ca.crt")
        .toSorted(),
    failures: () => notices.flatMap((one) => (one.kind === "watch-failed" ? one.message : [])),
  };
}

function configMap(name: string): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name } };
}

async function createWidgetKind(plane: ControlPlane): Promise<void> {
  await plane.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "widgets.example.org" },
    spec: {
      group: "example.org",
      scope: "Cluster",
      names: { plural: "widgets", singular: "widget", kind: "Widget" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
          },
        },
      ],
    },
  });
}
