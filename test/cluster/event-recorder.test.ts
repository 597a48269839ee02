import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ApiClient } from "../../src/cluster/api-client.ts";
import { EventRecorder, type Happening } from "../../src/cluster/event-recorder.ts";
import type { ClusterNotice } from "../../src/cluster/notice.ts";
import { field } from "../../src/wire/shape.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { FaultyProxy } from "../support/faulty-proxy.ts";
import { eventually } from "./eventually.ts";

const restMs = 400;

describeWithControlPlane("the event recorder", (plane) => {
  let proxy: FaultyProxy;
  let client: ApiClient;
  const notices: ClusterNotice[] = [];
  const recorders: EventRecorder[] = [];

  beforeAll(async () => {
    proxy = await FaultyProxy.start(plane());
    client = new ApiClient({ kubeconfig: await plane().kubeconfig({ server: proxy.url }) });
  });
  afterAll(async () => {
    await Promise.all(recorders.map((recorder) => recorder.stop()));
    client.close();
    await proxy.stop();
  });

  const start = (now: () => number = Date.now): EventRecorder => {
    const recorder = new EventRecorder({
      client,
      identity: `pod-${recorders.length}`,
      now,
      observe: (notice) => void notices.push(notice),
      backOff: { firstMs: 20, maxMs: 100 },
      restMs,
    });
    recorders.push(recorder);
    return recorder;
  };
  const createNamespace = async (name: string): Promise<string> => {
    const metadata = { name };
    await plane().create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
    return name;
  };
  const denied = (namespace: string, message: string, group = "open-world"): Happening => ({
    regarding: { apiVersion: "v1", kind: "Namespace", name: namespace, namespace },
    type: "Warning",
    reason: "Denied",
    message,
    group,
  });
  const eventsOf = async (namespace: string): Promise<readonly object[]> => {
    const { body } = await plane().request("GET", `/api/v1/namespaces/${namespace}/events`);
    return field(body, "items") as readonly object[];
  };
  const writesTo = (namespace: string): number =>
    proxy.requests.filter(
      ({ method, path }) => method === "PATCH" && path.includes(`/${namespace}/events/`),
    ).length;

  it("leaves one Event for many of a kind: the first at once, then the count and the last message", async () => {
    const namespace = await createNamespace("counted");
    const recorder = start();
    recorder.record(denied(namespace, "one"));
    await eventually(async () => expect(await eventsOf(namespace)).toHaveLength(1));
    for (let index = 2; index <= 40; index += 1) recorder.record(denied(namespace, `no. ${index}`));
    await eventually(async () => {
      expect(await eventsOf(namespace)).toMatchObject([
        {
          type: "Warning",
          reason: "Denied",
          message: "no. 40",
          count: 40,
          involvedObject: { kind: "Namespace", name: namespace },
          source: { component: "ringfence" },
        },
      ]);
    });
    await sleep(2 * restMs);
    expect(writesTo(namespace)).toBe(2);
    const shown = await plane().kubectl(["get", "events", "-n", namespace]);
    expect(shown.stdout).toMatch(/Warning +Denied +namespace\/counted +no\. 40/);
  });

  it("says nothing that a terminal would obey", async () => {
    const namespace = await createNamespace("printed");
    start().record(denied(namespace, `\u001b[31mred\n${"→".repeat(2_000)}`));
    await eventually(async () =>
      expect(await eventsOf(namespace)).toMatchObject([
        { message: expect.stringMatching(/^ \[31mred →{1014}…$/u) as unknown },
      ]),
    );
  });

  it("keeps apart what is of other rules, other objects and other replicas", async () => {
    const namespace = await createNamespace("apart");
    const recorder = start();
    recorder.record(denied(namespace, "a"));
    recorder.record(denied(namespace, "b", "allow-all"));
    recorder.record({ ...denied(namespace, "c"), reason: "Warned" });
    start().record(denied(namespace, "d"));
    await eventually(async () => {
      const messages = (await eventsOf(namespace)).map((event) => field(event, "message"));
      expect(new Set(messages)).toEqual(new Set(["a", "b", "c", "d"]));
    });
  });

  it("holds a flood to its rate", async () => {
    const namespace = await createNamespace("flooded");
    const recorder = start();
    const started = performance.now();
    for (let index = 0; index < 600; index += 1) {
      recorder.record(denied(namespace, "m", `rule-${index}`));
    }
    await sleep(1_500);
    const seconds = (performance.now() - started) / 1000;
    expect(writesTo(namespace)).toBeGreaterThanOrEqual(25);
    expect(writesTo(namespace)).toBeLessThanOrEqual(25 + 5 * seconds + 1);
    expect(notices.filter(({ kind }) => kind === "event-dropped")).toHaveLength(100);
    await recorder.stop();
  });

  it("begins to count again once the API server has forgotten", async () => {
    const namespace = await createNamespace("forgotten");
    let now = Date.now();
    const recorder = start(() => now);
    recorder.record(denied(namespace, "old"));
    await eventually(async () => expect(await eventsOf(namespace)).toHaveLength(1));
    now += 3_600_000;
    recorder.record(denied(namespace, "new"));
    await eventually(async () => {
      expect(await eventsOf(namespace)).toMatchObject([{ message: "new", count: 1 }]);
    });
  });

  const failed = (): number => notices.filter(({ kind }) => kind === "event-failed").length;

  // A token that has run out is read anew; too many requests are fewer in a moment.
  it.each([503, 401, 429])("tries again where the API server answers %i", async (status) => {
    const namespace = await createNamespace(`retried-${status}`);
    const before = failed();
    proxy.inject({ kind: "status", status }, ({ method }) => method === "PATCH", 2);
    start().record(denied(namespace, "m"));
    await eventually(async () => expect(await eventsOf(namespace)).toHaveLength(1));
    expect(failed()).toBe(before + 2);
  });

  it("gives up where there is no namespace", async () => {
    const before = failed();
    start().record(denied("nowhere", "m"));
    await eventually(() => expect(failed()).toBe(before + 1));
    await sleep(300);
    expect(failed()).toBe(before + 1);
  });
});
