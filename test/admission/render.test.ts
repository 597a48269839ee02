import { expect, it } from "vitest";
import { renderList, renderProblem } from "../../src/admission/render-trouble.ts";
import { parseCidr } from "../../src/engine/address.ts";
import { ALL_PORTS, portSet } from "../../src/engine/port-set.ts";
import type { Endpoint, Group } from "../../src/engine/query.ts";
import { renderGroup, renderPodCount } from "../../src/rules/render-delta.ts";
import { renderPorts } from "../../src/rules/render-ports.ts";
import type { Finding } from "../../src/rules/rule.ts";
import { review } from "./review.ts";
import { createWorld, policy, testRule } from "./world.ts";

const NOTHING: Group = {
  endpoints: [],
  omitted: 0,
  pods: 0,
  whole: [],
  namespaces: [],
  everyPod: false,
  everyIpv4: false,
  everyIpv6: false,
};

function workload(name: string): Endpoint {
  const [namespace = "", own = ""] = name.split("/");
  const owner = { kind: "Deployment", name: own };
  const sample = {
    namespace,
    name: `${own}-1`,
    labels: new Map(),
    addresses: [],
    ports: [],
    hostNetwork: false,
    node: null,
    ended: false,
    workload: owner,
  };
  return { kind: "workload", namespace, workload: owner, pods: 1, sample };
}

function addresses(cidr: string): Endpoint {
  const range = parseCidr(cidr);
  if (range === null) throw new Error(cidr);
  return { kind: "addresses", range };
}

const GROUPS: readonly (readonly [string, Partial<Group>, string])[] = [
  ["a workload", { endpoints: [workload("shop/web")] }, "shop/web"],
  [
    "a whole namespace",
    { whole: ["dev"], endpoints: [workload("dev/a"), workload("dev/b")] },
    "dev/*",
  ],
  [
    "as many wide ranges as there are, before narrow ones",
    {
      endpoints: [
        workload("shop/a"),
        ...["1.1.1.1/32", "2.2.2.2/32", "3.3.3.3/32"].map(addresses),
        ...["16.0.0.0/4", "48.0.0.0/4", "80.0.0.0/4"].map(addresses),
      ],
    },
    "16.0.0.0/4, 48.0.0.0/4 and 5 more",
  ],
  [
    "more than two",
    { whole: ["dev", "test"], endpoints: [workload("shop/a"), workload("shop/b")] },
    "dev/*, test/* and 2 more",
  ],
  [
    "more than are listed",
    { endpoints: [workload("shop/a"), workload("shop/b")], omitted: 7, pods: 12 },
    "shop/a, shop/b and others, 12 pods in all",
  ],
  ["every pod", { everyPod: true, whole: ["dev"], endpoints: [workload("dev/a")] }, "every pod"],
  [
    "the world",
    { everyIpv4: true, everyIpv6: true, endpoints: [addresses("0.0.0.0/0"), addresses("::/0")] },
    "any address",
  ],
  [
    "half the world",
    { everyIpv4: true, endpoints: [addresses("0.0.0.0/0"), addresses("fd00::/8")] },
    "any IPv4 address, fd00::/8",
  ],
  [
    "a good part of the world",
    { whole: ["dev", "test"], endpoints: [workload("dev/a"), addresses("128.0.0.0/1")] },
    "128.0.0.0/1, dev/* and 1 more",
  ],
  [
    "the world less private networks",
    {
      everyIpv6: true,
      endpoints: [
        addresses("::/0"),
        ...["0.0.0.0/5", "8.0.0.0/7", "11.0.0.0/8", "12.0.0.0/6", "16.0.0.0/4", "32.0.0.0/3"].map(
          addresses,
        ),
        ...["64.0.0.0/2", "128.0.0.0/2", "193.0.0.0/8", "194.0.0.0/7", "196.0.0.0/6"].map(
          addresses,
        ),
        ...["200.0.0.0/5", "208.0.0.0/4", "224.0.0.0/3"].map(addresses),
      ],
    },
    "any IPv4 address (but 10.0.0.0/8, 192.0.0.0/8), any IPv6 address",
  ],
  ["everything there is", { everyPod: true, everyIpv4: true, everyIpv6: true }, "anything"],
  ["a network", { endpoints: [addresses("10.0.0.0/8")] }, "10.0.0.0/8"],
];

it.each(GROUPS)("names %s", (_, group, expected) => {
  expect(renderGroup({ ...NOTHING, ...group })).toBe(expected);
});

it.each([
  ["one port", portSet([{ protocol: "TCP", first: 5432, last: 5432 }]), "TCP 5432"],
  [
    "ranges and protocols",
    portSet([
      { protocol: "UDP", first: 53, last: 53 },
      { protocol: "TCP", first: 80, last: 80 },
      { protocol: "TCP", first: 8000, last: 8999 },
    ]),
    "TCP 80,8000-8999 UDP 53",
  ],
  ["a whole protocol", portSet([{ protocol: "SCTP", first: 1, last: 65_535 }]), "all SCTP ports"],
  ["everything", ALL_PORTS, "all ports"],
  [
    "many",
    portSet([1, 3, 5, 7, 9, 11].map((port) => ({ protocol: "TCP", first: port, last: port }))),
    "TCP 1,3,5,7 and 2 more",
  ],
] as const)("ports: %s", (_, ports, expected) => {
  expect(renderPorts(ports)).toBe(expected);
});

function longFinding(index: number): Finding {
  return { path: "", message: `${index} ${"x".repeat(500)}`, help: "" };
}

it.each([
  ["few findings with what to do", 4, " (help: mend it)"],
  ["many findings without, for all of them to fit", 5, ""],
])("warnings are %s", async (_, count, end) => {
  const findings = Array.from({ length: count }, (__, index) => ({
    path: "spec",
    message: `problem ${index}`,
    help: "mend it",
  }));
  const rule = testRule("many-findings", { check: () => findings });
  const object = policy("tried/x", { podSelector: {}, policyTypes: ["Ingress"] });
  const world = createWorld({ rules: [rule], action: "Warn", announceChanges: false });
  const { warnings = [] } = await world.ask(review({ object }));
  expect(warnings).toEqual(findings.map(({ message }) => `many-findings: spec: ${message}${end}`));
});

it.each([
  [1, 9, true, "1 pod"],
  [214, 9, true, "214 pods"],
  [0, 9, true, "9 pods"],
  [214, 9, false, "at least 214 pods"],
])("pods are counted: %i to %i, all of them: %s", (from, to, complete, text) => {
  expect(renderPodCount({ groups: [], omitted: 0, from, to, complete })).toBe(text);
});

it("a warning that is too long loses the end of its help", async () => {
  const finding = { path: "spec", message: "too open", help: "mend ".repeat(100) };
  const rule = testRule("wordy", { check: () => [finding] });
  const object = policy("tried/x", { podSelector: {}, policyTypes: ["Ingress"] });
  const world = createWorld({ rules: [rule], action: "Warn", announceChanges: false });
  const [warning = ""] = (await world.ask(review({ object }))).warnings ?? [];
  expect(warning).toMatch(/^wordy: spec: too open \(help: mend .*…$/);
  expect(warning).toHaveLength(256);
});

it("a denial names the first problems and counts the rest", async () => {
  const rule = testRule("many-findings", {
    check: () => Array.from({ length: 30 }, (_, index) => longFinding(index)),
  });
  const object = policy("tried/x", { podSelector: {}, policyTypes: ["Ingress"] });
  const { status } = await createWorld({ rules: [rule] }).ask(review({ object }));
  const lines = status?.message.split("\n") ?? [];
  expect(lines[0]).toBe('NetworkPolicy tried/x denied by profile "custom": 30 problems');
  expect(lines).toContain("and 22 more");
  expect(Math.max(...lines.map((line) => line.length))).toBe(300);
  expect(lines.length).toBeLessThan(25);
});

it.each([
  [8, 8, null],
  [9, 8, "and 1 more"],
])("a denial of %i problems names %i of them", async (count, named, rest) => {
  const rule = testRule("many-findings", {
    check: () => Array.from({ length: count }, (_, index) => longFinding(index)),
  });
  const object = policy("tried/x", { podSelector: {}, policyTypes: ["Ingress"] });
  const { status } = await createWorld({ rules: [rule] }).ask(review({ object }));
  const lines = status?.message.split("\n") ?? [];
  expect(lines.filter((line) => /^\d+\. many-findings/.test(line))).toHaveLength(named);
  expect(lines.find((line) => line.startsWith("and ")) ?? null).toBe(rest);
});

it.each([
  [["a"], "a"],
  [["a", "b", "c"], "a, b, c"],
  [["a", "b", "c", "d"], "a, b, c, and 1 more"],
])("a list of %j is named as %s", (items, text) => {
  expect(renderList(items, ", ")).toBe(text);
});

it.each([
  [300, 300],
  [301, 300],
])("a problem of %i characters is one of %i", (length, expected) => {
  const message = "x".repeat(length - 3);
  const text = renderProblem({ path: "p", message });
  expect(text).toHaveLength(expected);
  expect(text.endsWith("…")).toBe(length > expected);
});
