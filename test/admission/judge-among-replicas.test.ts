import { describe, expect, it } from "vitest";
import type { Replicas, Telling } from "../../src/admission/replicas.ts";
import { changesOf } from "../../src/admission/told-change.ts";
import { failure, type Problem, type Result, success } from "../../src/errors.ts";
import { parseResource, type Resource } from "../../src/resources/resource.ts";
import { named, resourceDocument } from "../support/documents.ts";
import { review } from "./review.ts";
import { createWorld, type Json, namespace, policy, type WorldOptions } from "./world.ts";

const sealed = resource(
  resourceDocument("Invariant", "sealed", {
    description: "shop keeps out of payments",
    mustNotReach: {
      from: [{ namespaces: named("shop") }, { namespaces: named("soft") }],
      to: [{ namespaces: named("payments") }],
    },
  }),
);
const closed = policy("shop/deny", { podSelector: {}, policyTypes: ["Egress"] });
const dns = {
  to: [{ namespaceSelector: named("kube-system") }],
  ports: [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
  ],
};
const out = policy("shop/out", {
  podSelector: {},
  policyTypes: ["Egress"],
  egress: [
    { to: [{ namespaceSelector: named("payments") }], ports: [{ protocol: "TCP", port: 8200 }] },
    dns,
  ],
});
const into = policy("payments/in", {
  podSelector: { matchLabels: { app: "vault" } },
  policyTypes: ["Ingress"],
  ingress: [
    { from: [{ namespaceSelector: named("shop") }], ports: [{ protocol: "TCP", port: 8200 }] },
  ],
});
const pod = {
  apiVersion: "v1",
  kind: "Pod",
  spec: { containers: [{ name: "main", image: "web" }] },
};
/** Nothing that the Invariant speaks of. */
const aside = policy("noted/aside", { podSelector: { matchLabels: { app: "web" } } });

const untold: Problem = { code: "NP_E_API_SERVER", path: "", message: "no answer in time" };

function resource(raw: Json): Resource {
  const read = parseResource(raw);
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value;
}

/** What replicas have told each other, in memory: as with the ledger, whoever tells must have heard all of it. */
class Table {
  readonly told: unknown[] = [];

  /** The side of one replica. */
  seat(hear: (change: unknown) => void): Replicas {
    const { told } = this;
    const own = new Set<number>();
    let read = 0;
    let heard = 0;
    return {
      get heard() {
        return heard;
      },
      async tell(change: unknown): Promise<Result<"told" | "news", Problem>> {
        const news = told.slice(read).filter((_, at) => !own.has(read + at));
        read = told.length;
        if (news.length > 0) {
          heard += 1;
          // As JSON, as everything that others read.
          for (const each of news) hear(JSON.parse(JSON.stringify(each)));
          return success("news");
        }
        own.add(told.push(change) - 1);
        read = told.length;
        return success("told");
      },
    };
  }
}

/** One of two replicas: the watches have shown it that shop is closed. */
function replica(table: Table, options: WorldOptions = {}): ReturnType<typeof createWorld> {
  const seat = table.seat((change) =>
    world.around.pending.admit(changesOf(change, world.around) ?? []),
  );
  const world = createWorld({ resources: [sealed], replicas: seat, ...options });
  world.watch(closed);
  return world;
}

function answering(answer: Result<"told" | "news", Problem>): Replicas & { tellings: Telling[] } {
  const tellings: Telling[] = [];
  return {
    heard: 0,
    tellings,
    tell: async (_, telling) => {
      tellings.push(telling);
      return answer;
    },
  };
}

describe("two replicas, each of which is asked about one half of a breach", () => {
  it.each([
    ["egress first", out, into, "NetworkPolicy shop/out"],
    ["ingress first", into, out, "NetworkPolicy payments/in"],
  ])("%s: the second is denied, and told which the first is", async (_, first, second, which) => {
    const table = new Table();
    const [one, two] = [replica(table), replica(table)];
    expect(await one.ask(review({ object: first }))).toMatchObject({ allowed: true });
    const { status } = await two.ask(review({ object: second }));
    expect(status?.message).toContain('1. invariant "sealed"');
    expect(status?.message).toContain(`together with ${which}, admitted a moment ago`);
    // What was refused is not possible, here or there.
    expect(table.told).toHaveLength(1);
    expect(two.around.pending.beside([])).toHaveLength(1);
  });

  it("at once: one of them is admitted", async () => {
    const table = new Table();
    const [one, two] = [replica(table), replica(table)];
    const replies = await Promise.all([
      one.ask(review({ object: out })),
      two.ask(review({ object: into })),
    ]);
    expect(replies.map(({ allowed }) => allowed)).toEqual([true, false]);
  });

  it("where the first is an edit, a deletion, or a label of a namespace", async () => {
    const table = new Table();
    const shut = policy("shop/out", { podSelector: {}, policyTypes: ["Egress"], egress: [dns] });
    const ports = { restricted: { "ringfence.dev/profile": "restricted" } };
    for (const [change, which] of [
      [{ object: out, oldObject: shut }, "NetworkPolicy shop/out"],
      [{ oldObject: closed }, "the deletion of NetworkPolicy shop/deny"],
    ] as const) {
      const [one, two] = [replica(table), replica(table)];
      expect(await one.ask(review(change)), which).toMatchObject({ allowed: true });
      const { status } = await two.ask(review({ object: into }));
      expect(status?.message, which).toContain(`together with ${which}, admitted`);
      table.told.length = 0;
    }
    const trusting = policy("payments/in", {
      podSelector: { matchLabels: { app: "vault" } },
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ namespaceSelector: { matchLabels: { trusted: "yes" } } }] }],
    });
    const [one, two] = [replica(table), replica(table)];
    one.watch(out);
    two.watch(out);
    const labelled = namespace("shop", { ...ports.restricted, trusted: "yes" });
    const relabelling = { object: labelled, oldObject: namespace("shop", ports.restricted) };
    expect(await one.ask(review(relabelling))).toMatchObject({ allowed: true });
    const { status } = await two.ask(review({ object: trusting }));
    expect(status?.message).toContain("together with Namespace shop, admitted a moment ago");
  });

  it("is over as soon as the watch has shown the first, which is then as it is", async () => {
    const table = new Table();
    const [one, two] = [replica(table), replica(table)];
    await one.ask(review({ object: out }));
    two.watch(out);
    const { status } = await two.ask(review({ object: into }));
    expect(status?.message).toContain("opens shop/* → payments/* TCP 8200");
    expect(status?.message).not.toContain("together with");
  });

  it("says nothing of what it cannot read", async () => {
    const table = new Table();
    table.told.push(null, { kind: "Profile" }, { kind: "NetworkPolicy", operation: "CREATE" }, [], {
      kind: "NetworkPolicy",
      operation: "CREATE",
      namespace: "shop",
      name: "out",
      object: { spec: { podSelector: 1 } },
    });
    expect(await replica(table).ask(review({ object: into }))).toMatchObject({ allowed: true });
  });
});

describe("the other replicas are told", () => {
  it("of what others need to judge by, and no more", async () => {
    const table = new Table();
    const metadata = {
      namespace: "shop",
      name: "out",
      labels: { app: "x" },
      annotations: { a: "b", "kubectl.kubernetes.io/last-applied-configuration": "{}" },
      uid: "1",
      managedFields: [{}],
    };
    await replica(table).ask(review({ object: { ...out, metadata, status: {} } }));
    expect(table.told).toEqual([
      {
        kind: "NetworkPolicy",
        operation: "CREATE",
        namespace: "shop",
        name: "out",
        object: {
          apiVersion: "networking.k8s.io/v1",
          kind: "NetworkPolicy",
          metadata: {
            namespace: "shop",
            name: "out",
            labels: { app: "x" },
            annotations: { a: "b" },
          },
          spec: out["spec"],
        },
        oldObject: null,
      },
    ]);
  });

  it.each<[string, Json, WorldOptions, number]>([
    ["an Invariant is concerned", { object: out }, {}, 1],
    ["none is", { object: aside }, {}, 0],
    ["there is none", { object: out }, { resources: [] }, 0],
    ["the change is refused", { object: { ...out, spec: { podSelector: {} } } }, {}, 0],
    ["it is a dry run", { object: out, request: { dryRun: true } }, {}, 0],
    [
      "it is a pod, of which there are hundreds in a second",
      {
        object: {
          ...pod,
          metadata: { namespace: "shop", name: "web-9", labels: { app: "web" } },
        },
        request: { kind: { group: "", version: "v1", kind: "Pod" } },
      },
      {},
      0,
    ],
    ["it cannot be read", { object: { ...out, spec: { podSelector: 1 } } }, {}, 0],
  ])("where %s", async (_, asked, options, count) => {
    const table = new Table();
    await replica(table, options).ask(review(asked));
    expect(table.told).toHaveLength(count);
  });

  it("and are asked no longer than the decision may take; until it is seen the change counts", async () => {
    const replicas = answering(success("told"));
    const { ask, watch } = createWorld({ resources: [sealed], replicas });
    watch(closed);
    await ask(review({ object: out }));
    expect(replicas.tellings).toHaveLength(1);
    const [telling] = replicas.tellings;
    expect(telling?.timeoutMs).toBeGreaterThan(0);
    expect(telling?.timeoutMs).toBeLessThanOrEqual(1_000);
    expect(telling?.isSeen()).toBe(false);
    watch(out);
    expect(telling?.isSeen()).toBe(true);
  });
});

describe("where the others cannot be told", () => {
  const ask = async (
    object: Json,
    options: WorldOptions["options"],
  ): Promise<
    ReturnType<typeof createWorld> & {
      response: Awaited<ReturnType<ReturnType<typeof createWorld>["ask"]>>;
    }
  > => {
    const world = createWorld({
      resources: [sealed],
      replicas: answering(failure(untold)),
      ...(options && { options }),
    });
    world.watch(closed);
    return { ...world, response: await world.ask(review({ object })) };
  };
  const text =
    "the other replicas of Ringfence could not be told of it, and may admit at the same moment what breaks an invariant together with it: no answer in time";

  it("the change is judged by what this one knows, and the user is told", async () => {
    const { response, around } = await ask(out, undefined);
    expect(response.allowed).toBe(true);
    expect(response.warnings).toContain(text);
    expect(around.pending.beside([])).toHaveLength(1);
  });

  it("or refused, if so configured; then it is not possible", async () => {
    const { response, around, records } = await ask(out, { onUntold: "deny" });
    expect(response.status).toMatchObject({
      code: 503,
      message: `NetworkPolicy shop/out refused: ${text}`,
    });
    expect(records.at(-1)).toMatchObject({ outcome: "untold" });
    expect(around.pending.beside([])).toEqual([]);
  });

  it("nothing else is refused: not what concerns no Invariant, nor where the mode does not enforce", async () => {
    expect((await ask(aside, { onUntold: "deny" })).response).toMatchObject({ allowed: true });
    const soft = policy("soft/shut", { podSelector: {}, policyTypes: ["Egress"] });
    const { response, around } = await ask(soft, { onUntold: "deny" });
    expect(response).toMatchObject({ allowed: true });
    expect(response.warnings).toContain(text);
    expect(around.pending.beside([])).toHaveLength(1);
  });

  it("and news without end are the deadline's business", async () => {
    let elapsedMs = 0;
    const replicas: Replicas = {
      heard: 0,
      tell: async () => {
        elapsedMs += 300;
        return success("news");
      },
    };
    const world = createWorld({ resources: [sealed], replicas, elapsedMs: () => elapsedMs });
    world.watch(closed);
    const response = await world.ask(review({ object: out }));
    expect(response.status).toMatchObject({ code: 503 });
    expect(world.around.pending.beside([])).toEqual([]);
  });
});
