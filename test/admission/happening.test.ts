import { expect, it } from "vitest";
import { happeningOf } from "../../src/admission/happening.ts";
import { review } from "./review.ts";
import { createWorld, type Json, namespace, policy, testRule } from "./world.ts";

const wide = { podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }] }] };
const joined = { "ringfence.dev/profile": "restricted" };

interface Row {
  readonly name: string;
  readonly review: Json;
  readonly endpoint?: "mutate";
  readonly expected: object | null;
}

it.each<Row>([
  {
    name: "a denied change leaves its problems on the namespace",
    review: review({ object: policy("shop/open", wide) }),
    expected: {
      regarding: { apiVersion: "v1", kind: "Namespace", name: "shop", namespace: "shop" },
      type: "Warning",
      reason: "Denied",
      group: expect.stringContaining("open-namespaces") as unknown,
      message: expect.stringMatching(
        /^NetworkPolicy shop\/open denied by profile "restricted": .*open-namespaces: spec\.ingress\[0\]/,
      ) as unknown,
    },
  },
  {
    name: "so does one that is only warned",
    review: review({ object: policy("soft/open", wide) }),
    expected: {
      reason: "Warned",
      message: expect.stringMatching(/^NetworkPolicy soft\/open warned by/) as unknown,
    },
  },
  {
    name: "and one that cannot be judged",
    review: review({ object: policy("odd/open", wide) }),
    expected: {
      reason: "Refused",
      group: "unknown-profile",
      message: expect.stringMatching(
        /^NetworkPolicy odd\/open refused: no profile `strict`/,
      ) as unknown,
    },
  },
  {
    name: "a namespace that may not leave is told itself",
    review: review({ oldObject: namespace("shop", joined), object: namespace("shop") }),
    expected: { regarding: { name: "shop", namespace: "shop" }, group: "opt-out" },
  },
  {
    name: "nothing where a dry run is denied",
    review: review({ object: policy("shop/open", wide), request: { dryRun: true } }),
    expected: null,
  },
  {
    name: "nothing where all is well",
    review: review({
      object: policy("shop/db", {
        podSelector: { matchLabels: { app: "db" } },
        policyTypes: ["Ingress"],
        ingress: [
          {
            from: [{ podSelector: { matchLabels: { app: "web" } } }],
            ports: [{ protocol: "TCP", port: 5432 }],
          },
        ],
      }),
    }),
    expected: null,
  },
  {
    name: "nothing in a namespace that is not to be",
    review: review({ object: namespace("new", { "ringfence.dev/profile": "strict" }) }),
    expected: null,
  },
  {
    name: "nothing where nobody has opted in",
    review: review({ object: policy("dev/open", wide) }),
    expected: null,
  },
  {
    name: "nothing where an object is mutated",
    review: review({ object: namespace("shop", joined) }),
    endpoint: "mutate",
    expected: null,
  },
])("$name", async ({ review: asked, endpoint, expected }) => {
  const { ask, records } = createWorld();
  await ask(asked, endpoint);
  const [record] = records;
  if (record === undefined) throw new Error("no record");
  const happening = happeningOf(record);
  if (expected === null) expect(happening).toBeNull();
  else expect(happening).toMatchObject(expected);
});

it.each([
  [3, "1; 2; 3"],
  [4, "1; 2; 3; and 1 more"],
])("of %i problems it names the first three", async (count, named) => {
  const rule = testRule("many", {
    check: () =>
      Array.from({ length: count }, (_, at) => ({ path: "", message: `${at + 1}`, help: "" })),
  });
  const { ask, records } = createWorld({ rules: [rule] });
  await ask(review({ object: policy("tried/x", wide) }));
  const [record] = records;
  const message = record === undefined ? "" : (happeningOf(record)?.message ?? "");
  expect(message).toBe(
    `NetworkPolicy tried/x denied by profile "custom": ${named.replaceAll(/(\d)(?=;|$)/g, "many: $1")}`,
  );
});
