import { expect, it } from "vitest";
import { countParts } from "../../src/admission/count-parts.ts";
import { parseClusterNetworkPolicy } from "../../src/wire/cluster-network-policy.ts";
import { parseNetworkPolicy } from "../../src/wire/network-policy.ts";
import { succeed } from "../wire/describe-policy.ts";

const app = { matchLabels: { app: "a" } };

it.each<[string, object, number]>([
  ["an empty policy", {}, 0],
  ["the labels of its subject", { podSelector: app }, 2],
  ["rules", { ingress: [{}, {}], egress: [{}] }, 3],
  ["ports", { ingress: [{ ports: [{ port: 80 }, { port: "http" }] }] }, 3],
  ["peers", { ingress: [{ from: [{ podSelector: {} }, { namespaceSelector: {} }] }] }, 3],
  ["labels of peers", { egress: [{ to: [{ podSelector: app, namespaceSelector: app }] }] }, 6],
  [
    "values",
    {
      podSelector: { matchExpressions: [{ key: "app", operator: "In", values: ["a", "b", "c"] }] },
    },
    4,
  ],
  [
    "what exceptions leave of a block",
    { egress: [{ to: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } }] }] },
    3,
  ],
])("counts %s", (_, spec, expected) => {
  const { policy } = succeed(parseNetworkPolicy({ metadata: { name: "a" }, spec }));
  expect(countParts(policy)).toBe(expected);
});

it("counts nodes and names of domains", () => {
  const to = [{ nodes: app }, { domainNames: ["a.example.com.", "b.example.com."] }];
  const { policy } = succeed(
    parseClusterNetworkPolicy({
      metadata: { name: "a" },
      spec: {
        tier: "Admin",
        priority: 1,
        subject: { namespaces: {} },
        egress: [{ action: "Accept", to }],
      },
    }),
  );
  expect(countParts(policy)).toBe(1 + 3 + 2);
});
