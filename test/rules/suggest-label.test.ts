import { describe, expect, it } from "vitest";
import { MatchingEngine } from "../../src/engine/matching-engine.ts";
import type { Labels, Pod, Selection, Selector } from "../../src/engine/model.ts";
import { suggestLabel, suggestPods } from "../../src/validators/parts/suggest-label.ts";
import { NO_FACTS } from "../support/facts.ts";

const pods = [
  { app: "web", tier: "front" },
  { app: "mysql", tier: "data" },
  { app: "reports", "app.kubernetes.io/name": "reports" },
].map((entries) => ({ labels: new Map(Object.entries(entries)) }));

const is = (key: string, ...values: readonly string[]): Selector => [
  { key, operator: "In", values },
];

describe("suggestLabel", () => {
  it.each<readonly [string, Selector, string | null]>([
    ["a value with a letter too many", is("app", "mysqll"), "did you mean `app: mysql`?"],
    ["a value with two letters swapped", is("app", "reprots"), "did you mean `app: reports`?"],
    ["the value under another key", is("name", "mysql"), "did you mean `app: mysql`?"],
    [
      "of several keys with the value the one that is spelled most alike",
      is("kubernetes.io/name", "reports"),
      "did you mean `app.kubernetes.io/name: reports`?",
    ],
    [
      "a short value is no typo of another",
      is("tier", "db"),
      "the key `tier` has `data` and `front` there",
    ],
    [
      "nor is one of three letters with two that are wrong",
      is("app", "wax"),
      "the key `app` has `mysql`, `reports` and `web` there",
    ],
    [
      "none of the labels, where no pod has the rest either",
      [...is("app", "mysqll"), ...is("tier", "none")],
      "did you mean `app: mysql`?",
    ],
    [
      "a key with two letters swapped",
      [{ key: "teir", operator: "Exists", values: [] }],
      "did you mean `tier`?",
    ],
    ["a key like no other", [{ key: "owner", operator: "Exists", values: [] }], null],
    ["a label like no other", is("owner", "us"), null],
    ["a requirement that excludes", [{ key: "app", operator: "DoesNotExist", values: [] }], null],
    ["nothing asked for", [], null],
    [
      "labels that are there, but not on one pod",
      [...is("app", "mysql"), ...is("tier", "front")],
      "the key `tier` has `data` there",
    ],
    [
      "only among pods that meet the rest",
      [...is("tier", "front"), ...is("app", "wep")],
      "did you mean `app: web`?",
    ],
  ])("%s", (_, selector, expected) => {
    expect(suggestLabel(selector, pods)).toBe(expected);
  });

  it("reads only so many of a cluster without end", () => {
    expect(suggestLabel(is("app", "wep"), endless())).toBe("did you mean `app: web`?");
  });
});

describe("suggestPods", () => {
  it("looks into other namespaces, but only at so many pods of a cluster without end", () => {
    const after = new EndlessCluster();
    const surroundings = { after, facts: NO_FACTS };
    const inShop = (selector: Selector): Selection => ({
      namespaces: { kind: "name", name: "shop" },
      pods: selector,
    });
    expect(suggestPods(inShop(is("app", "web")), surroundings)).toBe(
      "namespace `dev` has such pods",
    );
    expect(suggestPods(inShop(is("app", "wep")), surroundings)).toBe("did you mean `app: web`?");
  });
});

class EndlessCluster extends MatchingEngine {
  constructor() {
    super();
    this.apply({ kind: "namespace", op: "upsert", object: { name: "dev", labels: new Map() } });
  }

  override *podsOf(): Generator<Pod, never> {
    const pod = { namespace: "dev", addresses: [], ports: [], hostNetwork: false, node: null };
    for (const { labels } of endless()) {
      yield { ...pod, name: "web", labels, ended: false, workload: { kind: "Pod", name: "web" } };
    }
    throw new RangeError("endless");
  }
}

function* endless(): Generator<{ readonly labels: Labels }, never> {
  for (;;) yield { labels: new Map([["app", "web"]]) };
}
