import { expect, it } from "vitest";
import { countParts } from "../../src/engine/count-parts.ts";
import { parseClusterNetworkPolicy } from "../../src/wire/cluster-network-policy.ts";
import { hasMoreParts } from "../../src/wire/has-more-parts.ts";
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

const absent = { podSelector: { matchExpressions: [{ key: "a", operator: "DoesNotExist" }] } };
it.each<[string, object, number]>([
  ["empty rules", { ingress: [{}, {}, {}] }, 3],
  ["addresses", { egress: [{ to: Array(9).fill({ ipBlock: { cidr: "10.0.0.0/8" } }) }] }, 10],
  ["the longest way to write a peer", { egress: [{ to: Array(9).fill(absent) }] }, 19],
  [
    "the longest way to write a port",
    { egress: Array(9).fill({ ports: [{ protocol: "TCP", port: 1, endPort: 2 }] }) },
    18,
  ],
])("of %s never takes there to be more parts than are counted", (_, spec, parts) => {
  const { policy } = succeed(parseNetworkPolicy({ metadata: { name: "a" }, spec }));
  expect(countParts(policy)).toBe(parts);
  expect(hasMoreParts(spec, parts)).toBe(false);
  expect(hasMoreParts({ ingress: Array(4 * parts).fill({}) }, parts)).toBe(true);
});
