import { expect, it } from "vitest";
import { fixtureSchema, judgeFixture } from "./fixture.ts";

const range = <T>(count: number, create: (at: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, at) => create(at));
const web = { podSelector: { matchLabels: { app: "web" } } };
const many = { podSelector: { matchLabels: { app: "many" } } };
const policy = (spec: object): object => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { namespace: "shop", name: "large" },
  spec: { ...web, ...spec },
});
const pods = (namespace: string, count: number, ports: readonly object[] = []): readonly object[] =>
  range(count, (at) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace, name: `many-${at}`, labels: { app: "many" } },
    spec: { nodeName: "node-2", containers: [{ name: "many", ports }] },
    status: { podIPs: [{ ip: `10.${namespace.length}.${at >> 8}.${at & 255}` }] },
  }));
/** Services that lead to nobody, which takes a look at all pods of the namespace to see. */
const services = (type: string): readonly object[] =>
  range(100, (at) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace: "shop", name: `service-${at}` },
    spec: { type, selector: { app: "nobody" }, ports: [{ port: 80, targetPort: 8080 }] },
  }));
const last = { name: "last", containerPort: 9000 };
const named = range(20, (at) => ({ name: `port-${at}`, containerPort: 8000 + at }));
const closed = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { namespace: "payments", name: "closed" },
  spec: { podSelector: {} },
};
const tiered = (name: string, subject: object, egress: readonly object[]): object => ({
  apiVersion: "policy.networking.k8s.io/v1alpha2",
  kind: "ClusterNetworkPolicy",
  metadata: { name },
  spec: { tier: "Admin", priority: 5, subject: { namespaces: subject }, egress },
});
const toPods = (action: string, values: readonly string[]): object => {
  const podSelector = { matchExpressions: [{ key: "app", operator: "In", values }] };
  return { action, to: range(25, () => ({ pods: { namespaceSelector: {}, podSelector } })) };
};

interface Row {
  readonly rule: string;
  readonly cluster: readonly object[];
  /** A policy that is as large as that. */
  readonly sized: (count: number) => object;
  readonly few: number;
  readonly many: number;
}

it.each<Row>([
  {
    rule: "service-port",
    cluster: [...pods("shop", 200), ...services("ClusterIP")],
    sized: (count) => policy({ ingress: range(count, () => ({ ports: [{ port: 80 }] })) }),
    few: 40,
    many: 60,
  },
  {
    rule: "client-source",
    cluster: [...pods("shop", 200), ...services("NodePort")],
    sized: (count) =>
      policy({
        ingress: range(count, () => ({ from: [{ ipBlock: { cidr: "198.51.100.0/24" } }] })),
      }),
    few: 40,
    many: 60,
  },
  {
    rule: "named-port",
    cluster: [...pods("shop", 200, named), ...pods("payments", 1, [last])],
    sized: (count) =>
      policy({
        policyTypes: ["Egress"],
        egress: range(count, () => ({
          to: [{ podSelector: {} }, { ...many, namespaceSelector: {} }],
          ports: [{ port: "last" }],
        })),
      }),
    few: 100,
    many: 300,
  },
  {
    rule: "named-port-differs",
    cluster: pods("shop", 200, named),
    sized: (count) =>
      policy({ podSelector: {}, ingress: [{ ports: range(count, () => ({ port: "port-0" })) }] }),
    few: 200,
    many: 250,
  },
  {
    rule: "except-reopened",
    cluster: [],
    sized: (count) =>
      policy({
        ingress: range(count, (at) => {
          const network = `20.${at >> 8}.${at & 255}`;
          const ipBlock = { cidr: `${network}.0/24`, except: [`${network}.8/29`] };
          return { from: [{ ipBlock }] };
        }),
      }),
    few: 1_000,
    many: 1_200,
  },
  {
    rule: "far-end-denies",
    cluster: [...pods("payments", 200), closed],
    sized: (count) =>
      policy({
        policyTypes: ["Egress"],
        egress: range(count, () => ({
          to: [{ namespaceSelector: { matchLabels: { team: "payments" } } }],
        })),
      }),
    few: 15,
    many: 30,
  },
  {
    rule: "equal-priority",
    cluster: [
      ...pods("shop", 200),
      tiered(
        "rival",
        {},
        range(25, () => toPods("Deny", ["many"])),
      ),
    ],
    sized: (count) =>
      tiered(
        "ours",
        {},
        range(count, () => toPods("Accept", ["web", "mysql"])),
      ),
    few: 20,
    many: 25,
  },
])("$rule says where it stops", ({ rule, cluster, sized, few, ...row }) => {
  const foundIn = (object: object): readonly unknown[] =>
    judgeFixture([rule], fixtureSchema.parse({ about: "a bound", object, cluster })).findings;
  expect(foundIn(sized(few))).not.toContainEqual(stopped(rule));
  expect(foundIn(sized(row.many))).toContainEqual(stopped(rule));
});

it("dns-egress says where it stops", () => {
  const ipBlock = { cidr: "198.18.0.0/15" };
  const foundIn = (resolvers: number): readonly unknown[] => {
    const fixture = fixtureSchema.parse({
      about: "a bound",
      cluster: pods("shop", 200),
      object: policy({ ...many, policyTypes: ["Egress"], egress: [{ to: [{ ipBlock }] }] }),
      dnsAddresses: range(resolvers, (at) => `198.18.${at >> 8}.${at & 255}`),
    });
    return judgeFixture(["dns-egress"], fixture).findings;
  };
  expect(foundIn(1_000)).toEqual([]);
  expect(foundIn(1_500)).toEqual([stopped("dns-egress")]);
});

/** Not denied, though the profile says so: what was not looked at may be in order. */
function stopped(rule: string): unknown {
  return expect.objectContaining({
    ruleId: rule,
    action: "Warn",
    finding: {
      path: "",
      message: "too large to check whole: there may be more to find than was looked at",
      help: "make several policies of it",
      unsure: true,
    },
  });
}

it("equal-priority sees a pod of a small policy among the thousands of a large one", () => {
  const fixture = fixtureSchema.parse({
    about: "a bound",
    cluster: [
      ...pods("payments", 1_500),
      { apiVersion: "v1", kind: "Namespace", metadata: { name: "late", labels: { team: "late" } } },
      ...pods("late", 1),
      tiered("rival", {}, [toPods("Deny", ["web"])]),
    ],
    object: tiered("ours", { matchLabels: { team: "late" } }, [toPods("Accept", ["web"])]),
  });
  expect(judgeFixture(["equal-priority"], fixture).findings).toMatchObject([
    { action: "Deny", finding: { message: expect.stringContaining("`late/many-0`") as unknown } },
  ]);
});

it("except-reopened sees what many blocks let through together", () => {
  const ingress = [
    { from: [{ ipBlock: { cidr: "20.0.0.0/24", except: ["20.0.0.0/27"] } }] },
    { from: range(32, (at) => ({ ipBlock: { cidr: `20.0.0.${at}/32` } })) },
  ];
  const fixture = fixtureSchema.parse({ about: "a bound", object: policy({ ingress }) });
  expect(judgeFixture(["except-reopened"], fixture).findings).toMatchObject([
    {
      finding: {
        path: "spec.ingress[0].from[0].ipBlock.except[0]",
        message: expect.stringContaining("and 29 more") as unknown,
      },
    },
  ]);
});
