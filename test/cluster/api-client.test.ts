import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ApiClient, ApiError } from "../../src/cluster/api-client.ts";
import { NAMESPACES, PODS, pathOf } from "../../src/cluster/resource-type.ts";
import { field } from "../../src/wire/shape.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { FaultyProxy } from "../support/faulty-proxy.ts";

describeWithControlPlane("the API client", (plane) => {
  let proxy: FaultyProxy;
  let client: ApiClient;

  beforeAll(async () => {
    proxy = await FaultyProxy.start(plane());
    client = new ApiClient({ kubeconfig: await plane().kubeconfig({ server: proxy.url }) });
  });
  afterAll(async () => {
    client.close();
    await proxy.stop();
  });

  it("returns the answer's JSON", async () => {
    const answer = await client.send({ verb: "get", type: NAMESPACES, name: "default" });
    expect(field(answer, "metadata", "name")).toBe("default");
  });

  it.each([
    {
      name: "an object that is not there",
      request: { verb: "get", type: NAMESPACES, name: "nowhere" },
      expected: {
        status: 404,
        code: "NP_E_API_SERVER",
        message: /^cannot get namespaces nowhere: 404 /,
      },
    },
    {
      name: "a body that is no object",
      request: { verb: "create", type: PODS, namespace: "default", body: [] },
      expected: {
        status: 400,
        code: "NP_E_API_SERVER",
        message: /^cannot create pods default: 400 /,
      },
    },
  ] as const)("says what it could not do: $name", async ({ request, expected }) => {
    expect(await failureOf(client.send(request))).toMatchObject({
      ...expected,
      message: expect.stringMatching(expected.message) as unknown,
    });
  });

  it.each([
    { fault: { kind: "silence" }, message: /^cannot list pods: no answer in time$/ },
    { fault: { kind: "drop" }, message: /^cannot list pods: socket hang up/ },
    { fault: { kind: "status", status: 502 }, message: /^cannot list pods: 502 injected 502/ },
  ] as const)("fails within its time: $fault.kind", async ({ fault, message }) => {
    proxy.inject(fault, ({ path }) => path.includes("/pods"), 1);
    const error = await failureOf(client.send({ verb: "list", type: PODS, timeoutMs: 300 }));
    expect(error.message).toMatch(message);
  });

  it.each([
    { retryAfter: "7", between: [7000, 7000] },
    { retryAfter: new Date(Date.now() + 600_000).toUTCString(), between: [300_000, 600_000] },
    { retryAfter: new Date(0).toUTCString(), between: null },
    { retryAfter: "0", between: null },
    { retryAfter: "soon", between: null },
  ])("says how long it is asked to wait: $retryAfter", async ({ retryAfter, between }) => {
    const fault = { kind: "status", status: 503, retryAfter } as const;
    proxy.inject(fault, ({ path }) => path.includes("/pods"), 1);
    const { retryAfterMs } = await failureOf(client.send({ verb: "list", type: PODS }));
    if (between === null) expect(retryAfterMs).toBe(null);
    else {
      expect(retryAfterMs).toBeGreaterThanOrEqual(between[0] ?? 0);
      expect(retryAfterMs).toBeLessThanOrEqual(between[1] ?? 0);
    }
  });

  it("is forbidden by name of verb and resource", async () => {
    const kubeconfig = await plane().kubeconfig({ user: { name: "nobody" } });
    const limited = new ApiClient({ kubeconfig });
    const error = await failureOf(limited.send({ verb: "list", type: PODS }));
    expect(error).toMatchObject({ status: 403, code: "NP_E_FORBIDDEN" });
    expect(error.message).toMatch(/^cannot list pods: 403 /);
    limited.close();
  });

  it("reads its credentials again once they are refused", async () => {
    const kubeconfig = join(plane().folder, "rotating.kubeconfig");
    const current = await readFile(plane().adminKubeconfig, "utf8");
    await writeFile(kubeconfig, current.replace(/"token":"[^"]*"/, '"token":"expired"'));
    const rotating = new ApiClient({ kubeconfig });
    const get = { verb: "get", type: NAMESPACES, name: "default" } as const;
    expect(await failureOf(rotating.send(get))).toMatchObject({ status: 401 });
    await writeFile(kubeconfig, current);
    expect(await rotating.send(get)).toBeDefined();
    rotating.close();
  });

  it("finds a kubeconfig that comes later", async () => {
    const kubeconfig = join(plane().folder, "later.kubeconfig");
    const early = new ApiClient({ kubeconfig });
    const get = { verb: "get", type: NAMESPACES, name: "default" } as const;
    expect(await failureOf(early.send(get))).toMatchObject({
      status: null,
      message: expect.stringMatching(
        /^cannot get namespaces default: cannot read the kubeconfig: ENOENT.*later/,
      ) as unknown,
    });
    await writeFile(kubeconfig, await readFile(plane().adminKubeconfig, "utf8"));
    expect(await early.send(get)).toBeDefined();
    early.close();
  });

  it("stops a request that nobody waits for any more", async () => {
    const stopping = new AbortController();
    proxy.inject({ kind: "silence" }, ({ path }) => path.includes("/pods"), 1);
    const failing = failureOf(client.send({ verb: "list", type: PODS, signal: stopping.signal }));
    stopping.abort(new Error("enough"));
    expect((await failing).message).toBe("cannot list pods: enough");
  });
});

describe("the path of a resource", () => {
  const policies = { group: "networking.k8s.io", version: "v1", resource: "networkpolicies" };
  it.each([
    { target: { type: PODS }, path: "/api/v1/pods" },
    { target: { type: PODS, namespace: "shop" }, path: "/api/v1/namespaces/shop/pods" },
    { target: { type: NAMESPACES, name: "shop" }, path: "/api/v1/namespaces/shop" },
    {
      target: { type: policies, namespace: "shop", name: "p", query: { force: "true" } },
      path: "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/p?force=true",
    },
    { target: { type: PODS, name: "../x" }, path: "/api/v1/pods/..%2Fx" },
  ])("is $path", ({ target, path }) => {
    expect(pathOf(target)).toBe(path);
  });
});

async function failureOf(sending: Promise<unknown>): Promise<ApiError> {
  const error = await sending.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ApiError)) throw new Error("no ApiError", { cause: error });
  return error;
}
