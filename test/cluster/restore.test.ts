import { expect, it } from "vitest";
import { ApiClient } from "../../src/cluster/api-client.ts";
import type { ClusterNotice } from "../../src/cluster/notice.ts";
import { Reflector } from "../../src/cluster/reflector.ts";
import { STANDARD_TIMING } from "../../src/cluster/reflector-timing.ts";
import { field } from "../../src/wire/shape.ts";
import type { ControlPlane } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { FaultyProxy } from "../support/faulty-proxy.ts";
import { eventually } from "./eventually.ts";

const configMaps = { group: "", version: "v1", resource: "configmaps" };
const path = "/api/v1/namespaces/default/configmaps";

describeWithControlPlane("a restore of etcd", (plane) => {
  it("is followed: what was lost goes, what was deleted is back, what was changed is as it was", async () => {
    await write(plane(), "POST", "kept", "old");
    await write(plane(), "POST", "deleted", "old");
    await write(plane(), "POST", "changed", "old");
    await plane().backUp();
    const { reflector, seen, notices } = start(
      new ApiClient({ kubeconfig: plane().adminKubeconfig }),
    );
    await reflector.whenSynced;

    await plane().request("DELETE", `${path}/deleted`);
    await write(plane(), "POST", "lost", "new");
    await write(plane(), "PUT", "changed", "new");
    await eventually(() => expect(seen()).toEqual({ kept: "old", changed: "new", lost: "new" }));

    const restored = plane().restore();
    await eventually(() => expect(reflector.problem).toMatch(/^cannot (watch|list) configmaps/));
    await restored;
    await eventually(() => expect(seen()).toEqual({ kept: "old", changed: "old", deleted: "old" }));
    expect(reflector.problem).toBe(null);
    // Also what seems unchanged: its version may be another's by now.
    const last = notices.findLast(({ kind }) => kind === "listed");
    expect(last).toMatchObject({ changed: field(last, "objects"), deleted: 1 });
    await write(plane(), "POST", "after", "new");
    await eventually(() => expect(seen()).toMatchObject({ after: "new" }));
    await reflector.stop();
  }, 120_000);

  it("is noticed where a watch ends by itself, as it does when only etcd was away", async () => {
    const proxy = await FaultyProxy.start(plane());
    const client = new ApiClient({ kubeconfig: await plane().kubeconfig({ server: proxy.url }) });
    const metadata = { resourceVersion: String(Number.MAX_SAFE_INTEGER) };
    const line = JSON.stringify({ type: "BOOKMARK", object: { kind: "ConfigMap", metadata } });
    proxy.inject({ kind: "watch-line", line }, ({ isWatch }) => isWatch, 1);
    const { reflector, seen } = start(client);
    await reflector.whenSynced;
    await write(plane(), "POST", "unheard", "new");
    await eventually(() => expect(seen()).toMatchObject({ unheard: "new" }));
    expect(reflector.problem).toBe(null);
    await reflector.stop();
    client.close();
    await proxy.stop();
  });
});

async function write(
  plane: ControlPlane,
  method: "POST" | "PUT",
  name: string,
  value: string,
): Promise<void> {
  const target = method === "POST" ? path : `${path}/${name}`;
  const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { value } };
  expect((await plane.request(method, target, { body })).status).toBeLessThan(300);
}

/** A reflector with the timing that it has in a cluster, and the values of the config maps that it knows. */
function start(client: ApiClient): {
  readonly reflector: Reflector;
  readonly seen: () => object;
  readonly notices: readonly ClusterNotice[];
} {
  const notices: ClusterNotice[] = [];
  const values = new Map<string, unknown>();
  const target = {
    upsert: (key: string, raw: unknown): void => {
      if (key !== "default/kube-root-ca.crt") {
        values.set(key.replace("default/", ""), field(raw, "data", "value"));
      }
    },
    delete: (key: string): void => void values.delete(key.replace("default/", "")),
  };
  const source = { type: configMaps, namespace: "default" };
  const reflector = new Reflector(client, source, target, {
    observe: (notice) => void notices.push(notice),
    timing: STANDARD_TIMING,
  });
  reflector.start();
  return { reflector, notices, seen: () => Object.fromEntries(values) };
}
