import { describe, expect, it } from "vitest";
import { formatRange } from "../../src/engine/address.ts";
import { builtInProfiles } from "../../src/resources/profile.ts";
import { parseResource, type Resource } from "../../src/resources/resource.ts";
import { complaints, succeed } from "../wire/describe-policy.ts";

const document = (kind: string, spec: unknown, metadata: object = { name: "ours" }) => ({
  apiVersion: "ringfence.dev/v1alpha1",
  kind,
  metadata: { uid: "1", labels: { team: "a" }, ...metadata },
  spec,
});
const rule = { id: "open-world", action: "Deny" };
const custom = { id: "mine", action: "Warn", onFault: "Deny", expression: "true" };
const flows = { from: [{ world: true }], to: [{ namespaces: { matchLabels: { pci: "yes" } } }] };
const invariant = (spec: object) => document("Invariant", { description: "why", ...spec });
const exemption = (spec: object) =>
  document(
    "Exemption",
    { reason: "r", owner: "o", expires: "2030-01-31T00:00:00Z", ...spec },
    { name: "e", namespace: "shop" },
  );
const policies = [{ name: "p", spec: { podSelector: {} } }];

function read<K extends Resource["kind"]>(raw: unknown, kind: K): Extract<Resource, { kind: K }> {
  const resource = succeed(parseResource(raw));
  if (resource.kind !== kind) throw new Error(`it is a ${resource.kind}`);
  return resource as Extract<Resource, { kind: K }>;
}

describe("a resource is read with what it need not say", () => {
  it("a Profile", () => {
    expect(
      read(document("Profile", { rules: [rule], customRules: [custom] }), "Profile"),
    ).toMatchObject({
      kind: "Profile",
      name: "ours",
      extends: null,
      baseline: null,
      announceChanges: null,
      maxExemptionDays: null,
      rules: [{ ...rule, parameters: {}, match: null }],
      customRules: [
        { ...custom, kinds: ["NetworkPolicy"], operations: ["CREATE", "UPDATE"], match: null },
      ],
    });
    expect(read(document("Profile", {}), "Profile").rules).toEqual([]);
  });

  it("an Invariant, each end in the words of the engine", () => {
    const ports = [{ port: 8200 }, { protocol: "UDP" }, { protocol: "SCTP", port: 1, endPort: 9 }];
    const to = [
      { pods: { podSelector: { matchLabels: { app: "vault" } } } },
      { addresses: ["10.0.0.0/8", "fd00::/8"] },
    ];
    const held = read(invariant({ mustReach: { ...flows, to, ports } }), "Invariant");
    expect(held).toMatchObject({
      name: "ours",
      description: "why",
      action: "Deny",
      onUnknown: "Warn",
      claim: {
        sense: "open",
        from: [{ kind: "world" }],
        ports: [
          { protocol: "TCP", first: 8200, last: 8200 },
          { protocol: "UDP", first: 1, last: 65_535 },
          { protocol: "SCTP", first: 1, last: 9 },
        ],
      },
    });
    const [pods, addresses] = held.claim.to;
    const app = { key: "app", operator: "In", values: ["vault"] };
    const everywhere = { kind: "selector", selector: [] };
    expect(pods).toEqual({ kind: "pods", selection: { namespaces: everywhere, pods: [app] } });
    expect(addresses?.kind === "addresses" && addresses.ranges.map(formatRange)).toEqual([
      "10.0.0.0/8",
      "fd00::/8",
    ]);
    const open = read(invariant({ mustNotReach: flows }), "Invariant");
    expect(open.claim).toMatchObject({ sense: "closed", ports: "all" });
  });

  it("a Baseline", () => {
    expect(read(document("Baseline", { policies }), "Baseline")).toMatchObject({
      name: "ours",
      policies: [{ name: "p", labels: new Map(), spec: { podSelector: {} } }],
    });
  });

  it("an Exemption, its end as a time", () => {
    expect(read(exemption({ rules: ["open-world"] }), "Exemption")).toMatchObject({
      namespace: "shop",
      rules: ["open-world"],
      invariants: [],
      policySelector: [],
      namespaceSelector: null,
      expiresMs: Date.UTC(2030, 0, 31),
      createdMs: null,
      uid: "1",
    });
  });
});

it.each<[string, unknown, readonly string[]]>([
  ["nothing", null, ["apiVersion: is missing; expected `ringfence.dev/v1alpha1`"]],
  [
    "another kind",
    document("Policy", {}),
    ["kind: `Policy` is not one of `Profile`, `Invariant`, `Baseline`, `Exemption`"],
  ],
  [
    "another version",
    { ...document("Profile", {}), apiVersion: "ringfence.dev/v1" },
    ["apiVersion: `ringfence.dev/v1` is not `ringfence.dev/v1alpha1`"],
  ],
  [
    "a typo",
    document("Profile", { anounceChanges: false }),
    ["spec.anounceChanges: unknown field `anounceChanges`; did you mean `announceChanges`?"],
  ],
  [
    "a typo in a rule",
    document("Profile", { rules: [{ ...rule, parameter: {} }] }),
    ["spec.rules[0].parameter: unknown field `parameter`; did you mean `parameters`?"],
  ],
  [
    "labels where a selector is wanted, and the fields that there are told of where none is near",
    exemption({ rules: ["open-world"], policySelector: { app: "legacy" } }),
    ["spec.policySelector.app: unknown field `app`; there is `matchLabels`, `matchExpressions`"],
  ],
  [
    "a typo deep within",
    invariant({ mustNotReach: { ...flows, from: [{ wrld: true }], ports: [{ prot: 80 }] } }),
    [
      "spec.mustNotReach.from[0].wrld: unknown field `wrld`; did you mean `world`?",
      "spec.mustNotReach.from[0]: needs exactly one of `namespaces`, `pods`, `addresses`, `world`",
      "spec.mustNotReach.ports[0].prot: unknown field `prot`; did you mean `port`?",
    ],
  ],
  [
    "a field that is near to none of many, and a number in the place of a list or an object",
    document("Profile", { customRules: [{ ...custom, zzz: 1 }, "true"], rules: "5" }),
    [
      "spec.rules: `5` is not a list",
      "spec.customRules[0].zzz: unknown field `zzz`",
      "spec.customRules[1]: `true` is not an object",
    ],
  ],
  [
    "a number in quotes",
    document("Profile", { maxExemptionDays: "30" }),
    ["spec.maxExemptionDays: `30` is a string, not a number; take it out of its quotes"],
  ],
  [
    "nothing for a reason",
    exemption({ rules: ["open-world"], reason: "" }),
    ["spec.reason: is empty"],
  ],
  [
    "an action that there is not, such as what YAML makes of `Off`",
    document("Profile", { rules: [{ ...rule, action: false }] }),
    ["spec.rules[0].action: `false` is not one of `Deny`, `Warn`, `Audit`, `Disabled`"],
  ],
  [
    "a name no label can carry",
    document("Profile", {}, { name: "Our Profile" }),
    ["metadata.name: is not a name: it has to be the value of a label, in lower case"],
  ],
  [
    "a custom rule that does not say what its faults come to",
    document("Profile", { customRules: [{ ...custom, onFault: undefined }] }),
    ["spec.customRules[0].onFault: is missing; expected `Deny`, `Warn`"],
  ],
  [
    "an invariant without flows",
    invariant({}),
    ["spec: needs exactly one of `mustNotReach` and `mustReach`"],
  ],
  [
    "an invariant of both senses",
    invariant({ mustNotReach: flows, mustReach: flows }),
    ["spec: needs exactly one of `mustNotReach` and `mustReach`"],
  ],
  [
    "an end of two kinds, and one of none",
    invariant({
      mustNotReach: { from: [{ world: true, addresses: ["10.0.0.0/8"] }], to: [{}] },
    }),
    ["from", "to"].map(
      (side) =>
        `spec.mustNotReach.${side}[0]: needs exactly one of \`namespaces\`, \`pods\`, \`addresses\`, \`world\``,
    ),
  ],
  [
    "ports that run backwards, or from nowhere",
    invariant({ mustReach: { ...flows, ports: [{ port: 9, endPort: 1 }, { endPort: 1 }] } }),
    [
      "spec.mustReach.ports[0].endPort: `1` is less than `port`",
      "spec.mustReach.ports[1].endPort: needs `port`",
    ],
  ],
  [
    "a CIDR that is none",
    invariant({ mustReach: { ...flows, to: [{ addresses: ["10.0.0.300/8"] }] } }),
    ["spec.mustReach.to[0].addresses[0]: `10.0.0.300/8` is not a CIDR"],
  ],
  [
    "an exemption from nothing, without an end",
    exemption({ expires: "tomorrow" }),
    ["spec.expires: is not a time such as `2030-01-31T00:00:00Z`"],
  ],
  [
    "an exemption whose age cannot be told",
    document(
      "Exemption",
      { rules: ["open-world"], reason: "r", owner: "o", expires: "2030-01-31T00:00:00Z" },
      { name: "e", namespace: "shop", creationTimestamp: "lately" },
    ),
    ["metadata.creationTimestamp: is not a time such as `2030-01-31T00:00:00Z`"],
  ],
  [
    "an exemption from nothing",
    exemption({}),
    ["spec: needs at least one of `rules` and `invariants`"],
  ],
  [
    "a value of a template that is neither a text, nor a number, nor a list",
    document("Baseline", { policies, values: { port: 80, half: 0.5, peer: {}, list: [] } }),
    ["half", "peer"].map(
      (name) => `spec.values.${name}: is neither a text, nor a whole number, nor a list`,
    ),
  ],
  [
    "templates and values that take too long to fill in",
    document("Baseline", {
      policies: [{ name: "p", spec: { ingress: Array(30_000).fill({}) } }],
      values: { text: "x".repeat(70_000) },
    }),
    ["values", "policies"].map((name) => `spec.${name}: has over 65536 characters`),
  ],
  [
    "two policies of one name",
    document("Baseline", { policies: [...policies, ...policies] }),
    ["spec.policies[1].name: a second policy `p`"],
  ],
])("refuses %s", (_, raw, expected) => {
  const result = parseResource(raw);
  expect(complaints(result)).toEqual(expected);
  for (const { code } of result.ok ? [] : result.error) expect(code).toBe("NP_E_RESOURCE");
});

it("builds in what the rules say of themselves", () => {
  const shipped = builtInProfiles([
    { id: "a", shipped: { baseline: "Deny", restricted: "Deny" } },
    { id: "b", shipped: { baseline: null, restricted: "Warn" } },
  ]);
  expect(shipped).toMatchObject([
    { name: "baseline", rules: [{ id: "a", action: "Deny", parameters: {} }] },
    { name: "restricted", rules: [{ id: "a" }, { id: "b", action: "Warn" }] },
  ]);
});
