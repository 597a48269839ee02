import { expect, it } from "vitest";
import { type Baseline, DEFAULT_BASELINE } from "../../src/resources/baseline.ts";
import type { DnsTarget } from "../../src/resources/dns-target.ts";
import {
  baselineRevision,
  checkBaseline,
  isLeftAlone,
  renderBaseline,
} from "../../src/resources/render-baseline.ts";
import { parseNetworkPolicy } from "../../src/wire/network-policy.ts";
import { complaints, describePolicy, succeed } from "../wire/describe-policy.ts";

const dns: DnsTarget = {
  namespace: "kube-system",
  podLabels: { "k8s-app": "kube-dns" },
  addresses: ["169.254.20.10", "fd00::10"],
  ports: [53, 5353],
};
const facts = { namespace: "shop", labels: new Map([["team", "a"]]), dns, podCidrs: [] };

function baseline(spec: object, labels: Readonly<Record<string, string>> = {}): Baseline {
  const policies = [{ name: "p", labels: new Map(Object.entries(labels)), spec: { ...spec } }];
  return { kind: "Baseline", name: "team", description: "", policies };
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
  const revision = baselineRevision(DEFAULT_BASELINE, dns);
  expect(revision).toMatch(/^[0-9a-f]{12}$/);
  expect(baselineRevision(DEFAULT_BASELINE, { ...dns, ports: [5353, 53] })).toBe(revision);
  expect(baselineRevision(DEFAULT_BASELINE, { ...dns, ports: [] })).not.toBe(revision);
  expect(baselineRevision({ ...DEFAULT_BASELINE, name: "other" }, dns)).not.toBe(revision);
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
            { port: 80 },
          ],
        },
      ],
    },
  ],
  [
    "the pods' addresses",
    lettingIn("$(cluster.podPeers)"),
    { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "10.244.0.0/16" } }] }] },
  ],
])("fills in %s", (_, given, spec) => {
  expect(checkBaseline(given)).toEqual([]);
  const rendered = renderBaseline(given, { ...facts, podCidrs: ["10.244.0.0/16"] });
  expect(succeed(rendered)).toMatchObject([{ spec }]);
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
    `${at}.podSelector.matchLabels.x: there is no value for \`$(namespace.nmae)\``,
  ],
  [
    "a list in a text",
    baseline({ podSelector: { matchLabels: { x: "a$(dns.peers)" } } }),
    `${at}.podSelector.matchLabels.x: \`$(dns.peers)\` is a list, not a text`,
  ],
  [
    "what is no policy",
    baseline({ podSelector: {}, ingres: [] }),
    `${at}.ingres: unknown field \`ingres\``,
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
