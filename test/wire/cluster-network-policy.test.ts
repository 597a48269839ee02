import { describe, expect, it } from "vitest";
import {
  parseClusterNetworkPolicy,
  unreadableClusterNetworkPolicy,
} from "../../src/wire/cluster-network-policy.ts";
import { complaints, describePolicy, succeed } from "./describe-policy.ts";

const ALL = { namespaces: {} };
const policy = (spec: object) => ({
  metadata: { name: "guard" },
  spec: { tier: "Admin", priority: 10, subject: ALL, ...spec },
});
const ingress = (rule: object) => policy({ ingress: [{ action: "Deny", from: [ALL], ...rule }] });
const egress = (rule: object) => policy({ egress: [{ action: "Accept", to: [ALL], ...rule }] });
const team = { matchLabels: { team: "a" } };

describe("what a ClusterNetworkPolicy means", () => {
  it.each<[string, object, readonly string[]]>([
    [
      "subjects: all pods of namespaces",
      policy({ subject: { namespaces: team } }),
      ["subject namespaces {team=a} {}"],
    ],
    [
      "subjects: pods in namespaces; a missing selector is an empty one",
      policy({ subject: { pods: { podSelector: team } } }),
      ["subject namespaces {} {team=a}"],
    ],
    [
      "no isolation: empty lists of rules have no effect",
      policy({ ingress: [], egress: null }),
      ["subject namespaces {} {}"],
    ],
    [
      "rules in order, each with its action",
      policy({
        ingress: [
          { action: "Pass", from: [{ namespaces: team }] },
          { name: "rest", action: "Deny", from: [ALL] },
        ],
      }),
      [
        "subject namespaces {} {}",
        "ingress",
        "spec.ingress[0] Pass [namespaces {team=a} {}] on all",
        "spec.ingress[1] Deny [namespaces {} {}] on all",
      ],
    ],
    [
      "every kind of peer",
      egress({
        to: [
          { pods: { namespaceSelector: team, podSelector: { matchLabels: { app: "db" } } } },
          { pods: {}, namespaces: null },
          { networks: ["10.0.0.0/8", "fd00::/8"] },
          { nodes: { matchExpressions: [{ key: "gpu", operator: "Exists" }] } },
          { domainNames: ["*.example.com"] },
        ],
      }),
      [
        "subject namespaces {} {}",
        "egress",
        "spec.egress[0] Accept [namespaces {team=a} {app=db} | namespaces {} {} | 10.0.0.0/8 | fd00::/8 | nodes {gpu Exists} | *.example.com] on all",
      ],
    ],
    [
      "every kind of port",
      ingress({
        protocols: [
          { tcp: { destinationPort: { number: 80 } } },
          { udp: { destinationPort: { range: { start: 1, end: 65_535 } } } },
          { sctp: { destinationPort: { number: 9 } } },
          { destinationNamedPort: "web" },
        ],
      }),
      [
        "subject namespaces {} {}",
        "ingress",
        "spec.ingress[0] Deny [namespaces {} {}] on [TCP:80-80 UDP:1-65535 SCTP:9-9 any:web]",
      ],
    ],
  ])("%s", (_name, raw, expected) => {
    const parsed = succeed(parseClusterNetworkPolicy(raw));
    expect(describePolicy(parsed.policy)).toEqual(expected);
    expect(parsed.notices).toEqual([]);
    expect(parsed.manifest).toBe(raw);
    expect(parsed.policy).toMatchObject({
      kind: "ClusterNetworkPolicy",
      namespace: "",
      name: "guard",
      tier: "Admin",
      priority: 10,
      readable: true,
    });
  });
});

describe("a field of a newer API fails closed", () => {
  const nothing = ["spec.ingress[0] Deny [] on all", "accepting nothing"] as const;
  const everything = ["spec.ingress[0] Deny all on all", "denying everything"] as const;
  it.each<[string, object, readonly [string, string], string]>([
    [
      "Accept from an unknown peer",
      { action: "Accept", from: [{ ufo: {} }] },
      nothing,
      "from[0].ufo: `ufo`; there is `namespaces`, `pods`",
    ],
    [
      "Accept from a known and an unknown peer",
      { action: "Accept", from: [ALL, { ufo: {} }] },
      nothing,
      "from[1].ufo: `ufo`; there is `namespaces`, `pods`",
    ],
    [
      "Deny from an unknown peer",
      { from: [{ ufo: {} }] },
      everything,
      "from[0].ufo: `ufo`; there is `namespaces`, `pods`",
    ],
    [
      "Pass from an unknown peer",
      { action: "Pass", from: [{ ufo: {}, pods: null }] },
      everything,
      "from[0].ufo: `ufo`; there is `namespaces`, `pods`",
    ],
    [
      "an egress peer in an ingress rule",
      { from: [{ networks: ["10.0.0.0/8"] }] },
      everything,
      "from[0].networks: `networks`; there is `namespaces`, `pods`",
    ],
    [
      "a selector with an unknown field",
      { from: [{ namespaces: { matchLabels: { odd: "x" }, sameLabels: ["team"] } }] },
      everything,
      "from[0].namespaces.sameLabels: `sameLabels`; there is `matchLabels`, `matchExpressions`",
    ],
    [
      "pods with an unknown field",
      { from: [{ pods: { podSelector: {}, sameNode: true } }] },
      everything,
      "from[0].pods.sameNode: `sameNode`; there is `namespaceSelector`, `podSelector`",
    ],
    [
      "pods with a typo in a selector",
      { from: [{ pods: { podSelector: { matchLables: {} } } }] },
      everything,
      "from[0].pods.podSelector.matchLables: `matchLables`; did you mean `matchLabels`?",
    ],
    [
      "a peer called as what every JavaScript object has",
      { from: [{ constructor: {} }] },
      everything,
      "from[0].constructor: `constructor`; there is `namespaces`, `pods`",
    ],
    [
      "an unknown protocol",
      { protocols: [{ icmp: {} }] },
      everything,
      "protocols[0].icmp: `icmp`; did you mean `tcp`?",
    ],
    [
      "an unknown attribute of a protocol",
      { action: "Accept", protocols: [{ tcp: { sourcePort: { number: 1 } } }] },
      nothing,
      "protocols[0].tcp.sourcePort: `sourcePort`; there is `destinationPort`",
    ],
  ])("%s", (_name, rule, [expected, reading], told) => {
    const parsed = succeed(parseClusterNetworkPolicy(ingress(rule)));
    expect(describePolicy(parsed.policy).at(-1)).toBe(expected);
    const [path = "", unknown = ""] = told.split(": ");
    expect(parsed.notices).toEqual([
      {
        code: "NP_E_SCHEMA",
        path: `spec.ingress[0].${path}`,
        message: `the rule is read as ${reading} because of an unknown field ${unknown}`,
      },
    ]);
  });

  it("of which nothing is told but that it is there where it has no value", () => {
    const rule = { from: [{ pods: { podSelector: {}, newer: null } }] };
    expect(succeed(parseClusterNetworkPolicy(ingress(rule))).notices).toEqual([
      {
        code: "NP_E_SCHEMA",
        path: "spec.ingress[0]",
        message: "the rule is read as denying everything because of an unknown field",
      },
    ]);
  });

  it("in nodes, too", () => {
    const parsed = succeed(parseClusterNetworkPolicy(egress({ to: [{ nodes: { fancy: 1 } }] })));
    expect(describePolicy(parsed.policy).at(-1)).toBe("spec.egress[0] Deny [] on all");
  });
});

describe("what is read, although API servers or implementations may not", () => {
  it.each<[string, object, string, string]>([
    [
      "`tcp: {}`, all its ports",
      egress({ protocols: [{ tcp: {} }] }),
      "spec.egress[0] Accept [namespaces {} {}] on [TCP:1-65535]",
      "spec.egress[0].protocols[0].tcp",
    ],
    [
      "a named port beside networks",
      egress({ to: [{ networks: ["10.0.0.0/8"] }], protocols: [{ destinationNamedPort: "web" }] }),
      "spec.egress[0] Accept [10.0.0.0/8] on [any:web]",
      "spec.egress[0]",
    ],
    [
      "domain names that are denied",
      egress({ action: "Deny", to: [{ domainNames: ["example.com"] }] }),
      "spec.egress[0] Deny [example.com] on all",
      "spec.egress[0]",
    ],
  ])("%s", (_name, raw, expected, path) => {
    const parsed = succeed(parseClusterNetworkPolicy(raw));
    expect(describePolicy(parsed.policy).at(-1)).toBe(expected);
    expect(parsed.notices).toMatchObject([{ path }]);
  });
});

const ONE = "exactly one field must be set";
const many = <T>(count: number, item: T) => Array.from({ length: count }, () => item);

describe("what the API server refuses is a problem with its path", () => {
  it.each<[string, unknown, readonly string[]]>([
    [
      "no tier",
      policy({ tier: undefined }),
      ["spec.tier: is missing; expected `Admin`, `Baseline`"],
    ],
    [
      "a tier that there is not",
      policy({ tier: "Top" }),
      ["spec.tier: `Top` is not one of `Admin`, `Baseline`"],
    ],
    ["priority 1001", policy({ priority: 1001 }), ["spec.priority: is not from 0 to 1000"]],
    ["priority -1", policy({ priority: -1 }), ["spec.priority: is not from 0 to 1000"]],
    ["no subject", policy({ subject: {} }), [`spec.subject: ${ONE}`]],
    ["two subjects", policy({ subject: { namespaces: {}, pods: {} } }), [`spec.subject: ${ONE}`]],
    [
      "what belongs in `spec` beside it",
      { ...policy({}), priority: 5 },
      [
        "priority: unknown field `priority`; there is `apiVersion`, `kind`, `metadata`, `spec`, `status`",
      ],
    ],
    [
      "an unknown field of the subject",
      policy({ subject: { namespaces: {}, ufo: 1 } }),
      ["spec.subject.ufo: unknown field `ufo`; there is `namespaces`, `pods`"],
    ],
    [
      "an action of v1alpha1",
      ingress({ action: "Allow" }),
      ["spec.ingress[0].action: `Allow` is not one of `Accept`, `Deny`, `Pass`"],
    ],
    [
      "no `from`",
      ingress({ from: undefined }),
      ["spec.ingress[0].from: is missing; expected a list"],
    ],
    ["an empty `from`", ingress({ from: [] }), ["spec.ingress[0].from: is empty"]],
    ["26 peers", ingress({ from: many(26, ALL) }), ["spec.ingress[0].from: takes 25 at most"]],
    ["an empty peer", ingress({ from: [{}] }), [`spec.ingress[0].from[0]: ${ONE}`]],
    [
      "a peer of two fields",
      ingress({ from: [{ ...ALL, pods: {} }] }),
      [`spec.ingress[0].from[0]: ${ONE}`],
    ],
    ["an empty `protocols`", ingress({ protocols: [] }), ["spec.ingress[0].protocols: is empty"]],
    ["an empty protocol", ingress({ protocols: [{}] }), [`spec.ingress[0].protocols[0]: ${ONE}`]],
    [
      "a destination port of nothing, or of both",
      ingress({
        protocols: [
          { tcp: { destinationPort: {} } },
          { udp: { destinationPort: { number: 1, range: { start: 1, end: 2 } } } },
        ],
      }),
      [
        `spec.ingress[0].protocols[0].tcp.destinationPort: ${ONE}`,
        `spec.ingress[0].protocols[1].udp.destinationPort: ${ONE}`,
      ],
    ],
    [
      "a range of one",
      ingress({ protocols: [{ tcp: { destinationPort: { range: { start: 5, end: 5 } } } }] }),
      ["spec.ingress[0].protocols[0].tcp.destinationPort.range: `start` must be less than `end`"],
    ],
    [
      "26 rules",
      policy({ egress: many(26, { action: "Deny", to: [ALL] }) }),
      ["spec.egress: takes 25 at most"],
    ],
    [
      "a bad CIDR",
      egress({ to: [{ networks: ["10/8"] }] }),
      ["spec.egress[0].to[0].networks[0]: `10/8` is not a CIDR"],
    ],
    [
      "a bad domain name",
      egress({ to: [{ domainNames: ["example.*"] }] }),
      ["spec.egress[0].to[0].domainNames[0]: `example.*` is not a domain name"],
    ],
    [
      "an unknown field of a rule, which could only narrow it",
      ingress({ unless: [] }),
      [
        "spec.ingress[0].unless: unknown field `unless`; there is `name`, `action`, `protocols`, `from`",
      ],
    ],
  ])("%s", (_name, raw, expected) => {
    expect(complaints(parseClusterNetworkPolicy(raw))).toEqual(expected);
  });
});

describe("a stored policy that cannot be read denies its subjects everything", () => {
  const denied = ["ingress", "spec Deny all on all", "egress", "spec Deny all on all"];
  it("as far as can be told which, where and when", () => {
    const raw = policy({
      tier: "Baseline",
      priority: 7,
      subject: { namespaces: team },
      ingress: 1,
    });
    const unreadable = unreadableClusterNetworkPolicy(raw);
    expect(describePolicy(unreadable)).toEqual(["subject namespaces {team=a} {}", ...denied]);
    expect(unreadable).toMatchObject({
      name: "guard",
      tier: "Baseline",
      priority: 7,
      readable: false,
    });
  });

  it("else all pods, before everything else", () => {
    const unreadable = unreadableClusterNetworkPolicy(null);
    expect(describePolicy(unreadable)).toEqual(["subject namespaces {} {}", ...denied]);
    expect(unreadable).toMatchObject({ name: "", tier: "Admin", priority: 0, readable: false });
  });
});
