import { describe, expect, it } from "vitest";
import { parseResource, type Resource } from "../../src/resources/resource.ts";
import { parseNetworkPolicy } from "../../src/wire/network-policy.ts";
import { resourceDocument } from "../support/documents.ts";
import { succeed } from "../wire/describe-policy.ts";
import { review } from "./review.ts";
import { createWorld, type Json, namespace, policy, type WorldOptions } from "./world.ts";

const pod = (where: string, part: Json = {}): Json => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { namespace: where, name: "new", labels: { app: "web" } },
  spec: { containers: [{ name: "main" }] },
  ...part,
});
const resource = (kind: string, name: string, spec: Json): Resource =>
  succeed(parseResource(resourceDocument(kind, name, spec)));
const asked = { kind: { group: "", version: "v1", kind: "Pod" } };

interface Row {
  readonly name: string;
  readonly where?: string;
  readonly part?: Json;
  readonly options?: WorldOptions;
  readonly warnings?: readonly string[];
}

it.each<Row>([
  { name: "is not announced, whomever it reaches" },
  { name: "is not asked about where nobody opted in", where: "dev" },
  {
    name: "starts where the label names no profile",
    where: "odd",
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
])("a pod $name", async ({ where = "shop", part, options, warnings = [] }) => {
  const { ask } = createWorld(options);
  const response = await ask(review({ object: pod(where, part), request: asked }));
  expect(response.allowed).toBe(true);
  expect(response.warnings ?? []).toEqual(warnings);
});

describe("where pods wait for the baseline of their namespace", () => {
  const waiting = { options: { podsWaitForBaseline: true } } satisfies WorldOptions;
  const starts = (where = "shop"): Json => review({ object: pod(where), request: asked });
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

  it("none waits in a namespace that never gets one, whatever its labels say", async () => {
    const world = createWorld(waiting);
    world.watch(namespace("kube-public", { "ringfence.dev/profile": "restricted" }));
    const { allowed, auditAnnotations } = await world.ask(starts("kube-public"));
    expect(allowed).toBe(true);
    expect(auditAnnotations?.["profile"]).toBe("restricted");
  });

  describe("none waits for one that cannot be made, and is told why", () => {
    const team = resource("Baseline", "team", {
      namespaceLabels: ["team"],
      namespaceAnnotations: ["partner"],
      policies: [
        {
          name: "from-team",
          spec: {
            podSelector: {},
            ingress: [
              {
                from: [
                  { podSelector: { matchLabels: { team: "$(namespace.labels.team)" } } },
                  { ipBlock: { cidr: "$(namespace.annotations.partner)" } },
                ],
              },
            ],
          },
        },
      ],
    });
    const profile = resource("Profile", "teams", { extends: "restricted", baseline: "team" });
    const shop = (labels: Json, annotations: Json): Json => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: "shop",
        labels: { "ringfence.dev/profile": "teams", ...labels },
        annotations,
      },
    });
    const partner = { partner: "192.0.2.0/24" };
    it.each<[string, Json, string | null]>([
      [
        "the label that picks it names none",
        shop({ "ringfence.dev/baseline": "gone" }, {}),
        'metadata.labels["ringfence.dev/baseline"]: there is no Baseline `gone`',
      ],
      [
        "a label is lacking",
        shop({}, partner),
        "spec.policies[0].spec.ingress[0].from[0].podSelector.matchLabels.team: there is no value for `$(namespace.labels.team)`",
      ],
      [
        "an annotation is not what it has to be",
        shop({ team: "a" }, { partner: "everybody" }),
        "spec.policies[0].spec.ingress[0].from[1].ipBlock.cidr: `everybody` is not",
      ],
      ["nothing is lacking, and so it waits", shop({ team: "a" }, partner), null],
    ])("%s", async (_, raw, problem) => {
      const world = createWorld({ ...waiting, resources: [team, profile] });
      world.watch(raw);
      const { allowed, warnings = [], status } = await world.ask(starts());
      expect(allowed).toBe(problem !== null);
      if (problem === null) expect(status?.message).toContain("(from-team)");
      else {
        expect(warnings).toEqual([
          expect.stringContaining(
            `not waiting for the namespace's baseline, which cannot be made: ${problem}`,
          ),
        ]);
      }
    });
  });
});
