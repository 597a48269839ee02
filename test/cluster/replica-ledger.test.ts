import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { ApiClient } from "../../src/cluster/api-client.ts";
import type { ClusterNotice } from "../../src/cluster/notice.ts";
import { ReplicaLedger } from "../../src/cluster/replica-ledger.ts";
import { textAt } from "../../src/wire/shape.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { FaultyProxy, type SeenRequest } from "../support/faulty-proxy.ts";
import { eventually } from "./eventually.ts";

const folder = "/api/v1/namespaces/default/configmaps";
const path = `${folder}/ledger`;

const isWrite = ({ method }: SeenRequest): boolean => method === "PUT";

describeWithControlPlane("the ledger of the replicas", (plane) => {
  let proxy: FaultyProxy;
  let client: ApiClient;
  let now = 0;

  beforeAll(async () => {
    proxy = await FaultyProxy.start(plane());
    client = new ApiClient({ kubeconfig: await plane().kubeconfig({ server: proxy.url }) });
  });
  beforeEach(async () => {
    proxy.clear();
    await plane().request("DELETE", path);
  });
  afterAll(async () => {
    client.close();
    await proxy.stop();
  });

  /** A replica, what it has heard, and what it says went wrong. */
  function replica(): {
    readonly ledger: ReplicaLedger;
    readonly tell: (
      change: unknown,
      more?: { heard?: number; timeoutMs?: number; isSeen?: () => boolean },
    ) => ReturnType<ReplicaLedger["tell"]>;
    readonly heard: readonly unknown[];
    readonly notices: readonly ClusterNotice[];
  } {
    const heard: unknown[] = [];
    const notices: ClusterNotice[] = [];
    const ledger = new ReplicaLedger({
      client,
      namespace: "default",
      name: "ledger",
      keptMs: 10_000,
      clock: () => now,
      hear: (change) => void heard.push(change),
      observe: (notice) => void notices.push(notice),
    });
    return {
      ledger,
      heard,
      notices,
      tell: (change, more = {}) =>
        ledger.tell(change, {
          heard: ledger.heard,
          timeoutMs: 5_000,
          isSeen: () => false,
          ...more,
        }),
    };
  }

  const changes = async (): Promise<readonly unknown[]> => {
    const { body } = await plane().request("GET", path);
    const entries: unknown = JSON.parse(textAt(body, "data", "items"));
    return z
      .array(z.looseObject({ change: z.unknown() }))
      .parse(entries)
      .map((each) => each.change);
  };
  const overwrite = (data: object): Promise<unknown> =>
    plane().request("PUT", path, {
      body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "ledger" }, data },
    });

  it("is created where it is not there, and again where somebody has removed it", async () => {
    const one = replica();
    expect(await one.tell("a")).toEqual({ ok: true, value: "told" });
    await plane().request("DELETE", path);
    expect(await one.tell("b")).toEqual({ ok: true, value: "told" });
    expect(await changes()).toEqual(["b"]);
    expect(one.notices).toEqual([]);
  });

  it("tells the second of two replicas of the first one's change before it takes its own", async () => {
    const [one, two] = [replica(), replica()];
    await two.tell("before");
    expect(await one.tell("a")).toEqual({ ok: true, value: "news" });
    expect(one.heard).toEqual(["before"]);
    expect(await one.tell("a")).toEqual({ ok: true, value: "told" });
    expect(await two.tell("b")).toEqual({ ok: true, value: "news" });
    expect(two.heard).toEqual(["a"]);
    expect(await changes()).toEqual(["before", "a"]);
    expect(await two.tell("b")).toEqual({ ok: true, value: "told" });
    // Nobody hears of what he has told himself, nor of anything twice.
    expect(await one.tell("c")).toEqual({ ok: true, value: "news" });
    expect([one.heard, two.heard]).toEqual([["before", "b"], ["a"]]);
  });

  it("lets one of many at once go first, whatever the order in which the API server answers", async () => {
    const replicas = Array.from({ length: 5 }, replica);
    // All of them find no list, and only one can create it.
    proxy.inject({ kind: "delay", delayMs: 100 }, ({ method }) => method === "POST", 4);
    const outcomes = await Promise.all(replicas.map(({ tell }, at) => tell(at)));
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    const told = outcomes.flatMap((outcome, at) =>
      outcome.ok && outcome.value === "told" ? [at] : [],
    );
    expect(told).toHaveLength(1);
    expect(await changes()).toEqual(told);
    for (const [at, { heard }] of replicas.entries()) {
      expect(heard).toEqual(told.filter((first) => first !== at));
    }
  });

  it("is not told of what was judged before others had told something", async () => {
    const [one, two] = [replica(), replica()];
    await one.tell("a");
    const { heard } = two.ledger;
    expect(await two.tell("b")).toEqual({ ok: true, value: "news" });
    expect(await two.tell("c", { heard })).toEqual({ ok: true, value: "news" });
    expect(await changes()).toEqual(["a"]);
  });

  it("takes together what comes while a write is on its way", async () => {
    const one = replica();
    await one.tell("a");
    proxy.inject({ kind: "delay", delayMs: 200 }, isWrite, 1);
    const before = proxy.requests.filter(isWrite).length;
    const outcomes = await Promise.all(["b", "c", "d", "e"].map((change) => one.tell(change)));
    expect(outcomes).toEqual(outcomes.map(() => ({ ok: true, value: "told" })));
    expect(await changes()).toEqual(["a", "b", "c", "d", "e"]);
    expect(proxy.requests.filter(isWrite).length - before).toBeLessThanOrEqual(2);
  });

  it.each([
    ["as long as its replica has not seen it", false, 9_999, ["a", "b"]],
    ["not for ever, if it was never stored", false, 10_000, ["b"]],
    ["for a moment after its replica has seen it", true, 2_000, ["a", "b"]],
    ["no longer", true, 2_001, ["b"]],
  ])("keeps a change %s", async (_, isSeen, laterMs, kept) => {
    const one = replica();
    await one.tell("a", { isSeen: () => isSeen });
    await one.tell("between");
    now += laterMs;
    await one.tell("b");
    const left = (await changes()).filter((change) => change !== "between");
    expect(left).toEqual(kept);
  });

  it("takes off what a replica that is gone has left there, by its own clock", async () => {
    const [gone, two] = [replica(), replica()];
    await gone.tell("a");
    now += 60_000;
    expect(await two.tell("b")).toEqual({ ok: true, value: "news" });
    now += 9_999;
    await two.tell("c");
    expect(await changes()).toEqual(["a", "c"]);
    now += 1;
    await two.tell("d");
    expect(await changes()).toEqual(["c", "d"]);
  });

  it.each([
    ["no JSON", { items: "[" }],
    ["no list", { items: "{}" }],
    ["entries of another shape", { items: '[{"id":1},null]' }],
    ["nothing", {}],
  ])("is begun anew where somebody has put %s there", async (name, data) => {
    const one = replica();
    await one.tell("a");
    await overwrite(data);
    expect(await one.tell("b")).toEqual({ ok: true, value: "told" });
    expect(await changes()).toEqual(["b"]);
    expect(one.heard).toEqual([]);
    expect(one.notices).toMatchObject(
      name === "nothing" ? [] : [{ kind: "telling-failed", message: /begun anew/ }],
    );
  });

  it.each([
    ["refuses", { kind: "status", status: 403 } as const, "NP_E_FORBIDDEN"],
    ["fails", { kind: "status", status: 500 } as const, "NP_E_API_SERVER"],
    ["hangs up", { kind: "drop" } as const, "NP_E_API_SERVER"],
    ["is silent", { kind: "silence" } as const, "NP_E_API_SERVER"],
  ])("says so where the API server %s, and is told again afterwards", async (_, fault, code) => {
    const one = replica();
    await one.tell("a");
    proxy.inject(fault, isWrite, 1);
    expect(await one.tell("b", { timeoutMs: 300 })).toMatchObject({ ok: false, error: { code } });
    expect(one.notices).toMatchObject([{ kind: "telling-failed", code }]);
    // The silent one is given up after two seconds.
    await eventually(async () => {
      expect(await one.tell("c")).toEqual({ ok: true, value: "told" });
    });
    expect(await changes()).toContain("c");
  });

  it.each([
    ["cannot be read", 500, /500/],
    ["has no version", 200, /carries no version/],
  ])("says so where it %s", async (_, status, message) => {
    const one = replica();
    proxy.inject({ kind: "status", status }, ({ path: asked }) => asked === path, 1);
    expect(await one.tell("a")).toMatchObject({ ok: false, error: { message } });
    expect(await one.tell("b")).toEqual({ ok: true, value: "told" });
    expect(await changes()).toEqual(["b"]);
  });

  it("gives up where somebody else is faster time after time", async () => {
    const one = replica();
    await one.tell("a");
    proxy.inject({ kind: "status", status: 409 }, isWrite, 10);
    expect(await one.tell("b")).toMatchObject({ ok: false, error: { message: /were faster/ } });
    expect(await one.tell("c")).toEqual({ ok: true, value: "told" });
    expect(await changes()).toEqual(["a", "c"]);
  });

  it.each([
    ["was lost", { kind: "lose-answer" } as const],
    ["came too late", { kind: "delay", delayMs: 400 } as const],
  ])("takes a write whose answer %s for its own", async (_, fault) => {
    const one = replica();
    await one.tell("a");
    proxy.inject(fault, isWrite, 1);
    expect(await one.tell("b", { timeoutMs: 100 })).toMatchObject({ ok: false });
    await eventually(async () => expect(await changes()).toEqual(["a", "b"]));
    await eventually(async () => {
      expect(await one.tell("c")).toEqual({ ok: true, value: "told" });
    });
    expect(one.heard).toEqual([]);
  });

  it("has bounds: what is too large is refused, what does not fit waits until there is room", async () => {
    const one = replica();
    expect(await one.tell("x".repeat(262_144))).toMatchObject({
      ok: false,
      error: { message: /262144 bytes/ },
    });
    let isSeen = false;
    await one.tell("x".repeat(200_000), { isSeen: () => isSeen });
    expect(await one.tell("y".repeat(200_000), { timeoutMs: 200 })).toMatchObject({ ok: false });
    const waiting = one.tell("z".repeat(200_000));
    isSeen = true;
    const met = new Set<string>();
    await eventually(async () => {
      now += 1_000;
      for (const change of await changes()) met.add(String(change).slice(0, 1));
      expect(met).toContain("z");
    });
    // Of what was given up nobody hears.
    expect([...met]).toEqual(["x", "z"]);
    expect(await waiting).toEqual({ ok: true, value: "told" });
  });
});
