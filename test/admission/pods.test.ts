import { describe, expect, it } from "vitest";
import { parseNetworkPolicy } from "../../src/wire/network-policy.ts";
import { succeed } from "../wire/describe-policy.ts";
import { review } from "./review.ts";
import { createWorld, type Json, policy, type WorldOptions } from "./world.ts";

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

describe("where pods wait for the baseline of their namespace", () => {
  const waiting = { options: { podsWaitForBaseline: true } } satisfies WorldOptions;
  const starts = (namespace = "shop"): Json => review({ object: pod(namespace), request: asked });
  const store = ({ engine }: ReturnType<typeof createWorld>, name: string): void => {
    const read = succeed(parseNetworkPolicy(policy(name, { podSelector: {} })));
    engine.apply({ kind: "policy", op: "upsert", object: read.policy });
  };

  it("one that would start before it is refused, with what is missing", async () => {
    const response = await createWorld(waiting).ask(starts());
    expect(response).toMatchObject({
      allowed: false,
      status: {
        code: 503,
        message:
          "Pod shop/new refused: namespace `shop` does not have its baseline yet (allow-dns); try again in a moment",
      },
      auditAnnotations: { outcome: "no-baseline" },
    });
  });

  it("one waits a moment for a baseline that is on its way", async () => {
    const world = createWorld(waiting);
    const asking = world.ask(starts());
    store(world, "shop/allow-dns");
    expect(await asking).toMatchObject({ allowed: true });
  });

  it.each<[string, Json, WorldOptions]>([
    ["in a namespace of a softer mode, which gets none", starts("soft"), waiting],
    ["where nobody has opted in", starts("dev"), waiting],
    ["where it is not configured", starts(), {}],
    [
      "that runs already",
      review({ object: pod("shop"), oldObject: pod("shop"), request: asked }),
      waiting,
    ],
    ["before the first sync", starts(), { ...waiting, freshness: { kind: "syncing" } }],
  ])("none waits %s", async (_, request, options) => {
    const response = await createWorld(options).ask(request);
    expect(response).toMatchObject({ allowed: true });
    expect(response.auditAnnotations?.["outcome"]).not.toBe("no-baseline");
  });

  it("none waits where nobody can tell what the baseline is", async () => {
    const world = createWorld(waiting);
    const labels = { "ringfence.dev/profile": "restricted", "ringfence.dev/baseline": "gone" };
    world.engine.apply({
      kind: "namespace",
      op: "upsert",
      object: { name: "shop", labels: new Map(Object.entries(labels)) },
    });
    expect(await world.ask(starts())).toMatchObject({ allowed: true });
  });
});
