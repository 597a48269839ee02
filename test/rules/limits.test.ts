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
