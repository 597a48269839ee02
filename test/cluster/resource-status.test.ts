import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { ApiClient } from "../../src/cluster/api-client.ts";
import { ResourceStatus } from "../../src/cluster/resource-status.ts";
import { field } from "../../src/wire/shape.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { FaultyProxy } from "../support/faulty-proxy.ts";
import { eventually } from "./eventually.ts";

const type = { group: "ringfence.dev", version: "v1alpha1", resource: "invariants" };
const path = "/apis/ringfence.dev/v1alpha1/invariants/vault";

describeWithControlPlane("the status of a resource", (plane) => {
  let proxy: FaultyProxy;
  let client: ApiClient;
  let status: ResourceStatus;
  let message = "";
  let breaches: number | null = 0;

  beforeAll(async () => {
    const crds = ["-f", "manifests/base/custom-resource-definitions.yaml"];
    for (const args of [
      ["apply", "--validate=false", ...crds],
      ["wait", "--for=condition=Established", ...crds],
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const done = await plane().kubectl(args);
      expect(done.code, done.stderr).toBe(0);
    }
  });
  beforeEach(async () => {
    proxy = await FaultyProxy.start(plane());
    client = new ApiClient({ kubeconfig: await plane().kubeconfig({ server: proxy.url }) });
    status = new ResourceStatus({
      client,
      report: () => ({
        conditions: [{ type: "Ready", status: "False", reason: "Broken", message }],
        fields: { breaches },
      }),
      observe: () => undefined,
    });
    await plane().kubectl(["delete", "invariant", "vault", "--ignore-not-found"]);
    await plane().create("/apis/ringfence.dev/v1alpha1/invariants", {
      apiVersion: "ringfence.dev/v1alpha1",
      kind: "Invariant",
      metadata: { name: "vault" },
      spec: {
        description: "nobody",
        mustNotReach: { from: [{ world: true }], to: [{ pods: { podSelector: {} } }] },
      },
    });
  });
  afterEach(async () => {
    await status.stop();
    client.close();
    await proxy.stop();
  });

  const read = async (): Promise<unknown> => (await plane().request("GET", path)).body;
  const writes = (): number => proxy.requests.filter(({ method }) => method === "PATCH").length;

  it.each([
    {
      name: "says what is wrong",
      text: "spec.mustNotReach: is wrong",
      stored: "spec.mustNotReach: is wrong",
    },
    {
      name: "cuts what nobody would read",
      text: "🐳".repeat(2000),
      stored: `${"🐳".repeat(1023)}…`,
    },
    { name: "controls no terminal", text: "a\u001b[31mb", stored: "a [31mb" },
  ])("$name, and is written once", async ({ text, stored }) => {
    message = text;
    const target = status.target("Invariant", type);
    target.upsert("vault", await read());
    status.start();
    const messageOf = (object: unknown): unknown =>
      (field(object, "status", "conditions") as readonly object[] | undefined)?.map((one) =>
        field(one, "message"),
      );
    await eventually(async () => expect(messageOf(await read())).toEqual([stored]));
    target.upsert("vault", await read());
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(writes()).toBe(1);
  });

  it("keeps a number that is not known yet, as after a change of hands", async () => {
    const target = status.target("Invariant", type);
    const shown = async (text: string): Promise<void> => {
      message = text;
      target.upsert("vault", await read());
      await eventually(async () => {
        const found: unknown = field(await read(), "status");
        expect(found).toMatchObject({ breaches: 3, conditions: [{ message: text }] });
      });
    };
    status.start();
    breaches = 3;
    await shown("counted");
    breaches = null;
    await shown("not counted yet");
  });
});
