import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { describeWithControlPlane } from "./describe-with-control-plane.ts";
import { FaultyProxy } from "./faulty-proxy.ts";

describeWithControlPlane("the faulty proxy", (plane) => {
  let proxy: FaultyProxy;
  let kubeconfig: string;

  beforeEach(async () => {
    proxy = await FaultyProxy.start(plane());
    kubeconfig = await plane().kubeconfig({ server: proxy.url });
  });
  afterEach(async () => proxy.stop());

  const get = async (...args: readonly string[]): Promise<string> => {
    const result = await plane().kubectl(["get", "--raw", ...args], { kubeconfig });
    return result.stdout + result.stderr;
  };

  /** kubectl lists, and asks for the watch after that. */
  const untilWatched = (): Promise<void> =>
    vi.waitFor(() => expect(proxy.requests.some(({ isWatch }) => isWatch)).toBe(true), 20_000);

  it("passes requests and credentials on while nothing is injected", async () => {
    expect(await get("/api/v1/namespaces/default")).toContain('"name":"default"');
    expect(proxy.requests.map(({ path }) => path)).toContain("/api/v1/namespaces/default");
  });

  it.each([
    [{ kind: "status", status: 410 }, "injected 410"],
    [{ kind: "status", status: 500 }, "injected 500"],
    [{ kind: "drop" }, "EOF"],
    [{ kind: "lose-answer" }, "EOF"],
    [{ kind: "watch-error", code: 410 }, '"type":"ERROR"'],
    [{ kind: "delay", delayMs: 50 }, '"name":"default"'],
  ] as const)("does %j to a request", async (fault, seen) => {
    proxy.inject(fault, ({ path }) => path.includes("/namespaces/default"));
    expect(await get("/api/v1/namespaces/default")).toContain(seen);
  });

  it("never answers a silenced request", async () => {
    proxy.inject({ kind: "silence" }, ({ path }) => path.includes("/namespaces/default"));
    expect(await get("/api/v1/namespaces/default", "--request-timeout=1s")).toMatch(
      /timeout|deadline/i,
    );
  });

  it("injects as often as it is told", async () => {
    proxy.inject({ kind: "status", status: 500 }, ({ path }) => path === "/version", 1);
    const answers = [await get("/version"), await get("/version")];
    expect(answers.map((answer) => answer.includes("injected 500"))).toEqual([true, false]);
  });

  it("cuts running watches", async () => {
    const watch = plane().kubectl(["get", "namespaces", "--watch", "-o", "name"], { kubeconfig });
    await untilWatched();
    // kubectl asks again for a watch that is cut before it was answered, and ends with one that ran.
    const cutting = setInterval(() => proxy.dropConnections(), 250);
    const { stdout } = await watch.finally(() => clearInterval(cutting));
    expect(stdout).toContain("namespace/default");
  });

  it("silences running watches without closing them", async () => {
    const args = ["get", "configmaps", "--watch", "-o", "name", "--request-timeout=3s"];
    const watch = plane().kubectl(args, { kubeconfig });
    await untilWatched();
    await plane().create("/api/v1/namespaces/default/configmaps", { metadata: { name: "heard" } });
    await new Promise((resolve) => setTimeout(resolve, 500));
    proxy.silenceRunning(({ isWatch }) => isWatch);
    await plane().create("/api/v1/namespaces/default/configmaps", {
      metadata: { name: "unheard" },
    });
    expect((await watch).stdout.trim()).toBe("configmap/heard");
  });
});
