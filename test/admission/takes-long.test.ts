import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { faultsOf } from "../../src/admission/record.ts";
import { countParts } from "../../src/engine/count-parts.ts";
import type { Policy } from "../../src/engine/model.ts";
import type { EngineView } from "../../src/engine/query.ts";
import { takesLong } from "../../src/engine/takes-long.ts";
import { parseResource, type Resource, resourceKey } from "../../src/resources/resource.ts";
import { parseClusterNetworkPolicy } from "../../src/wire/cluster-network-policy.ts";
import { parseNetworkPolicy } from "../../src/wire/network-policy.ts";
import { parsePod } from "../../src/wire/pod.ts";
import { parseService } from "../../src/wire/service.ts";
import { ServiceIndex } from "../../src/wire/service-index.ts";
import { collectGarbage } from "../support/collect-garbage.ts";
import { cpuMs } from "../support/cpu-ms.ts";
import { resourceDocument } from "../support/documents.ts";
import { upsert } from "../support/dsl.ts";
import { succeed } from "../wire/describe-policy.ts";
import { review } from "./review.ts";
import { createWorld, type Json, namespace, policy } from "./world.ts";

/** A world with that many more pods in `shop`, each with an `id` and a hundred ports of its own. */
function crowded(pods: number): ReturnType<typeof createWorld> {
  const world = createWorld({
    options: { policyPartsLimit: 30_000 },
    services: manyServices(),
    clock: cpuMs,
  });
  const ports = Array.from({ length: 100 }, (_, at) => ({ name: `p${at}`, containerPort: 1 + at }));
  for (let id = 0; id < pods; id += 1) {
    const labels = { app: "crowd", id: String(id) };
    const metadata = { namespace: "shop", name: `crowd-${id}`, labels };
    const object = succeed(parsePod({ metadata, spec: { containers: [{ ports }] } }));
    world.engine.apply({ kind: "pod", op: "upsert", object });
  }
  return world;
}

/** Two hundred Services of nobody. */
function manyServices(): ServiceIndex {
  const services = new ServiceIndex();
  for (let at = 0; at < 200; at += 1) {
    const metadata = { namespace: "shop", name: `s${at}` };
    const spec = { selector: { app: "none" }, ports: [{ port: 20_000 + at, targetPort: 8080 }] };
    services.upsert(succeed(parseService({ metadata, spec })));
  }
  return services;
}

const isLong = (read: Policy, engine: EngineView, limit: number): boolean =>
  takesLong(read, countParts(read), { engine, limit });

const peers = (count: number, selector: (at: number) => Json): Json => ({
  podSelector: {},
  ingress: Array.from({ length: count }, (_, at) => ({ from: [selector(at)] })),
});
const exceptions = (count: number): Json => {
  const except = Array.from({ length: count }, (_, at) => `20.${at >> 7}.${(at & 127) * 2}.0/24`);
  return { ipBlock: { cidr: "0.0.0.0/0", except } };
};
const asking = (operator: string, ...values: readonly string[]): Json => ({
  podSelector: { matchExpressions: [{ key: "id", operator, values }] },
});

const ports = (count: number, first: number): readonly Json[] =>
  Array.from({ length: count }, (_, at) => ({ port: first + at }));

const world = crowded(200);

describe("the effort for a policy", () => {
  it.each<[string, Json, number]>([
    // 10 rules for 209 pods, and 11 selectors that may match as many.
    ["of pods that do not have a label", peers(10, (at) => asking("NotIn", String(at))), 2_000],
    ["of pods that have a label few have", peers(10, (at) => asking("In", String(at))), 600],
    [
      "of everybody everywhere",
      peers(10, (at) => ({
        namespaceSelector: { matchExpressions: [{ key: `k${at}`, operator: "DoesNotExist" }] },
      })),
      2_000,
    ],
    [
      "of a namespace that is not there",
      peers(10, (at) => ({ namespaceSelector: { matchLabels: { [`k${at}`]: "" } } })),
      600,
    ],
    [
      "of ports by name",
      { ingress: [{ ports: Array.from({ length: 100 }, (_, at) => ({ port: `p${at}` })) }] },
      50_000,
    ],
    [
      "of addresses that overlap",
      peers(100, (at) => ({ ipBlock: { cidr: "0.0.0.0/0", except: [`10.${at}.0.0/16`] } })),
      20_000,
    ],
    ["of addresses", peers(100, (at) => ({ ipBlock: { cidr: `10.0.${at}.0/24` } })), 5_000],
  ])("%s", (_, spec, atLeast) => {
    const { policy: read } = succeed(parseNetworkPolicy(policy("shop/x", spec)));
    expect(isLong(read, world.engine, atLeast)).toBe(true);
    expect(isLong(read, world.engine, 2 * atLeast + 600)).toBe(false);
  });
});

it("of labels and ports that policies ask for already is that of any others", () => {
  const { engine } = crowded(200);
  const spec = {
    ingress: [{ ports: Array.from({ length: 100 }, (_, at) => ({ port: `p${at}` })) }],
  };
  const read = (name: string) => succeed(parseNetworkPolicy(policy(name, spec))).policy;
  expect(isLong(read("shop/x"), engine, 50_000)).toBe(true);
  engine.apply({ kind: "policy", op: "upsert", object: read("plain/y") });
  expect(isLong(read("shop/x"), engine, 50_000)).toBe(false);
});

it.each([
  [64, false],
  [65, true],
])("of a tier with %d peers counts where these are many", (count, expected) => {
  const spec = peers(count, (at) => asking("NotIn", String(at)));
  const { policy: read } = succeed(parseNetworkPolicy(policy("shop/x", spec)));
  expect(isLong({ ...read, tier: "Admin" }, world.engine, 0)).toBe(expected);
});

describe("is answered within three seconds", () => {
  beforeEach(collectGarbage);

  it.each<[string, Json, string]>([
    [
      "a policy of selectors for more pods than can be looked at",
      peers(7_000, (at) => asking("NotIn", String(at))),
      "too many rules and selectors for as many pods and addresses as they are about",
    ],
    [
      "a policy of thousands of rules, each for itself",
      {
        podSelector: {},
        policyTypes: ["Ingress"],
        ingress: Array.from({ length: 4_000 }, (_, at) => ({
          from: [{ ipBlock: { cidr: `10.${at >> 8}.${at & 255}.0/24` } }],
          ports: [{ port: 1 + at, endPort: 60_000 - at }],
        })),
      },
      "wide-ports",
    ],
    [
      "thousands of exceptions, and as many blocks that let parts of them through",
      {
        podSelector: {},
        policyTypes: ["Ingress"],
        ingress: [
          {
            from: Array.from({ length: 9_000 }, (_, at) => ({
              ipBlock:
                at % 2 === 0
                  ? { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] }
                  : { cidr: `10.1.${(at >> 1) % 255}.${(at % 128) * 2}/32` },
            })),
            ports: [{ port: 80 }],
          },
        ],
      },
      "",
    ],
    [
      "tens of thousands of blocks",
      {
        podSelector: {},
        policyTypes: ["Ingress"],
        ingress: [
          {
            from: Array.from({ length: 29_000 }, (_, at) => ({
              ipBlock: { cidr: `20.${at >> 7}.${(at & 127) * 2}.0/32` },
            })),
            ports: [{ port: 80 }],
          },
        ],
      },
      "",
    ],
    [
      "tens of thousands of exceptions to one block",
      {
        podSelector: {},
        policyTypes: ["Ingress"],
        ingress: [{ from: [exceptions(29_000)], ports: [{ port: 80 }] }],
      },
      "",
    ],
    [
      "the same of two blocks",
      {
        podSelector: {},
        policyTypes: ["Ingress"],
        ingress: [{ from: [exceptions(14_000), exceptions(14_000)], ports: [{ port: 80 }] }],
      },
      "",
    ],
    [
      "thousands of blocks beside as many pods in one rule",
      {
        podSelector: {},
        policyTypes: ["Ingress"],
        ingress: [
          {
            from: Array.from({ length: 14_000 }, (_, at) =>
              at % 2 === 0
                ? { ipBlock: { cidr: `11.${at >> 8}.${at & 255}.0/32` } }
                : { namespaceSelector: {} },
            ),
            ports: [{ port: 80 }],
          },
        ],
      },
      "",
    ],
    [
      "thousands of exceptions that another rule lets through, on thousands of ports each",
      {
        podSelector: {},
        policyTypes: ["Ingress"],
        ingress: [
          { from: [exceptions(2_000)], ports: ports(9_000, 1) },
          { from: [{ ipBlock: { cidr: "0.0.0.0/0" } }], ports: ports(9_000, 2) },
        ],
      },
      "",
    ],
    [
      "thousands of peers on thousands of ports, beside hundreds of Services",
      {
        podSelector: {},
        policyTypes: ["Egress"],
        egress: [
          {
            to: Array.from({ length: 5_000 }, (_, at) => ({
              podSelector: { matchLabels: { app: `a${at}` } },
            })),
            ports: ports(10_000, 1),
          },
        ],
      },
      "",
    ],
    [
      "thousands of peers on ports by thousands of names that nobody has",
      {
        podSelector: {},
        policyTypes: ["Egress"],
        egress: [
          {
            to: Array.from({ length: 9_000 }, (_, at) => ({
              podSelector: { matchLabels: { id: String(at % 200) } },
            })),
            ports: Array.from({ length: 2_000 }, (_, at) => ({ port: `q${at}` })),
          },
        ],
      },
      "",
    ],
    [
      "a label that nobody has in each of thousands of namespaces",
      {
        podSelector: {},
        policyTypes: ["Ingress"],
        ingress: [
          {
            from: Array.from({ length: 5_900 }, (_, at) => ({
              namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": `team-${at}` } },
              podSelector: { matchLabels: { [`key-${at}`]: "x" } },
            })),
          },
        ],
      },
      "selects none of 8 namespaces",
    ],
    [
      "thousands of rules with names of ports that nobody has",
      {
        podSelector: {},
        policyTypes: ["Ingress"],
        ingress: Array.from({ length: 10_000 }, (_, at) => ({ ports: [{ port: `q${at}` }] })),
      },
      "",
    ],
    [
      "thousands of rules for nearly everybody, each with another exception",
      {
        podSelector: {},
        policyTypes: ["Egress"],
        egress: Array.from({ length: 2_000 }, (_, at) => ({
          to: [{ ipBlock: { cidr: "0.0.0.0/0", except: [`20.${at >> 8}.${at & 255}.0/24`] } }],
          ports: [{ port: 1 + at }],
        })),
      },
      "too many rules and selectors for as many pods and addresses as they are about",
    ],
    [
      "a policy of thousands of rules by names of ports",
      {
        podSelector: {},
        policyTypes: ["Ingress"],
        ingress: Array.from({ length: 4_000 }, (_, at) => ({
          from: [{ podSelector: { matchLabels: { app: "web" } } }],
          ports: [{ port: `p${at % 60}` }],
        })),
      },
      "",
    ],
  ])("%s", async (_, spec, text) => {
    const started = cpuMs();
    const asked = review({ object: policy("shop/x", spec) });
    const reply = await world.admission.handle("validate", asked, started + 3_000);
    expect(cpuMs() - started).toBeLessThan(3_000);
    const response = reply?.response;
    expect(JSON.stringify(response)).toContain(text);
    // No rule was passed over because its time was up.
    const { decision = null } = world.records.at(-1) ?? {};
    expect(decision === null ? null : faultsOf(decision)).toEqual([]);
  });

  it("thousands of blocks below the addresses of thousands of pods", async () => {
    const { admission, engine } = createWorld({
      options: { policyPartsLimit: 30_000 },
      clock: cpuMs,
    });
    for (let id = 0; id < 6_000; id += 1) {
      const metadata = { namespace: "shop", name: `high-${id}` };
      const status = { podIPs: [{ ip: `100.64.${id >> 8}.${id & 255}` }] };
      const object = succeed(parsePod({ metadata, spec: {}, status }));
      engine.apply({ kind: "pod", op: "upsert", object });
    }
    const to = Array.from({ length: 14_000 }, (_, at) => ({
      ipBlock: { cidr: `20.${at >> 7}.${(at & 127) * 2}.0/24` },
    }));
    const spec = { podSelector: {}, policyTypes: ["Egress"], egress: [{ to }] };
    const started = cpuMs();
    await admission.handle("validate", review({ object: policy("shop/x", spec) }), started + 3_000);
    expect(cpuMs() - started).toBeLessThan(3_000);
  });

  it("selectors that match nobody among pods with thousands of labels", async () => {
    const { admission, engine } = createWorld({ clock: cpuMs });
    for (let id = 0; id < 1_000; id += 1) {
      const labels = Object.fromEntries(
        Array.from({ length: 100 }, (_, at) => [`key-${id}-${at}`, `value-${at}`]),
      );
      const metadata = { namespace: "shop", name: `labelled-${id}`, labels };
      const object = succeed(parsePod({ metadata, spec: {} }));
      engine.apply({ kind: "pod", op: "upsert", object });
    }
    const podSelector = { matchLabels: { "kye-1-1": "valeu-a-long-way-from-any" } };
    const spec = { podSelector, ingress: [{ from: Array(3).fill({ podSelector }) }] };
    const started = cpuMs();
    await admission.handle("validate", review({ object: policy("shop/x", spec) }), started + 3_000);
    expect(cpuMs() - started).toBeLessThan(3_000);
  });

  it("selectors that tell pods apart by a hundred labels that nobody asked for before", async () => {
    const { admission, engine, records } = createWorld({
      options: { policyPartsLimit: 30_000 },
      clock: cpuMs,
    });
    for (let id = 0; id < 700; id += 1) {
      const labels = Object.fromEntries(
        Array.from({ length: 100 }, (_, at) => [`key-${at}`, String(id % (at + 2))]),
      );
      const metadata = { namespace: "shop", name: `labelled-${id}`, labels };
      const object = succeed(parsePod({ metadata, spec: {} }));
      engine.apply({ kind: "pod", op: "upsert", object });
    }
    const spec = peers(100, (at) => ({ podSelector: { matchLabels: { [`key-${at}`]: "1" } } }));
    const started = cpuMs();
    await admission.handle("validate", review({ object: policy("shop/x", spec) }), started + 3_000);
    expect(cpuMs() - started).toBeLessThan(3_000);
    expect(records.at(-1)?.decision?.kind).toBe("judged");
  });

  it("what differs for each of a thousand pods that ten policies tell apart", async () => {
    const { admission, engine, records } = createWorld({
      options: { policyPartsLimit: 30_000 },
      clock: cpuMs,
    });
    const bits = Array.from({ length: 10 }, (_, bit) => bit);
    for (let id = 0; id < 1_024; id += 1) {
      const own = bits.map((bit): [string, string] => [`bit-${bit}`, String((id >> bit) & 1)]);
      const labels = Object.fromEntries([["id", String(id)], ...own]);
      const object = succeed(
        parsePod({ metadata: { namespace: "shop", name: `p${id}`, labels }, spec: {} }),
      );
      engine.apply({ kind: "pod", op: "upsert", object });
    }
    for (const bit of bits) {
      const podSelector = { matchLabels: { [`bit-${bit}`]: "1" } };
      const ingress = [{ from: [{ namespaceSelector: {} }], ports: [{ port: 1 + bit }] }];
      const { policy: object } = succeed(
        parseNetworkPolicy(policy(`shop/bit-${bit}`, { podSelector, ingress })),
      );
      engine.apply({ kind: "policy", op: "upsert", object });
    }
    const spec = {
      podSelector: {},
      ingress: Array.from({ length: 200 }, (_, at) => ({
        from: [{ podSelector: { matchLabels: { id: String(at) } } }],
        ports: [{ port: 1_000 + at }],
      })),
    };
    const started = cpuMs();
    const asked = review({ object: policy("shop/x", spec) });
    const reply = await admission.handle("validate", asked, started + 3_000);
    expect(cpuMs() - started).toBeLessThan(3_000);
    expect(JSON.stringify(reply)).toContain("differs for too many pods");
    expect(records.at(-1)?.decision?.kind).toBe("troubled");
  });

  it("hundreds of Invariants about nearly all of a thousand pods, with what was admitted a moment ago", async () => {
    const port = (at: number) => 1_000 + at;
    const invariant = (at: number): Resource =>
      succeed(
        parseResource({
          apiVersion: "ringfence.dev/v1alpha1",
          kind: "Invariant",
          metadata: { name: `i${at}` },
          spec: {
            description: "All may ask all but one.",
            mustReach: {
              from: [{ namespaces: {} }],
              to: [{ pods: asking("NotIn", String(at)) }],
              ports: [{ port: port(at) }],
            },
          },
        }),
      );
    const { admission, around, engine, records } = createWorld({
      options: { policyPartsLimit: 30_000 },
      resources: Array.from({ length: 200 }, (_, at) => invariant(at)),
      clock: cpuMs,
    });
    for (let id = 0; id < 1_000; id += 1) {
      const labels = { id: String(id), app: `a${id % 8}` };
      const metadata = { namespace: "shop", name: `p${id}`, labels };
      const object = succeed(parsePod({ metadata, spec: {} }));
      engine.apply({ kind: "pod", op: "upsert", object });
    }
    const everyPort = [{ port: 1, endPort: 9_000 }];
    const opening = (name: string, podSelector: Json): Json =>
      policy(name, { podSelector, ingress: [{ from: [{ podSelector: {} }], ports: everyPort }] });
    for (let at = 0; at < 8; at += 1) {
      const raw = opening(`shop/before-${at}`, { matchLabels: { app: `a${at}` } });
      const { policy: object } = succeed(parseNetworkPolicy(raw));
      around.pending.admit([{ kind: "policy", op: "upsert", object }]);
    }
    const started = cpuMs();
    const asked = review({ object: opening("shop/x", {}) });
    const reply = await admission.handle("validate", asked, started + 3_000);
    expect(cpuMs() - started).toBeLessThan(3_000);
    expect(JSON.stringify(reply)).toContain("it concerns too many Invariants");
    expect(records.at(-1)?.decision?.kind).toBe("troubled");
  });

  it("other requests, while a Baseline of hundreds of rules is held against an Invariant in hundreds of namespaces", async () => {
    const baseline = (first: number): Json =>
      resourceDocument("Baseline", "large", {
        policies: Array.from({ length: 20 }, (_, at) => ({
          name: `p${at}`,
          spec: {
            podSelector: { matchLabels: { app: `a${at}` } },
            ingress: ports(15, first).map((port) => ({
              from: [{ podSelector: { matchLabels: { team: "$(namespace.name)" } } }],
              ports: [port],
            })),
          },
        })),
      });
    const flows = { from: [{ world: true }], to: [{ namespaces: {} }] };
    const { admission, around, engine } = createWorld({ clock: cpuMs });
    for (const raw of [
      baseline(1),
      resourceDocument("Profile", "large", { baseline: "large" }),
      resourceDocument("Invariant", "closed", { description: "d", mustNotReach: flows }),
    ]) {
      const value = succeed(parseResource(raw));
      around.ruleBook.upsert(resourceKey(value), { ok: true, value });
    }
    const labels = { "ringfence.dev/profile": "large" };
    for (let at = 0; at < 300; at += 1) engine.apply(upsert(namespace(`team-${at}`, labels)));
    let longest = 0;
    let last = cpuMs();
    const over = new AbortController();
    const watch = async (): Promise<void> => {
      while (!over.signal.aborted) {
        // oxlint-disable-next-line no-await-in-loop -- each turn of the event loop
        await setImmediate();
        longest = Math.max(longest, cpuMs() - last);
        last = cpuMs();
      }
    };
    const watching = watch();
    const kind = { group: "ringfence.dev", version: "v1alpha1", kind: "Baseline" };
    const request = { kind, namespace: "", operation: "UPDATE" };
    const asked = review({ object: baseline(2), oldObject: baseline(1), request });
    const reply = await admission.handle("validate", asked, cpuMs() + 10_000);
    over.abort();
    await watching;
    expect(reply?.response.allowed).toBe(true);
    expect(longest).toBeLessThan(1_500);
  });

  it("an AdminNetworkPolicy of thousands of selectors for more pods than can be looked at", async () => {
    const from = Array.from({ length: 70 }, (_, at) => at);
    const spec = {
      priority: 7,
      subject: { namespaces: {} },
      ingress: from.map((rule) => ({
        action: "Deny",
        from: from.map((peer) => ({
          pods: { namespaceSelector: {}, ...asking("NotIn", `${rule}-${peer}`) },
        })),
      })),
    };
    const object = {
      apiVersion: "policy.networking.k8s.io/v1alpha1",
      kind: "AdminNetworkPolicy",
      metadata: { name: "ours" },
      spec,
    };
    const started = cpuMs();
    const response = await world.ask(review({ object }));
    expect(cpuMs() - started).toBeLessThan(3_000);
    expect(JSON.stringify(response)).toContain("for as many pods and addresses");
  });

  it("a policy of a tier with all that its API allows, beside another of its priority", async () => {
    // Those who have an id or those who have none: they have nobody in common, and that takes longest to see.
    const peersOf = (operator: string): readonly Json[] =>
      Array.from({ length: 25 }, (_, peer) => {
        const podSelector = {
          matchExpressions: [
            { key: "id", operator },
            { key: `k${peer}`, operator: "DoesNotExist" },
          ],
        };
        return { pods: { namespaceSelector: {}, podSelector } };
      });
    const rulesOf = (operator: string, action: string): Json => ({
      ingress: Array.from({ length: 25 }, () => ({ action, from: peersOf(operator) })),
      egress: Array.from({ length: 25 }, () => ({ action, to: peersOf(operator) })),
    });
    const tiered = (name: string, rules: Json): Json => ({
      apiVersion: "policy.networking.k8s.io/v1alpha2",
      kind: "ClusterNetworkPolicy",
      metadata: { name },
      spec: {
        tier: "Admin",
        priority: 7,
        subject: { namespaces: {} },
        ...rules,
      },
    });
    const { policy: object } = succeed(
      parseClusterNetworkPolicy(tiered("rival", rulesOf("DoesNotExist", "Accept"))),
    );
    world.engine.apply({ kind: "policy", op: "upsert", object });
    const started = cpuMs();
    const response = await world.ask(review({ object: tiered("ours", rulesOf("Exists", "Deny")) }));
    expect(cpuMs() - started).toBeLessThan(3_000);
    expect(JSON.stringify(response)).not.toContain("`equal-priority` failed");
  });
});
