import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { ApiClient } from "../../src/cluster/api-client.ts";
import { LeaderElection } from "../../src/cluster/leader-election.ts";
import type { ClusterNotice } from "../../src/cluster/notice.ts";
import { field } from "../../src/wire/shape.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { FaultyProxy } from "../support/faulty-proxy.ts";
import { eventually } from "./eventually.ts";

const timing = { leaseMs: 2000, renewMs: 1000, retryMs: 100 };

describeWithControlPlane("leader election", (plane) => {
  let proxy: FaultyProxy;
  let first: ApiClient;
  let second: ApiClient;
  let lease = "";
  let elections: readonly LeaderElection[] = [];
  let log: string[] = [];
  let notices: ClusterNotice[] = [];

  beforeAll(async () => {
    proxy = await FaultyProxy.start(plane());
    first = new ApiClient({ kubeconfig: await plane().kubeconfig({ server: proxy.url }) });
    second = new ApiClient({ kubeconfig: plane().adminKubeconfig });
  });
  afterEach(async () => {
    proxy.clear();
    await Promise.all(elections.map((election) => election.stop()));
    elections = [];
  });
  afterAll(async () => {
    first.close();
    second.close();
    await proxy.stop();
  });

  function begin(): void {
    lease = `lease-${Math.random().toString(36).slice(2)}`;
    log = [];
    notices = [];
  }
  function stand(identity: string, client: ApiClient, pace = timing): LeaderElection {
    const election = new LeaderElection({
      client,
      namespace: "default",
      name: lease,
      identity,
      onLead: () => void log.push(`+${identity}`),
      onLose: () => void log.push(`-${identity}`),
      observe: (notice) => void notices.push(notice),
      timing: pace,
    });
    elections = [...elections, election];
    election.start();
    return election;
  }
  const leasePath = (): string => `/apis/coordination.k8s.io/v1/namespaces/default/leases/${lease}`;
  const spec = async (): Promise<unknown> =>
    field((await plane().request("GET", leasePath())).body, "spec");
  /** Write the lease as a process does that takes it for an hour. */
  const take = async (holderIdentity: string, more: object = {}): Promise<void> => {
    const body = { spec: { holderIdentity, leaseDurationSeconds: 3600, ...more } };
    const contentType = "application/merge-patch+json";
    await plane().request("PATCH", leasePath(), { body, contentType });
  };

  it("has one leader, who keeps the lease", async () => {
    begin();
    stand("a", first);
    await eventually(() => expect(log).toEqual(["+a"]));
    stand("b", second);
    await sleep(2500);
    expect(log).toEqual(["+a"]);
    expect(await spec()).toMatchObject({
      holderIdentity: "a",
      leaseDurationSeconds: 2,
      leaseTransitions: 0,
      renewTime: expect.stringMatching(/\.\d{6}Z$/) as unknown,
    });
  });

  it("hands over at once when the leader stops", async () => {
    begin();
    const a = stand("a", first);
    await eventually(() => expect(log).toEqual(["+a"]));
    stand("b", second);
    await a.stop();
    const stopped = performance.now();
    await eventually(() => expect(log).toEqual(["+a", "-a", "+b"]));
    expect(performance.now() - stopped).toBeLessThan(1500);
    expect(await spec()).toMatchObject({ holderIdentity: "b", leaseTransitions: 1 });
  });

  it("takes a lease that nobody holds at once, however long it was to last", async () => {
    begin();
    const path = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    await plane().create(path, {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: lease },
      spec: { holderIdentity: "", leaseDurationSeconds: 3600, leaseTransitions: 4 },
    });
    stand("a", first);
    await eventually(() => expect(log).toEqual(["+a"]));
    expect(await spec()).toMatchObject({ holderIdentity: "a", leaseTransitions: 5 });
  });

  it("gives up leading before anybody else may, when it is cut off, and stands again", async () => {
    begin();
    const a = stand("a", first);
    await eventually(() => expect(log).toEqual(["+a"]));
    const b = stand("b", second);
    await sleep(300);
    proxy.inject({ kind: "silence" });
    await eventually(() => expect(log).toEqual(["+a", "-a", "+b"]));
    expect(a.leading).toBe(false);
    expect(notices).toContainEqual(
      expect.objectContaining({ message: "the lease could not be renewed in time" }),
    );
    proxy.clear();
    await b.stop();
    await eventually(() => expect(log).toEqual(["+a", "-a", "+b", "-b", "+a"]));
  });

  it("stops leading where somebody else has taken the lease all the same, for as long as that one says", async () => {
    begin();
    stand("a", first);
    await eventually(() => expect(log).toEqual(["+a"]));
    await take("x");
    await eventually(() => expect(log).toEqual(["+a", "-a"]));
    expect(notices).toContainEqual(expect.objectContaining({ leading: false, message: "x leads" }));
    await sleep(timing.leaseMs + 500);
    expect(log).toEqual(["+a", "-a"]);
  });

  it("leads again after a while although somebody has taken the lease for an hour, and counted as far as one can", async () => {
    begin();
    stand("a", first, { leaseMs: 1000, renewMs: 600, retryMs: 100 });
    await eventually(() => expect(log).toEqual(["+a"]));
    await take("x", { leaseTransitions: 2 ** 31 - 1, renewTime: "2099-01-01T00:00:00.000000Z" });
    await eventually(() => expect(log).toEqual(["+a", "-a"]));
    await sleep(3000);
    expect(log).toEqual(["+a", "-a"]);
    await eventually(() => expect(log).toEqual(["+a", "-a", "+a"]));
    expect(await spec()).toMatchObject({ holderIdentity: "a", leaseTransitions: 1 });
  });

  it("hands back no lease that is somebody else's by now", async () => {
    begin();
    const a = stand("a", first);
    await eventually(() => expect(log).toEqual(["+a"]));
    await take("x");
    await a.stop();
    expect(await spec()).toMatchObject({ holderIdentity: "x" });
  });

  it("counts the time in which it may lead from before it renews", async () => {
    begin();
    const slow = { leaseMs: 6000, renewMs: 3000, retryMs: 100 };
    stand("a", first, slow);
    await eventually(() => expect(log).toEqual(["+a"]));
    let renewedAt = Number.POSITIVE_INFINITY;
    const isWrite = ({ method }: { readonly method: string }): boolean => {
      if (method !== "PUT") return false;
      renewedAt = performance.now();
      return true;
    };
    proxy.inject({ kind: "delay", delayMs: 1300 }, isWrite, 1);
    proxy.inject({ kind: "silence" }, () => Number.isFinite(renewedAt));
    await eventually(() => expect(log).toEqual(["+a", "-a"]));
    expect(performance.now() - renewedAt).toBeLessThan(slow.renewMs + 700);
  });

  it("comes back as late as the API server asks for, but in time to go on leading", async () => {
    begin();
    stand("a", first);
    await eventually(() => expect(log).toEqual(["+a"]));
    const seenAt: number[] = [];
    const ofLease = ({ path }: { readonly path: string }): boolean => {
      if (!path.endsWith(lease)) return false;
      seenAt.push(performance.now());
      return true;
    };
    proxy.inject({ kind: "status", status: 429, retryAfter: "3600" }, ofLease, 1);
    proxy.inject({ kind: "delay", delayMs: 0 }, ofLease, 1);
    await eventually(() => expect(seenAt).toHaveLength(2));
    const [refusedAt = 0, backAt = 0] = seenAt;
    expect(backAt - refusedAt).toBeGreaterThanOrEqual(timing.renewMs / 2 - 5);
    await sleep(timing.renewMs);
    expect(log).toEqual(["+a"]);
  });

  it("says so, and leads nobody, where it may not touch the lease", async () => {
    begin();
    const nobody = await plane().kubeconfig({ user: { name: "nobody" } });
    const client = new ApiClient({ kubeconfig: nobody });
    stand("a", client);
    await eventually(() => {
      expect(notices[0]).toMatchObject({
        kind: "lease-failed",
        leading: false,
        message: expect.stringMatching(/^cannot get leases.coordination.k8s.io .*: 403/) as unknown,
      });
    });
    expect(log).toEqual([]);
    client.close();
  });
});
