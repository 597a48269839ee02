import { expect, it } from "vitest";
import { fixtureSchema, judgeFixture } from "./fixture.ts";

const networkPolicy = (name: string, spec: object): object => {
  const [namespace, own] = name.split("/");
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { namespace, name: own },
    spec,
  };
};
const ports = (...numbers: readonly number[]): object => ({
  ports: numbers.map((port) => ({ port })),
});
/** Two rules for pods of node-2, and one more in each direction. */
const three = networkPolicy("shop/three", {
  podSelector: { matchLabels: { app: "web" } },
  policyTypes: ["Ingress", "Egress"],
  ingress: [ports(1), ports(2)],
  egress: [ports(3)],
});
const beside = networkPolicy("shop/one", { podSelector: {}, ingress: [ports(1)] });
const onTheNode = networkPolicy("monitoring/one", { podSelector: {}, ingress: [ports(1)] });
const range = (port: number, endPort: number): object =>
  networkPolicy("shop/range", { podSelector: {}, ingress: [{ ports: [{ port, endPort }] }] });
/** Lets `peers` in to the database, on its port. */
const toMysql = (...peers: readonly object[]): object =>
  networkPolicy("shop/mysql", {
    podSelector: { matchLabels: { app: "mysql" } },
    ingress: [{ from: peers, ports: [{ port: 3306 }] }],
  });
const ofPriority = (priority: number): object => ({
  apiVersion: "policy.networking.k8s.io/v1alpha2",
  kind: "ClusterNetworkPolicy",
  metadata: { name: "early" },
  spec: { tier: "Admin", priority, subject: { namespaces: {} } },
});
const block = (cidr: string): object => ({ ipBlock: { cidr } });
const platform = { namespaceSelector: { matchLabels: { team: "platform" } } };
const web = { podSelector: { matchLabels: { app: "web" } } };

interface Row {
  readonly id: string;
  readonly parameter: string;
  /** The last value at which there is nothing to say, and the next. */
  readonly within: number;
  readonly beyond: number;
  readonly object: object;
  readonly cluster?: readonly object[];
}

it.each<Row>([
  { id: "policy-count", parameter: "maxRules", within: 3, beyond: 2, object: three },
  {
    id: "policy-count",
    parameter: "maxPoliciesPerNamespace",
    within: 2,
    beyond: 1,
    object: three,
    cluster: [beside, onTheNode],
  },
  {
    id: "policy-count",
    parameter: "maxRulesPerNamespace",
    within: 4,
    beyond: 3,
    object: three,
    cluster: [beside, onTheNode],
  },
  {
    id: "policy-count",
    parameter: "maxPoliciesPerNode",
    within: 3,
    beyond: 2,
    object: three,
    cluster: [beside, onTheNode],
  },
  {
    id: "policy-count",
    parameter: "maxRulesPerNode",
    within: 5,
    beyond: 4,
    object: three,
    cluster: [beside, onTheNode],
  },
  { id: "wide-ports", parameter: "maxPorts", within: 11, beyond: 10, object: range(80, 90) },
  {
    id: "rule-cost",
    parameter: "maxEntries",
    within: 6,
    beyond: 5,
    object: networkPolicy("shop/six", {
      podSelector: {},
      ingress: [{ from: [web], ports: [{ port: 1 }, { port: 2 }, { port: 3 }] }],
    }),
  },
  {
    id: "sensitive-port",
    parameter: "maxNamespaces",
    within: 2,
    beyond: 1,
    object: toMysql(platform),
  },
  {
    id: "sensitive-port",
    parameter: "ipv4Prefix",
    within: 8,
    beyond: 9,
    object: toMysql(block("203.0.0.0/9"), block("203.128.0.0/9")),
  },
  {
    id: "sensitive-port",
    parameter: "ipv6Prefix",
    within: 16,
    beyond: 17,
    object: toMysql(block("2001::/16")),
  },
  {
    id: "open-world",
    parameter: "ipv4Prefix",
    within: 8,
    beyond: 9,
    object: toMysql(block("203.0.0.0/8")),
  },
  {
    id: "open-world",
    parameter: "ipv6Prefix",
    within: 16,
    beyond: 17,
    object: toMysql(block("2001::/16")),
  },
  { id: "reserved-priority", parameter: "first", within: 51, beyond: 50, object: ofPriority(50) },
  { id: "reserved-priority", parameter: "last", within: 49, beyond: 50, object: ofPriority(50) },
])("$id: $parameter of $within is kept, and $beyond is not", (row) => {
  const foundAt = (value: number): number => {
    const parameters = { [row.parameter]: value };
    const { object, cluster = [] } = row;
    const fixture = fixtureSchema.parse({ about: "a limit", object, cluster, parameters });
    const { findings, faults } = judgeFixture([row.id], fixture);
    expect(faults).toEqual([]);
    return findings.length;
  };
  expect(foundAt(row.within)).toBe(0);
  expect(foundAt(row.beyond)).toBe(1);
});

it.each([
  [99, "selects 99 pods such as `shop/host-0` on the host's network"],
  [100, "selects 100 or more pods such as `shop/host-0` on the host's network"],
])("host-network counts up to a hundred pods: %i", (count, message) => {
  const cluster = Array.from({ length: count }, (_, at) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "shop", name: `host-${at}`, labels: { app: "host" } },
    spec: { nodeName: "node-2", hostNetwork: true },
    status: { podIPs: [{ ip: "10.0.0.2" }] },
  }));
  const object = networkPolicy("shop/host", { podSelector: { matchLabels: { app: "host" } } });
  const fixture = fixtureSchema.parse({ about: "a limit", object, cluster });
  const [found] = judgeFixture(["host-network"], fixture).findings;
  expect(found?.finding.message).toContain(message);
});

it("policy-count looks at every node of a policy's pods, not only at the first", () => {
  const everywhere = {
    apiVersion: "policy.networking.k8s.io/v1alpha2",
    kind: "ClusterNetworkPolicy",
    metadata: { name: "everywhere" },
    spec: { tier: "Admin", priority: 1, subject: { namespaces: {} } },
  };
  const countWith = (namespace: string): number => {
    const fixture = fixtureSchema.parse({
      about: "a limit",
      object: everywhere,
      cluster: [networkPolicy(`${namespace}/one`, { podSelector: {} })],
      parameters: { maxPoliciesPerNode: 1 },
    });
    return judgeFixture(["policy-count"], fixture).findings.length;
  };
  // Pods of the one are on node-1, those of the other on node-2.
  expect([countWith("kube-system"), countWith("monitoring")]).toEqual([1, 1]);
});

it.each([
  [3207, 3306, 1],
  [3206, 3306, 0],
])(
  "sensitive-port takes a range of up to a hundred ports for a list: %i to %i",
  (port, endPort, count) => {
    const object = networkPolicy("shop/web", {
      podSelector: { matchLabels: { app: "web" } },
      ingress: [{ ports: [{ port, endPort }] }],
    });
    const parameters = { services: [{ name: "MySQL", ports: [3306] }] };
    const fixture = fixtureSchema.parse({ about: "a limit", object, parameters });
    expect(judgeFixture(["sensitive-port"], fixture).findings).toHaveLength(count);
  },
);
