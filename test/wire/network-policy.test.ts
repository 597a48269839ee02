import { describe, expect, it } from "vitest";
import {
  impliedPolicyTypes,
  parseNetworkPolicy,
  unreadableNetworkPolicy,
} from "../../src/wire/network-policy.ts";
import { complaints, describePolicy, succeed } from "./describe-policy.ts";

const named = (spec: unknown) => ({ metadata: { name: "web", namespace: "shop" }, spec });
const ingressFrom = (...from: unknown[]) => named({ ingress: [{ from }] });
const ingressPorts = (...ports: unknown[]) => named({ ingress: [{ ports }] });
const EVERYBODY = "spec.ingress[0] Accept all on all";

describe("what an absent, empty or null field means", () => {
  it.each<[string, unknown, readonly string[]]>([
    ["no spec isolates every pod of the namespace for ingress", undefined, ["ingress isolates"]],
    ["a null spec likewise", null, ["ingress isolates"]],
    ["no policyTypes and no rules: ingress", { podSelector: {} }, ["ingress isolates"]],
    [
      "no policyTypes and an egress rule: both",
      { egress: [{}] },
      ["ingress isolates", "egress isolates", "spec.egress[0] Accept all on all"],
    ],
    ["no policyTypes and an empty egress list: ingress only", { egress: [] }, ["ingress isolates"]],
    ["empty policyTypes are absent ones", { policyTypes: [] }, ["ingress isolates"]],
    ["policyTypes Egress: deny all egress", { policyTypes: ["Egress"] }, ["egress isolates"]],
    [
      "rules of a direction that policyTypes leaves out are inert",
      { policyTypes: ["Egress"], ingress: [{}] },
      ["egress isolates"],
    ],
    ["an empty rule admits everybody", { ingress: [{}] }, ["ingress isolates", EVERYBODY]],
    ["an empty `from` likewise", { ingress: [{ from: [] }] }, ["ingress isolates", EVERYBODY]],
    ["a null `from` likewise", { ingress: [{ from: null }] }, ["ingress isolates", EVERYBODY]],
    ["an empty `ports` likewise", { ingress: [{ ports: [] }] }, ["ingress isolates", EVERYBODY]],
    ["a null list of rules admits nobody", { ingress: null }, ["ingress isolates"]],
    [
      "a rule that is a bare dash, which YAML makes null, admits everybody",
      { ingress: [null] },
      ["ingress isolates", EVERYBODY],
    ],
    ["one type twice is that type", { policyTypes: ["Egress", "Egress"] }, ["egress isolates"]],
  ])("%s", (_name, spec, expected) => {
    const { policy, notices } = succeed(parseNetworkPolicy(named(spec)));
    expect(describePolicy(policy)).toEqual(["subject shop {}", ...expected]);
    expect(policy.readable).toBe(true);
    expect(notices).toEqual([]);
  });
});

describe("peers", () => {
  it.each<[string, unknown, string]>([
    ["podSelector alone: the policy's own namespace", { podSelector: {} }, "shop {}"],
    ["namespaceSelector alone: all pods there", { namespaceSelector: {} }, "namespaces {} {}"],
    [
      "both: AND",
      {
        namespaceSelector: { matchLabels: { team: "a" } },
        podSelector: { matchLabels: { app: "db" } },
      },
      "namespaces {team=a} {app=db}",
    ],
    ["a null selector is an absent one", { podSelector: {}, namespaceSelector: null }, "shop {}"],
    [
      "matchLabels and matchExpressions: AND",
      {
        podSelector: {
          matchLabels: { app: "a" },
          matchExpressions: [
            { key: "env", operator: "NotIn", values: ["dev", "test"] },
            { key: "x.io/tier", operator: "Exists" },
            { key: "old", operator: "DoesNotExist", values: [] },
          ],
        },
      },
      "shop {app=a, env NotIn dev,test, x.io/tier Exists, old DoesNotExist}",
    ],
    [
      "a label without a value, which YAML makes null: the empty one",
      { podSelector: { matchLabels: { app: null } } },
      "shop {app=}",
    ],
    [
      "label keys that JavaScript objects have of themselves",
      { podSelector: { matchLabels: { constructor: "a", toString: "b" } } },
      "shop {constructor=a, toString=b}",
    ],
    ["ipBlock: host bits are masked", { ipBlock: { cidr: "10.1.2.3/8" } }, "10.0.0.0/8"],
    [
      "ipBlock: an exception is a hole",
      { ipBlock: { cidr: "10.0.0.0/30", except: ["10.0.0.1/32"] } },
      "10.0.0.0/32 10.0.0.2/31",
    ],
    [
      "ipBlock: exceptions may overlap",
      { ipBlock: { cidr: "fd00::/126", except: ["fd00::/127", "fd00::1/128"] } },
      "fd00::2/127",
    ],
    [
      "ipBlock: an IPv4 network inside IPv6",
      { ipBlock: { cidr: "::ffff:10.0.0.0/104" } },
      "10.0.0.0/8",
    ],
    [
      "ipBlock: exceptions may leave nothing",
      { ipBlock: { cidr: "10.0.0.0/8", except: ["10.0.0.0/9", "10.128.0.0/9"] } },
      "",
    ],
  ])("%s", (_name, peer, expected) => {
    const { policy } = succeed(parseNetworkPolicy(ingressFrom(peer)));
    expect(describePolicy(policy).at(-1)).toBe(`spec.ingress[0] Accept [${expected}] on all`);
  });

  it("are the same in egress rules", () => {
    const spec = { egress: [{ to: [{ podSelector: {} }] }, { ports: [{ port: 53 }] }] };
    expect(describePolicy(succeed(parseNetworkPolicy(named(spec))).policy).slice(-2)).toEqual([
      "spec.egress[0] Accept [shop {}] on all",
      "spec.egress[1] Accept all on [TCP:53-53]",
    ]);
  });
});

describe("ports", () => {
  it.each<[string, unknown, string]>([
    ["an empty entry: all ports of TCP", {}, "TCP:1-65535"],
    ["an entry that is a bare dash likewise", null, "TCP:1-65535"],
    ["a null protocol: TCP", { protocol: null, port: 80 }, "TCP:80-80"],
    ["protocol alone: all its ports", { protocol: "SCTP" }, "SCTP:1-65535"],
    ["a range", { protocol: "UDP", port: 1000, endPort: 2000 }, "UDP:1000-2000"],
    ["a range of one", { port: 80, endPort: 80 }, "TCP:80-80"],
    ["the ends of what there is", { port: 1, endPort: 65_535 }, "TCP:1-65535"],
    ["a name", { port: "http-alt", protocol: "UDP" }, "UDP:http-alt"],
  ])("%s", (_name, port, expected) => {
    const { policy } = succeed(parseNetworkPolicy(ingressPorts(port)));
    expect(describePolicy(policy).at(-1)).toBe(`spec.ingress[0] Accept all on [${expected}]`);
  });
});

const PEER = "spec.ingress[0].from[0]";
const PORT = "spec.ingress[0].ports[0]";

describe("what the API server refuses is a problem with its path", () => {
  it.each<[string, unknown, readonly string[]]>([
    [
      "an empty peer",
      ingressFrom({}),
      [
        `${PEER}: selects nobody: name a \`podSelector\`, a \`namespaceSelector\` or an \`ipBlock\``,
      ],
    ],
    [
      "a peer of nulls",
      ingressFrom({ podSelector: null }),
      [
        `${PEER}: selects nobody: name a \`podSelector\`, a \`namespaceSelector\` or an \`ipBlock\``,
      ],
    ],
    [
      "a peer that is a bare dash",
      ingressFrom(null),
      [
        `${PEER}: selects nobody: name a \`podSelector\`, a \`namespaceSelector\` or an \`ipBlock\``,
      ],
    ],
    [
      "an ipBlock beside a selector",
      ingressFrom({ ipBlock: { cidr: "10.0.0.0/8" }, podSelector: {} }),
      [`${PEER}: \`ipBlock\` cannot stand beside a selector`],
    ],
    [
      "a field that there is not",
      ingressFrom({ podSelecter: {}, podSelector: {} }),
      [`${PEER}.podSelecter: unknown field \`podSelecter\`; did you mean \`podSelector\`?`],
    ],
    [
      "what belongs in `spec` beside it",
      { ...named(null), podSelector: {}, Ingress: [] },
      ["podSelector", "Ingress"].map(
        (key) =>
          `${key}: unknown field \`${key}\`; there is \`apiVersion\`, \`kind\`, \`metadata\`, \`spec\`, \`status\``,
      ),
    ],
    [
      "a `spec` in `metadata`",
      { metadata: { name: "web", spec: { podSelector: {} } } },
      ["metadata.spec: belongs beside `metadata`"],
    ],
    [
      "no CIDR",
      ingressFrom({ ipBlock: {} }),
      [`${PEER}.ipBlock.cidr: is missing; expected a string`],
    ],
    [
      "a bad CIDR",
      ingressFrom({ ipBlock: { cidr: "10.0.0.300/8" } }),
      [`${PEER}.ipBlock.cidr: \`10.0.0.300/8\` is not a CIDR`],
    ],
    [
      "an exception outside, as large, of the other family, or none",
      ingressFrom({
        ipBlock: { cidr: "10.0.0.0/8", except: ["11.0.0.0/16", "10.0.0.0/8", "fd00::/64"] },
      }),
      [0, 1, 2].map((i) => `${PEER}.ipBlock.except[${i}]: is not a strict subset of \`cidr\``),
    ],
    [
      "a bad exception",
      ingressFrom({ ipBlock: { cidr: "10.0.0.0/8", except: ["10.0.0.0"] } }),
      [`${PEER}.ipBlock.except[0]: \`10.0.0.0\` is not a CIDR`],
    ],
    ["port 0", ingressPorts({ port: 0 }), [`${PORT}.port: \`0\` is not a port: 1 to 65535`]],
    [
      "port 65536",
      ingressPorts({ port: 65_536 }),
      [`${PORT}.port: \`65536\` is not a port: 1 to 65535`],
    ],
    [
      "half a port",
      ingressPorts({ port: 1.5 }),
      [`${PORT}.port: \`1.5\` is not a port: 1 to 65535`],
    ],
    [
      "a port that is a list",
      ingressPorts({ port: [80] }),
      [`${PORT}.port: is neither a number nor a port name`],
    ],
    [
      "a number in quotes",
      ingressPorts({ port: "80" }),
      [`${PORT}.port: \`"80"\` is a name in quotes; a port number stands without them`],
    ],
    ...["http--alt", "-http", "HTTP", "a-name-too-long-by-1"].map(
      (name): [string, unknown, readonly string[]] => [
        `the port name ${name}`,
        ingressPorts({ port: name }),
        [
          `${PORT}.port: \`${name}\` is not a port name: up to 15 of \`a-z\`, \`0-9\`, \`-\`, with a letter`,
        ],
      ],
    ),
    [
      "endPort before port",
      ingressPorts({ port: 80, endPort: 79 }),
      [`${PORT}.endPort: \`79\` is less than \`port\``],
    ],
    [
      "endPort without port",
      ingressPorts({ endPort: 80 }),
      [`${PORT}.endPort: needs \`port\` to be a number`],
    ],
    [
      "endPort with a name",
      ingressPorts({ port: "web", endPort: 80 }),
      [`${PORT}.endPort: needs \`port\` to be a number`],
    ],
    [
      "endPort 65536",
      ingressPorts({ port: 80, endPort: 65_536 }),
      [`${PORT}.endPort: \`65536\` is not a port: 1 to 65535`],
    ],
    ...["ICMP", "tcp", ""].map((protocol): [string, unknown, readonly string[]] => [
      `the protocol \`${protocol}\``,
      ingressPorts({ protocol, port: 80 }),
      [`${PORT}.protocol: \`${protocol}\` is not one of \`TCP\`, \`UDP\`, \`SCTP\``],
    ]),
    [
      "a policy type that there is not",
      named({ policyTypes: ["ingress"] }),
      ["spec.policyTypes[0]: `ingress` is not one of `Ingress`, `Egress`"],
    ],
    [
      "three policy types",
      named({ policyTypes: ["Ingress", "Egress", "Ingress"] }),
      ["spec.policyTypes: takes 2 at most"],
    ],
    [
      "rules that are no list",
      named({ ingress: { from: [] } }),
      ["spec.ingress: an object is not a list"],
    ],
    [
      "`to` in an ingress rule",
      named({ ingress: [{ to: [] }] }),
      ["spec.ingress[0].to: unknown field `to`; there is `from`, `ports`"],
    ],
    [
      "a bad label key and value",
      named({ podSelector: { matchLabels: { "a b": "c d" } } }),
      [
        'spec.podSelector.matchLabels["a b"]: `a b` is not a label key',
        'spec.podSelector.matchLabels["a b"]: `c d` is not a label value',
      ],
    ],
    [
      "a label that is a number",
      named({ podSelector: { matchLabels: { app: 1 } } }),
      ["spec.podSelector.matchLabels.app: value of `app` is not a string; put it in quotes"],
    ],
    [
      "labels that are a list",
      named({ podSelector: { matchLabels: ["app"] } }),
      ["spec.podSelector.matchLabels: is not an object"],
    ],
    [
      "`__proto__` as a label key, which would else be lost and select everything",
      named({ podSelector: { matchLabels: JSON.parse('{"__proto__": "x"}') as unknown } }),
      ["spec.podSelector.matchLabels.__proto__: `__proto__` is not a label key"],
    ],
    [
      "a label key with an empty prefix or a name too long",
      named({ podSelector: { matchLabels: { "/a": "", [`x.io/${"n".repeat(64)}`]: "" } } }),
      [
        'spec.podSelector.matchLabels["/a"]: `/a` is not a label key',
        `spec.podSelector.matchLabels["x.io/${"n".repeat(64)}"]: \`x.io/${"n".repeat(64)}\` is not a label key`,
      ],
    ],
    [
      "expressions with values where there are none to be, and the other way round",
      named({
        podSelector: {
          matchExpressions: [
            { key: "a", operator: "In" },
            { key: "b", operator: "NotIn", values: [] },
            { key: "c", operator: "Exists", values: ["x"] },
            { key: "d", operator: "DoesNotExist", values: ["x"] },
            { key: "e f", operator: "In", values: ["ok", "not ok"] },
          ],
        },
      }),
      [
        "spec.podSelector.matchExpressions[0].values: operator `In` needs at least one value",
        "spec.podSelector.matchExpressions[1].values: operator `NotIn` needs at least one value",
        "spec.podSelector.matchExpressions[2].values: operator `Exists` takes no values",
        "spec.podSelector.matchExpressions[3].values: operator `DoesNotExist` takes no values",
        "spec.podSelector.matchExpressions[4].key: `e f` is not a label key",
        "spec.podSelector.matchExpressions[4].values[1]: `not ok` is not a label value",
      ],
    ],
    [
      "an operator that there is not",
      named({ podSelector: { matchExpressions: [{ key: "a", operator: "Gt", values: ["1"] }] } }),
      [
        "spec.podSelector.matchExpressions[0].operator: `Gt` is not one of `In`, `NotIn`, `Exists`, `DoesNotExist`",
      ],
    ],
    ["no name", { metadata: {}, spec: {} }, ["metadata.name: is missing"]],
    ["no metadata", { spec: {} }, ["metadata: is missing; expected an object"]],
    ["no object", "web", [": `web` is not an object"]],
    ["another kind", { ...named({}), kind: "Pod" }, ["kind: `Pod` is not `NetworkPolicy`"]],
    [
      "an earlier version",
      { ...named({}), apiVersion: "networking.k8s.io/v1beta1" },
      ["apiVersion: `networking.k8s.io/v1beta1` is not `networking.k8s.io/v1`"],
    ],
  ])("%s", (_name, raw, expected) => {
    expect(complaints(parseNetworkPolicy(raw))).toEqual(expected);
  });

  it("says everything at once", () => {
    const raw = named({
      podSelecter: {},
      ingress: [{ from: [{}], ports: [{ port: 0 }] }],
      egress: [{ to: [{ ipBlock: { cidr: "x" } }] }],
    });
    expect(complaints(parseNetworkPolicy(raw))).toHaveLength(4);
  });
});

describe("names", () => {
  it("takes the namespace it is given where the object names none", () => {
    const raw = { metadata: { name: "web", namespace: "" }, spec: {} };
    expect(succeed(parseNetworkPolicy(raw, "dev")).policy.namespace).toBe("dev");
    expect(succeed(parseNetworkPolicy(raw)).policy.namespace).toBe("default");
  });

  it("has a stand-in before the name is made from generateName", () => {
    const { policy, notices } = succeed(parseNetworkPolicy({ metadata: { generateName: "web-" } }));
    expect(policy.name).toBe("web-");
    expect(notices).toEqual([]);
  });

  it("reads a policy of a name that API servers refuse, and says so", () => {
    const { notices } = succeed(parseNetworkPolicy({ metadata: { name: "My_policy" } }));
    expect(notices.map(({ path }) => path)).toEqual(["metadata.name"]);
  });

  it.each(["", ".", "..", "a/b", "a%20b"])("refuses %j, which no URL could name", (name) => {
    expect(complaints(parseNetworkPolicy({ metadata: { name } }))).toHaveLength(1);
  });
});

it("hands the manifest on as it came", () => {
  const raw = { ...named({}), status: { unknown: true } };
  expect(succeed(parseNetworkPolicy(raw)).manifest).toBe(raw);
});

describe("a stored policy that cannot be read isolates and allows nothing", () => {
  it.each<[string, unknown, readonly string[]]>([
    [
      "its own pods, where they can be told",
      { podSelector: { matchLabels: { app: "a" } }, ingress: [{ from: [{}] }] },
      ["subject shop {app=a}", "ingress isolates", "egress isolates"],
    ],
    [
      "in the directions it names, where they can be told",
      { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ from: [{}] }] },
      ["subject shop {}", "ingress isolates"],
    ],
    [
      "in both, where it names none",
      { podSelector: {}, policyTypes: [], ingress: 1 },
      ["subject shop {}", "ingress isolates", "egress isolates"],
    ],
    [
      "all pods of its namespace, where they cannot",
      { podSelector: { matchLabels: { "a b": "" } }, policyTypes: ["Sideways"] },
      ["subject shop {}", "ingress isolates", "egress isolates"],
    ],
    ["all pods, where nothing can", 7, ["subject shop {}", "ingress isolates", "egress isolates"]],
  ])("%s", (_name, spec, expected) => {
    const policy = unreadableNetworkPolicy(named(spec));
    expect(describePolicy(policy)).toEqual(expected);
    expect(policy).toMatchObject({ name: "web", namespace: "shop", readable: false });
  });

  it("whatever it is", () => {
    expect(unreadableNetworkPolicy("nonsense", "dev")).toMatchObject({
      name: "",
      namespace: "dev",
    });
  });
});

it("tells implied policy types from given ones", () => {
  expect(impliedPolicyTypes({ policyTypes: ["Egress"], egress: [] })).toEqual(["Egress"]);
  expect(impliedPolicyTypes({ policyTypes: null, egress: [{}] })).toEqual(["Ingress", "Egress"]);
  expect(impliedPolicyTypes({})).toEqual(["Ingress"]);
});
