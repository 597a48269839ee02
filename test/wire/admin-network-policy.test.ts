import { describe, expect, it } from "vitest";
import {
  parseAdminNetworkPolicy,
  parseBaselineAdminNetworkPolicy,
  unreadableAdminNetworkPolicy,
  unreadableBaselineAdminNetworkPolicy,
} from "../../src/wire/admin-network-policy.ts";
import { complaints, describePolicy, succeed } from "./describe-policy.ts";

const ALL = { namespaces: {} };
const admin = (spec: object) => ({
  metadata: { name: "guard" },
  spec: { priority: 5, subject: ALL, ...spec },
});
const baseline = (spec: object, name = "default") => ({
  metadata: { name },
  spec: { subject: ALL, ...spec },
});
const ingress = (rule: object) => admin({ ingress: [{ action: "Deny", from: [ALL], ...rule }] });

describe("what an AdminNetworkPolicy means", () => {
  it.each<[string, object, readonly string[]]>([
    [
      "Allow is what Accept is today",
      admin({
        ingress: [{ action: "Allow", from: [{ pods: { podSelector: {} } }] }],
        egress: [{ action: "Pass", to: [{ networks: ["0.0.0.0/0"] }] }],
      }),
      [
        "ingress",
        "spec.ingress[0] Accept [namespaces {} {}] on all",
        "egress",
        "spec.egress[0] Pass [0.0.0.0/0] on all",
      ],
    ],
    [
      "every kind of port; TCP is the default",
      ingress({
        ports: [
          { portNumber: { protocol: "UDP", port: 53 } },
          { portNumber: { port: 80 } },
          { portRange: { protocol: "SCTP", start: 1, end: 9 } },
          { namedPort: "web" },
        ],
      }),
      [
        "ingress",
        "spec.ingress[0] Deny [namespaces {} {}] on [UDP:53-53 TCP:80-80 SCTP:1-9 any:web]",
      ],
    ],
    [
      "an empty list of ports, which API servers let in: all",
      ingress({ ports: [] }),
      ["ingress", "spec.ingress[0] Deny [namespaces {} {}] on all"],
    ],
    [
      "peers of the earliest versions fail closed",
      ingress({ from: [{ namespaces: { sameLabels: ["team"] } }] }),
      ["ingress", "spec.ingress[0] Deny all on all"],
    ],
    [
      "an unknown kind of port fails closed",
      ingress({ action: "Allow", ports: [{ portSet: {} }] }),
      ["ingress", "spec.ingress[0] Deny [] on all"],
    ],
  ])("%s", (_name, raw, expected) => {
    const parsed = succeed(parseAdminNetworkPolicy(raw));
    expect(describePolicy(parsed.policy).slice(1)).toEqual(expected);
    expect(parsed.manifest).toBe(raw);
    expect(parsed.policy).toMatchObject({
      kind: "AdminNetworkPolicy",
      tier: "Admin",
      priority: 5,
      namespace: "",
      readable: true,
    });
  });
});

it("names the field that a newer API may know", () => {
  const spec = { egress: [{ action: "Deny", to: [ALL], ports: [{ portSet: {} }] }] };
  const told = [{ path: "spec.egress[0].ports[0].portSet" }];
  expect(succeed(parseAdminNetworkPolicy(admin(spec))).notices).toMatchObject(told);
  expect(succeed(parseBaselineAdminNetworkPolicy(baseline(spec))).notices).toMatchObject(told);
});

it("reads a BaselineAdminNetworkPolicy into the Baseline tier", () => {
  const raw = baseline({
    ingress: [{ action: "Deny", from: [ALL] }],
    egress: [{ action: "Allow", to: [ALL], ports: [{ namedPort: "dns" }] }],
  });
  const { policy, manifest } = succeed(parseBaselineAdminNetworkPolicy(raw));
  expect(manifest).toBe(raw);
  expect(policy).toMatchObject({
    kind: "BaselineAdminNetworkPolicy",
    tier: "Baseline",
    priority: 0,
  });
  expect(describePolicy(policy).slice(1)).toEqual([
    "ingress",
    "spec.ingress[0] Deny [namespaces {} {}] on all",
    "egress",
    "spec.egress[0] Accept [namespaces {} {}] on [any:dns]",
  ]);
});

const ONE = "exactly one field must be set";

describe("what the API server refuses is a problem with its path", () => {
  it.each<[string, object, readonly string[]]>([
    [
      "two kinds of port in one",
      ingress({ ports: [{ portNumber: { port: 1 }, namedPort: "a" }] }),
      [`spec.ingress[0].ports[0]: ${ONE}`],
    ],
    [
      "a range backwards",
      ingress({ ports: [{ portRange: { start: 10, end: 1 } }] }),
      ["spec.ingress[0].ports[0].portRange: `end` is less than `start`"],
    ],
    ["no peers", ingress({ from: [] }), ["spec.ingress[0].from: is empty"]],
    [
      "an action of v1alpha2",
      ingress({ action: "Accept" }),
      ["spec.ingress[0].action: `Accept` is not one of `Allow`, `Deny`, `Pass`"],
    ],
    [
      "no priority",
      admin({ priority: undefined }),
      ["spec.priority: is missing; expected a number"],
    ],
  ])("%s", (_name, raw, expected) => {
    expect(complaints(parseAdminNetworkPolicy(raw))).toEqual(expected);
  });

  it.each<[string, object, readonly string[]]>([
    [
      "Pass in the last tier of v1alpha1",
      baseline({ ingress: [{ action: "Pass", from: [ALL] }] }),
      ["spec.ingress[0].action: `Pass` is not one of `Allow`, `Deny`"],
    ],
    [
      "a second one",
      baseline({}, "other"),
      ["metadata.name: is not `default`, the only one there can be"],
    ],
    [
      "what belongs in `spec` beside it",
      { ...baseline({}), egress: [] },
      [
        "egress: unknown field `egress`; there is `apiVersion`, `kind`, `metadata`, `spec`, `status`",
      ],
    ],
    [
      "a priority",
      baseline({ priority: 1 }),
      ["spec.priority: unknown field `priority`; there is `subject`, `ingress`, `egress`"],
    ],
  ])("%s", (_name, raw, expected) => {
    expect(complaints(parseBaselineAdminNetworkPolicy(raw))).toEqual(expected);
  });
});

it("denies the subjects of stored policies that cannot be read", () => {
  const raw = admin({ ingress: "nobody" });
  expect(unreadableAdminNetworkPolicy(raw)).toMatchObject({
    kind: "AdminNetworkPolicy",
    tier: "Admin",
    priority: 5,
    readable: false,
  });
  expect(unreadableBaselineAdminNetworkPolicy(raw)).toMatchObject({
    kind: "BaselineAdminNetworkPolicy",
    tier: "Baseline",
    readable: false,
    ingress: { isolates: false, rules: [{ action: "Deny", peers: "all", ports: "all" }] },
  });
});
