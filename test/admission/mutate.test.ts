import { describe, expect, it } from "vitest";
import { review } from "./review.ts";
import { createWorld, namespace, policy } from "./world.ts";

const optedIn = { "ringfence.dev/profile": "restricted" };
const implied = policy("shop/x", { podSelector: {}, ingress: [{ ports: [{ port: 80 }] }] });

async function patchOf(asked: unknown, world = createWorld()): Promise<unknown> {
  const { patch, allowed } = await world.ask(asked, "mutate");
  expect(allowed).toBe(true);
  return patch === undefined ? [] : JSON.parse(Buffer.from(patch, "base64").toString());
}

describe("mutation", () => {
  it("stamps a namespace that opts in", async () => {
    expect(await patchOf(review({ object: namespace("new", optedIn) }))).toContainEqual(
      expect.objectContaining({ value: "rev-1" }),
    );
  });

  it("writes out what a policy implies", async () => {
    expect(await patchOf(review({ object: implied }))).toEqual([
      { op: "add", path: "/spec/policyTypes", value: ["Ingress"] },
      { op: "add", path: "/spec/ingress/0/ports/0/protocol", value: "TCP" },
    ]);
  });

  it.each([
    ["an update that leaves spec and labels alone", { object: implied, oldObject: implied }],
    ["a delete", { oldObject: implied }],
    ["a namespace that has not opted in", { object: namespace("dev") }],
  ])("leaves alone %s", async (_, asked) => {
    expect(await patchOf(review(asked))).toEqual([]);
  });

  it("does not wait for the cluster to be read", async () => {
    const world = createWorld({ freshness: { kind: "syncing" } });
    expect(await patchOf(review({ object: implied }), world)).toHaveLength(2);
  });

  it("passes what it cannot read, and says so", async () => {
    const asked = review({ object: implied, request: { operation: "CONNECT" } });
    const reply = await createWorld().ask(asked, "mutate");
    expect(reply).toMatchObject({ allowed: true, warnings: [expect.stringContaining("CONNECT")] });
    expect(reply.patch).toBeUndefined();
  });
});
