import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AdmissionReply } from "../../src/admission/respond.ts";
import { review } from "../admission/review.ts";
import { createWorld, namespace, policy, type WorldOptions } from "../admission/world.ts";
import { cpuMs } from "../support/cpu-ms.ts";
import { type Served, serve } from "./serve.ts";

const UID = "705ab4f5";
const good = policy("shop/allow-db", { podSelector: { matchLabels: { app: "db" } } });
const asked = review({ object: good });
const badCidr = { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.300/8" } }] }] };
const optOut = review({
  object: namespace("shop"),
  oldObject: namespace("shop", { "ringfence.dev/profile": "restricted" }),
});

const MIB = 1024 * 1024;

let served: Served;
beforeAll(async () => {
  served = await serve(createWorld({ options: { policyPartsLimit: 30_000 } }).admission);
});
afterAll(async () => served.stop());

describe("without a readable uid there is an HTTP status", () => {
  it.each([
    ["an empty body", "", 400],
    ["not JSON", "{", 400],
    ["half a review", JSON.stringify(asked).slice(0, 200), 400],
    ["JSON that is no object", "[1]", 400],
    ["not an AdmissionReview", '{"kind":"Pod","metadata":{"uid":"x"}}', 400],
    ["a review without a uid", JSON.stringify(review({ object: good, request: { uid: "" } })), 400],
    ["a uid that is no string", JSON.stringify(review({ object: good, request: { uid: 7 } })), 400],
    [
      "a uid that no API server makes",
      JSON.stringify(review({ object: good, request: { uid: "x".repeat(200) } })),
      400,
    ],
    [
      "a uid that a terminal obeys",
      JSON.stringify(review({ object: good, request: { uid: "\u009b2J" } })),
      400,
    ],
    ["8 MiB", JSON.stringify({ ...asked, padding: "x".repeat(8 * MIB) }), 413],
  ])("%s", async (_, body, status) => {
    for (const path of ["/validate", "/mutate"]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other over one connection
      expect((await served.client.post(path, body)).status).toBe(status);
    }
  });

  it("and the next request is answered as ever", async () => {
    expect((await ask(served, asked)).uid).toBe(UID);
  });
});

describe("with a uid there is an AdmissionReview", () => {
  const rows: readonly (readonly [string, object, readonly [number, string]])[] = [
    [
      "of another kind",
      { ...asked, kind: "Review" },
      [422, "is not `admission.k8s.io/v1 Admission"],
    ],
    ["v1beta1", { ...asked, apiVersion: "admission.k8s.io/v1beta1" }, [422, "v1beta1"]],
    [
      "an unknown kind",
      review({ object: good, request: { kind: { group: "", version: "v1", kind: "Secret" } } }),
      [422, "`/v1/Secret`"],
    ],
    ["no kind at all", review({ object: good, request: { kind: null } }), [422, "request.kind"]],
    [
      "an unknown operation",
      review({ object: good, request: { operation: "CONNECT" } }),
      [422, "`CONNECT`"],
    ],
    [
      "a name that no object has",
      review({ object: policy(`shop/${"x".repeat(300)}`, {}) }),
      [422, "request.name: no object has such a name"],
    ],
    ["no object", review({ object: good, request: { object: null } }), [422, "request.object"]],
    [
      "an object that is a list",
      review({ object: good, request: { object: [] } }),
      [422, "request.object"],
    ],
    [
      "an update without the old object",
      review({ object: good, operation: "UPDATE" }),
      [422, "request.oldObject"],
    ],
    [
      "an object that cannot be read",
      review({ object: policy("shop/x", badCidr) }),
      [422, "`10.0.0.300/8`"],
    ],
    [
      "an unknown profile in the label",
      review({ object: namespace("n", { "ringfence.dev/profile": "strict" }) }),
      [403, "no profile `strict`"],
    ],
  ];
  it.each(rows)("%s", async (_, body, [code, text]) => {
    const response = await ask(served, body);
    expect(response).toMatchObject({ uid: UID, allowed: false, status: { code } });
    expect(response.status?.message).toContain(text);
  });

  it.each(rows.slice(0, 9))("and mutation lets it pass: %s", async (_, body) => {
    const response = await ask(served, body, "/mutate");
    expect(response).toMatchObject({ uid: UID, allowed: true });
    expect(response.warnings?.[0]).toMatch(/^passed unchecked: /);
  });

  it("keys that JavaScript knows are data like any other", async () => {
    const labels = { constructor: "a", toString: "b", hasOwnProperty: "c" };
    const text = JSON.stringify(
      review({ object: policy("shop/x", { podSelector: {} }, { labels }) }),
    )
      .replace('"dryRun"', '"__proto__":{"uid":"other","operation":"DELETE"},"dryRun"')
      .replace('"constructor":"a"', '"constructor":"a","__proto__":"d"');
    const { body, status } = await served.client.post("/validate", text);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({ response: { uid: UID, allowed: true } });
  });

  it.each([
    ["a field that no policy has", { deep: "DEEP" }, "spec.deep: unknown field"],
    ["peers", { ingress: [{ from: "DEEP" }] }, "spec.ingress[0].from[0]: a list is not an object"],
    ["a label", { podSelector: { matchLabels: { a: "DEEP" } } }, "spec.podSelector.matchLabels.a"],
  ])("what is nested 100,000 levels deep is named by its field: %s", async (_, spec, text) => {
    const object = policy("shop/x", spec);
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    const body = JSON.stringify(review({ object, oldObject: object })).replaceAll('"DEEP"', deep);
    const response = await ask(served, body);
    expect(response).toMatchObject({ uid: UID, allowed: false, status: { code: 422 } });
    expect(response.status?.message).toContain(text);
  });

  const wrong = { port: 0 };
  it.each<[string, object, number, string]>([
    [
      "more is wrong than fits",
      { ingress: [{ ports: Array(100_000).fill(wrong) }] },
      403,
      "has too many rules",
    ],
    [
      "a hundred things and more are wrong",
      { ingress: [{ ports: Array(10_000).fill(wrong) }] },
      422,
      "spec.ingress[0].ports[0].port: `0` is not a port: 1 to 65535; spec.ingress[0].ports[1].port",
    ],
    [
      "fields that there are not have the longest names",
      { ["ingres".repeat(MIB)]: 1 },
      422,
      "spec.ingresingres",
    ],
    [
      "there are a hundred thousand fields that there are not",
      Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`ingress${index}`, 1])),
      422,
      "spec.ingress0: unknown field `ingress0`; did you mean `ingress`?",
    ],
  ])("is answered for less than two seconds of CPU where %s", async (_, spec, code, text) => {
    const body = JSON.stringify(review({ object: policy("shop/x", { podSelector: {}, ...spec }) }));
    const started = cpuMs();
    const response = await ask(served, body);
    expect(cpuMs() - started).toBeLessThan(2_000);
    expect(response).toMatchObject({ allowed: false, status: { code } });
    expect(response.status?.message).toContain(text);
  });

  it("an object and an old object of 3 MiB each are read", async () => {
    const annotations = { padding: "x".repeat(3 * MIB) };
    const object = policy("shop/x", { podSelector: {} }, { annotations });
    expect(await ask(served, review({ object, oldObject: object }))).toMatchObject({ uid: UID });
  });
});

describe("when the world is not as it should be", () => {
  const never = { mayOptOut: async () => new Promise<never>(() => undefined) };
  const rows: readonly (readonly [
    string,
    object,
    WorldOptions,
    readonly [number | null, string],
  ])[] = [
    [
      "it is not ready before the first sync",
      asked,
      { freshness: { kind: "syncing" } },
      [503, "has not read the cluster"],
    ],
    [
      "it answers while the watch is down and says how stale it is",
      asked,
      { freshness: { kind: "stale", ageMs: 61_000 } },
      [null, "for 61 s"],
    ],
    [
      "it names a stored policy that cannot be read",
      review({ object: policy("payments/x", { podSelector: {} }) }),
      {},
      [null, "allow nothing: NetworkPolicy payments/old"],
    ],
    [
      "it answers within the API server's timeout when the right to opt out takes long",
      optOut,
      { authorizer: never },
      [503, "in time"],
    ],
  ];
  it.each(rows)("%s", async (_, body, options, [code, text]) => {
    const other = await serve(createWorld(options).admission);
    const started = performance.now();
    const response = await ask(other, body, "/validate?timeout=1s");
    expect(performance.now() - started).toBeLessThan(1000);
    expect(response.status?.code ?? null).toBe(code);
    expect([response.status?.message ?? "", ...(response.warnings ?? [])].join("\n")).toContain(
      text,
    );
    await other.stop();
  });

  it("it answers with the uid when it fails, and gives nothing away", async () => {
    const world = createWorld();
    Object.assign(world.engine, { previewWithin: fail });
    const other = await serve(world.admission);
    const enforced = await ask(other, asked);
    expect(enforced).toMatchObject({ uid: UID, allowed: false, status: { code: 500 } });
    expect(JSON.stringify(enforced)).not.toContain("secret");
    const soft = await ask(other, review({ object: policy("soft/x", { podSelector: {} }) }));
    expect(soft).toMatchObject({ uid: UID, allowed: true });
    expect(soft.warnings).toEqual(["passed unchecked: Ringfence failed; its log says more"]);
    expect(world.records.map(({ outcome }) => outcome)).toEqual(["fault", "fault"]);
    await other.stop();
  });
});

async function ask(
  { client }: Served,
  body: object | string,
  path = "/validate",
): Promise<AdmissionReply["response"]> {
  const reply = await client.post(path, typeof body === "string" ? body : JSON.stringify(body));
  expect(reply.status).toBe(200);
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- the next line checks it
  const answer: AdmissionReply = JSON.parse(reply.body);
  expect(answer).toMatchObject({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" });
  return answer.response;
}

function fail(): never {
  throw new Error("a secret detail");
}
