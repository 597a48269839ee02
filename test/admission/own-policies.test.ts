import { beforeEach, expect, it } from "vitest";
import { parseResource, type Resource } from "../../src/resources/resource.ts";
import { parseNetworkPolicy } from "../../src/wire/network-policy.ts";
import { parsePod } from "../../src/wire/pod.ts";
import { collectGarbage } from "../support/collect-garbage.ts";
import { cpuMs } from "../support/cpu-ms.ts";
import { succeed } from "../wire/describe-policy.ts";
import { review } from "./review.ts";
import { createWorld, type Json, namespace, policy } from "./world.ts";

const APPS = 400;
const OTHER_NAMESPACES = 30;
const APPS_THERE = 60;
const INVARIANTS = 150;

/** A namespace that must not reach an application of `shop`, on any port. */
function invariant(at: number): Resource {
  const named = (name: string): Json => ({ matchLabels: { "kubernetes.io/metadata.name": name } });
  const [from, to] = [named(`team-${at % OTHER_NAMESPACES}`), named("shop")];
  const podSelector = { matchLabels: { app: `app-${at}` } };
  return succeed(
    parseResource({
      apiVersion: "ringfence.dev/v1alpha1",
      kind: "Invariant",
      metadata: { name: `i${at}` },
      spec: {
        description: "Teams leave each other alone.",
        mustNotReach: {
          from: [{ namespaces: from }],
          to: [{ pods: { namespaceSelector: to, podSelector } }],
        },
      },
    }),
  );
}

/** Applications of a pod each, which two others may reach, and Invariants about some of them. */
function busyWorld(): ReturnType<typeof createWorld> {
  const resources = Array.from({ length: INVARIANTS }, (_, at) => invariant(at));
  const world = createWorld({ clock: cpuMs, resources });
  const add = (name: string, apps: number): void => {
    for (let at = 0; at < apps; at += 1) {
      const metadata = { namespace: name, name: `app-${at}-0`, labels: { app: `app-${at}` } };
      const object = succeed(parsePod({ metadata, spec: {} }));
      world.engine.apply({ kind: "pod", op: "upsert", object });
      const podSelector = { matchLabels: { app: `app-${at}` } };
      const from = [1, 2].map((step) => ({
        podSelector: { matchLabels: { app: `app-${(at + step) % apps}` } },
      }));
      const ingress = [{ from, ports: [{ port: 8080 }] }];
      const own = succeed(
        parseNetworkPolicy(policy(`${name}/own-${at}`, { podSelector, ingress })),
      );
      world.engine.apply({ kind: "policy", op: "upsert", object: own.policy });
    }
  };
  for (let at = 0; at < OTHER_NAMESPACES; at += 1) {
    world.watch(namespace(`team-${at}`));
    add(`team-${at}`, APPS_THERE);
  }
  add("shop", APPS);
  return world;
}

const tiered = (spec: Json): Json => ({
  apiVersion: "policy.networking.k8s.io/v1alpha2",
  kind: "ClusterNetworkPolicy",
  metadata: { name: "everybody" },
  spec: { tier: "Admin", priority: 7, subject: { namespaces: {} }, ...spec },
});
const ssh = { protocols: [{ tcp: { destinationPort: { number: 22 } } }] };

const world = busyWorld();

beforeEach(collectGarbage);

it.each<[string, Json, string]>([
  [
    "a ClusterNetworkPolicy keeps everybody from everybody on a port",
    tiered({ ingress: [{ action: "Deny", from: [{ namespaces: {} }], ...ssh }] }),
    "opens nothing",
  ],
  [
    "so it does in both directions",
    tiered({
      ingress: [{ action: "Deny", from: [{ namespaces: {} }], ...ssh }],
      egress: [{ action: "Deny", to: [{ namespaces: {} }], ...ssh }],
    }),
    "opens nothing; closes team-0/*",
  ],
  [
    "a ClusterNetworkPolicy lets one namespace reach everybody on a port",
    tiered({
      ingress: [
        {
          action: "Accept",
          from: [{ namespaces: { matchLabels: { "kubernetes.io/metadata.name": "team-3" } } }],
          ...ssh,
        },
      ],
    }),
    "opens team-3/* → shop/app-33-0 TCP 22 (60 pods could not reach it before)",
  ],
  [
    "a policy lets every namespace reach every application of one",
    policy("shop/x", { podSelector: {}, ingress: [{ from: [{ namespaceSelector: {} }] }] }),
    "open-namespaces",
  ],
  [
    "a policy lets the world reach every application of one",
    policy("shop/x", {
      podSelector: {},
      ingress: [{ from: [{ ipBlock: { cidr: "0.0.0.0/0" } }], ports: [{ port: 443 }] }],
    }),
    "open-world",
  ],
])("where each application has a policy of its own, %s", async (_, object, text) => {
  const started = cpuMs();
  const response = await world.ask(review({ object }));
  expect(cpuMs() - started).toBeLessThan(3_000);
  expect(JSON.stringify(response)).toContain(text);
  expect(world.records.at(-1)?.decision?.kind).toBe("judged");
});
