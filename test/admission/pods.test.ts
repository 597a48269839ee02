import { expect, it } from "vitest";
import { review } from "./review.ts";
import { createWorld, type Json, type WorldOptions } from "./world.ts";

const pod = (namespace: string, part: Json = {}): Json => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace, name: "new", labels: { app: "web" } },
  spec: { containers: [{ name: "main" }] },
  ...part,
});
const asked = { kind: { group: "", version: "v1", kind: "Pod" } };

interface Row {
  readonly name: string;
  readonly namespace?: string;
  readonly part?: Json;
  readonly options?: WorldOptions;
  readonly warnings?: readonly string[];
}

it.each<Row>([
  { name: "is not announced, whomever it reaches" },
  { name: "is not asked about where nobody opted in", namespace: "dev" },
  {
    name: "starts where the label names no profile",
    namespace: "odd",
    warnings: ["not judged: no profile `strict`; there are baseline, custom, restricted"],
  },
  {
    name: "starts before the first sync",
    options: { freshness: { kind: "syncing" } },
    warnings: ["not judged: Ringfence has not read the cluster yet; try again in a moment"],
  },
  {
    name: "starts while the picture is too old",
    options: { freshness: { kind: "stale", ageMs: 400_000 }, options: { onStale: "deny" } },
    warnings: ["not judged: Ringfence has heard nothing from the API server for 400 s"],
  },
  {
    name: "starts where it cannot be read",
    part: { spec: { containers: 1 } },
    warnings: ["not judged: cannot be read: spec.containers: `1` is not a list"],
  },
])("a pod $name", async ({ namespace = "shop", part, options, warnings = [] }) => {
  const { ask } = createWorld(options);
  const response = await ask(review({ object: pod(namespace, part), request: asked }));
  expect(response.allowed).toBe(true);
  expect(response.warnings ?? []).toEqual(warnings);
});
