import { afterEach, expect, it } from "vitest";
import { createMetricsServer, createProbes } from "../../src/server/probes.ts";

let reason: string | null = null;
const probes = createProbes(() => reason);
afterEach(() => {
  reason = null;
});

it("is alive and ready", async () => {
  expect(await probes.inject("/healthz")).toMatchObject({ statusCode: 200, body: "ok" });
  expect(await probes.inject("/readyz")).toMatchObject({ statusCode: 200, body: "ok" });
});

it("is alive but not ready, and says why", async () => {
  reason = "the cluster has not been read yet";
  expect(await probes.inject("/healthz")).toMatchObject({ statusCode: 200 });
  expect(await probes.inject("/readyz")).toMatchObject({ statusCode: 503, body: reason });
});

it("serves metrics in their own media type", async () => {
  const metrics = createMetricsServer({
    contentType: "text/plain; version=0.0.4",
    text: async () => "a 1\n",
  });
  const reply = await metrics.inject("/metrics");
  expect(reply).toMatchObject({ statusCode: 200, body: "a 1\n" });
  expect(reply.headers["content-type"]).toContain("version=0.0.4");
});
