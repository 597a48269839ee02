import { afterAll, beforeAll, expect, it } from "vitest";
import { ApiClient } from "../../src/cluster/api-client.ts";
import { listPages } from "../../src/cluster/list-pages.ts";
import { field } from "../../src/wire/shape.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { FaultyProxy } from "../support/faulty-proxy.ts";

const configMaps = { group: "", version: "v1", resource: "configmaps" };
const path = "/api/v1/namespaces/default/configmaps";
/** More than two pages. */
const COUNT = 450;

describeWithControlPlane("a slow list in pages", (plane) => {
  let proxy: FaultyProxy;
  let client: ApiClient;

  const create = (name: string): Promise<void> => plane().create(path, { metadata: { name } });
  const names = Array.from({ length: COUNT }, (_, index) => `c-${String(index).padStart(3, "0")}`);

  beforeAll(async () => {
    proxy = await FaultyProxy.start(plane());
    client = new ApiClient({ kubeconfig: await plane().kubeconfig({ server: proxy.url }) });
    await Promise.all(names.map(create));
  });
  afterAll(async () => {
    client.close();
    await proxy.stop();
  });

  it("goes on with what there is where its version is gone, leaves nothing out and has nothing twice", async () => {
    const listed: unknown[] = [];
    for await (const page of listPages(client, configMaps, AbortSignal.timeout(30_000))) {
      listed.push(...page.map((object) => field(object, "metadata", "name")));
      if (listed.length > 250) continue;
      // Meanwhile: etcd forgets the version that the pages are of.
      await create("z-late");
      const { body } = await plane().request("GET", `${path}/z-late`);
      await plane().compact(String(field(body, "metadata", "resourceVersion")));
    }
    expect(listed.filter((name) => String(name).startsWith("c-"))).toEqual(names);
    // From 1.34 on the API server may still have in memory what etcd has forgotten.
    expect(plane().atLeast(34) || listed.includes("z-late")).toBe(true);
  });

  it("fails where no way to go on comes with that", async () => {
    proxy.inject({ kind: "status", status: 410 }, ({ path: asked }) => asked.includes("continue="));
    const all = async (): Promise<number> => {
      let pages = 0;
      for await (const _ of listPages(client, configMaps, AbortSignal.timeout(30_000))) pages += 1;
      return pages;
    };
    await expect(all()).rejects.toMatchObject({ status: 410, continueFrom: null });
    proxy.clear();
  });
});
