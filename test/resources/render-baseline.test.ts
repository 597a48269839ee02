import { expect, it } from "vitest";
import { type Baseline, DEFAULT_BASELINE } from "../../src/resources/baseline.ts";
import type { ClusterValues } from "../../src/resources/baseline-variables.ts";
import type { DnsTarget } from "../../src/resources/dns-target.ts";
import {
  baselineRevision,
  checkBaseline,
  isLeftAlone,
  renderBaseline,
} from "../../src/resources/render-baseline.ts";
import { parseNetworkPolicy } from "../../src/wire/network-policy.ts";
import { field } from "../../src/wire/shape.ts";
import { complaints, describePolicy, succeed } from "../wire/describe-policy.ts";

const dns: DnsTarget = {
  namespace: "kube-system",
  podLabels: { "k8s-app": "kube-dns" },
  addresses: ["169.254.20.10", "fd00::10"],
  ports: [53, 5353],
};
const cluster = { dns, podCidrs: [], serviceCidrs: [], apiServerAddresses: [] };
const facts = {
  ...cluster,
  namespace: "shop",
  labels: new Map([
    ["team", "a"],
    ["gateway", "192.0.2.7"],
  ]),
  annotations: new Map([["partner", "192.0.2.0/24"]]),
};

function baseline(spec: object, labels: Readonly<Record<string, string>> = {}): Baseline {
  const policies = [{ name: "p", labels: new Map(Object.entries(labels)), spec: { ...spec } }];
  return {
    kind: "Baseline",
    name: "team",
    description: "",
    namespaceLabels: ["team", "a.b/c"],
    namespaceAnnotations: ["partner"],
    values: { monitoring: [{ namespaceSelector: {} }], tier: "front" },
    policies,
  };
}

/** A rule that lets in what `from` says. */
const lettingIn = (from: unknown): Baseline => baseline({ podSelector: {}, ingress: [{ from }] });

it("denies both directions and allows DNS over UDP and TCP, as the engine reads it", () => {
  const policies = succeed(renderBaseline(DEFAULT_BASELINE, facts)).map((raw) => {
    const { policy, manifest } = succeed(parseNetworkPolicy(raw));
    expect(manifest.metadata.labels).toEqual({
      "app.kubernetes.io/managed-by": "ringfence",
      "ringfence.dev/baseline": "default",
    });
    return [policy.name, ...describePolicy(policy)];
  });
  expect(policies).toEqual([
    ["default-deny", "subject shop {}", "ingress isolates", "egress isolates"],
    [
      "allow-dns",
      "subject shop {}",
      "egress isolates",
      "spec.egress[0] Accept [namespaces {kubernetes.io/metadata.name=kube-system} {k8s-app=kube-dns} | 169.254.20.10/32 | fd00::10/128] on [UDP:53-53 TCP:53-53 UDP:5353-5353 TCP:5353-5353]",
    ],
  ]);
});

it("has a revision that changes with what it says, and with nothing else", () => {
  const of = (part: Partial<DnsTarget>): ClusterValues => ({
    ...cluster,
    dns: { ...dns, ...part },
  });
  const revision = baselineRevision(DEFAULT_BASELINE, cluster);
  expect(revision).toMatch(/^[0-9a-f]{12}$/);
  expect(baselineRevision(DEFAULT_BASELINE, of({ ports: [5353, 53] }))).toBe(revision);
  expect(baselineRevision(DEFAULT_BASELINE, of({ ports: [] }))).not.toBe(revision);
  for (const part of [{ name: "other" }, { values: { a: "b" } }]) {
    expect(baselineRevision({ ...DEFAULT_BASELINE, ...part }, cluster)).not.toBe(revision);
  }
  for (const part of [{ podCidrs: ["10.0.0.0/8"] }, { apiServerAddresses: ["192.0.2.1"] }]) {
    expect(baselineRevision(DEFAULT_BASELINE, { ...cluster, ...part })).not.toBe(revision);
  }
});

it.each<[string, Baseline, unknown]>([
  [
    "a label and a name within texts",
    baseline({ podSelector: { matchLabels: { x: "$(namespace.labels.team)-$(namespace.name)" } } }),
    { podSelector: { matchLabels: { x: "a-shop" } } },
  ],
  [
    "a list among the items of a list",
    baseline({ podSelector: {}, egress: [{ ports: ["$(dns.ports)", { port: 80 }] }] }),
    {
      podSelector: {},
      egress: [
        {
          ports: [
            { protocol: "UDP", port: 53 },
            { protocol: "TCP", port: 53 },
            { protocol: "UDP", port: 5353 },
            { protocol: "TCP", port: 5353 },
            { protocol: "TCP", port: 80 },
          ],
        },
      ],
    },
  ],
  [
    "numbers: as they are for ports, else as texts",
    {
      ...baseline({
        podSelector: { matchLabels: { tier: "t$(values.first)", size: "$(values.first)" } },
        ingress: [
          {
            ports: [{ protocol: "TCP", port: "$(values.first)", endPort: "$(values.last)" }],
            from: [{ podSelector: {} }],
          },
        ],
      }),
      values: { first: 8080, last: "8090" },
    },
    {
      podSelector: { matchLabels: { tier: "t8080", size: "8080" } },
      ingress: [
        {
          ports: [{ protocol: "TCP", port: 8080, endPort: 8090 }],
          from: [{ podSelector: {} }],
        },
      ],
    },
  ],
  [
    "the pods' addresses",
    lettingIn("$(cluster.podPeers)"),
    { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "10.244.0.0/16" } }] }] },
  ],
  [
    "the Services' and the API server's",
    lettingIn(["$(cluster.servicePeers)", "$(cluster.apiServerPeers)"]),
    {
      podSelector: {},
      ingress: [
        {
          from: [
            { ipBlock: { cidr: "10.96.0.0/12" } },
            { ipBlock: { cidr: "172.18.0.2/32" } },
            { ipBlock: { cidr: "fd00::2/128" } },
          ],
        },
      ],
    },
  ],
  [
    "addresses as exceptions",
    lettingIn([
      {
        ipBlock: { cidr: "0.0.0.0/0", except: ["$(cluster.podCidrs)", "$(cluster.serviceCidrs)"] },
      },
    ]),
    {
      podSelector: {},
      ingress: [
        { from: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["10.244.0.0/16", "10.96.0.0/12"] } }] },
      ],
    },
  ],
  [
    "an annotation, where only addresses can stand",
    lettingIn([{ ipBlock: { cidr: "$(namespace.annotations.partner)" } }]),
    { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "192.0.2.0/24" } }] }] },
  ],
  [
    "a label, where only an address can stand",
    {
      ...lettingIn([{ ipBlock: { cidr: "$(namespace.labels.gateway)/32" } }]),
      namespaceLabels: ["gateway"],
    },
    { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "192.0.2.7/32" } }] }] },
  ],
  [
    "values of its own",
    baseline({
      podSelector: { matchLabels: { tier: "$(values.tier)" } },
      ingress: [{ from: "$(values.monitoring)" }],
    }),
    {
      podSelector: { matchLabels: { tier: "front" } },
      ingress: [{ from: [{ namespaceSelector: {} }] }],
    },
  ],
])("fills in %s", (_, given, spec) => {
  expect(checkBaseline(given)).toEqual([]);
  const rendered = renderBaseline(given, {
    ...facts,
    podCidrs: ["10.244.0.0/16"],
    serviceCidrs: ["10.96.0.0/12"],
    apiServerAddresses: ["172.18.0.2", "fd00::2"],
  });
  expect(succeed(rendered)).toMatchObject([{ spec }]);
});

it("writes address blocks as their networks, as API servers from 1.36 on take nothing else", () => {
  const given = lettingIn([
    { ipBlock: { cidr: "10.1.2.3/8", except: ["$(cluster.podCidrs)", "010.64.0.1/16"] } },
    { ipBlock: { cidr: "fd00:0:0::1/64" } },
    "$(dns.peers)",
  ]);
  const [policy] = succeed(
    renderBaseline(given, {
      ...facts,
      podCidrs: ["10.244.0.1/16"],
      dns: { ...dns, addresses: ["::ffff:169.254.20.10"] },
    }),
  );
  expect(field(policy, "spec", "ingress")).toMatchObject([
    {
      from: [
        { ipBlock: { cidr: "10.0.0.0/8", except: ["10.244.0.0/16", "10.64.0.0/16"] } },
        { ipBlock: { cidr: "fd00::/64" } },
        { podSelector: { matchLabels: dns.podLabels } },
        { ipBlock: { cidr: "169.254.20.10/32" } },
      ],
    },
  ]);
});

it("writes out what the API server would write into it", () => {
  const given = baseline({
    podSelector: {},
    egress: [{ ports: [{ port: 80 }, { protocol: "UDP", port: 53 }] }, {}],
  });
  const [policy] = succeed(renderBaseline(given, facts));
  expect(policy).toMatchObject({
    spec: {
      podSelector: {},
      policyTypes: ["Ingress", "Egress"],
      egress: [
        {
          ports: [
            { protocol: "TCP", port: 80 },
            { protocol: "UDP", port: 53 },
          ],
        },
        {},
      ],
    },
  });
});

it("keeps a policy's own labels beside those that mark it", () => {
  const [policy] = succeed(renderBaseline(baseline({ podSelector: {} }, { tier: "x" }), facts));
  expect(policy).toMatchObject({
    metadata: {
      name: "p",
      namespace: "shop",
      labels: {
        tier: "x",
        "app.kubernetes.io/managed-by": "ringfence",
        "ringfence.dev/baseline": "team",
      },
    },
  });
});

const at = "spec.policies[0].spec";
it.each<[string, Baseline, string]>([
  [
    "a variable that there is not",
    baseline({ podSelector: { matchLabels: { x: "$(namespace.nmae)" } } }),
    `${at}.podSelector.matchLabels.x: there is no value for \`$(namespace.nmae)\`; did you mean \`$(namespace.name)\`?`,
  ],
  [
    "a label that is not on its list",
    baseline({ podSelector: { matchLabels: { x: "$(namespace.labels.other)" } } }),
    `${at}.podSelector.matchLabels.x: \`other\` is not among \`spec.namespaceLabels\``,
  ],
  [
    "an annotation that is not on its list",
    baseline({ podSelector: { matchLabels: { x: "$(namespace.annotations.team)" } } }),
    `${at}.podSelector.matchLabels.x: \`team\` is not among \`spec.namespaceAnnotations\``,
  ],
  [
    "a value that it does not have",
    baseline({ podSelector: { matchLabels: { x: "$(values.constructor)" } } }),
    `${at}.podSelector.matchLabels.x: there is no value for \`$(values.constructor)\``,
  ],
  [
    "a list in a text",
    baseline({ podSelector: { matchLabels: { x: "a$(dns.peers)" } } }),
    `${at}.podSelector.matchLabels.x: \`$(dns.peers)\` is a list, not a text`,
  ],
  [
    "what is no policy",
    baseline({ podSelector: {}, ingres: [] }),
    `${at}.ingres: unknown field \`ingres\`; did you mean \`ingress\`?`,
  ],
])("finds %s before any namespace has it", (_, given, expected) => {
  expect(checkBaseline(given).map(({ path, message }) => `${path}: ${message}`)).toEqual([
    expected,
  ]);
});

it("never lets an empty list stand for peers, which would mean everybody", () => {
  expect(complaints(renderBaseline(lettingIn("$(cluster.podPeers)"), facts))).toEqual([
    `${at}.ingress[0].from: \`$(cluster.podPeers)\` is an empty list, which would mean everybody`,
  ]);
  expect(complaints(renderBaseline(lettingIn(["$(cluster.podPeers)"]), facts))).toHaveLength(1);
});

it("says which label a namespace lacks", () => {
  const given = baseline({ podSelector: { matchLabels: { x: "$(namespace.labels.a.b/c)" } } });
  expect(checkBaseline(given)).toEqual([]);
  expect(complaints(renderBaseline(given, facts))).toEqual([
    `${at}.podSelector.matchLabels.x: there is no value for \`$(namespace.labels.a.b/c)\``,
  ]);
});

it.each(["kube-system", "kube-public", "kube-node-lease", "guard"])("leaves %s alone", (name) => {
  expect(isLeftAlone(name, "guard")).toBe(true);
  expect(isLeftAlone("shop", "guard")).toBe(false);
});

it("has a bound to what its variables stand for, however often one is used", () => {
  const peers = Array<object>(500).fill({ ipBlock: { cidr: "10.0.0.0/8" } });
  const given = {
    ...baseline({
      podSelector: {},
      ingress: Array<object>(1_000).fill({ from: "$(values.peers)" }),
    }),
    values: { peers },
  };
  expect(complaints(renderBaseline(given, facts))).toEqual([
    "spec.policies[0].spec.ingress[3].from: has over 65536 characters by its variables",
  ]);
});

it("names a hundred variables that there are not, and no more", () => {
  const labels = Object.fromEntries(
    Array.from({ length: 5_000 }, (_, index) => [`l${index}`, "$(nothing)"]),
  );
  const given = baseline({ podSelector: { matchLabels: labels } });
  expect(complaints(renderBaseline(given, facts))).toHaveLength(100);
});
