import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/engine/address.ts";
import type { FlowEnd, PodsOf, Verdict } from "../../src/engine/query.ts";
import { engineOf, namespace, networkPolicy, pod } from "../support/dsl.ts";

const engine = engineOf([
  namespace("dev"),
  namespace("shop"),
  pod("dev/tool app=tool"),
  pod("shop/web-1 app=web"),
  pod("shop/web-2 app=web"),
  pod("shop/db app=db"),
  pod("shop/agent app=agent hostNetwork"),
  networkPolicy("shop/db", "pods app=db", "ingress from pods app=web on TCP/5432"),
  networkPolicy("shop/web", "pods app=web", "types Ingress"),
]);

/** `shop/*`, `shop/db`, `10.0.0.1`. */
function end(text: string): FlowEnd | PodsOf {
  const [place = "", name = "*"] = text.split("/");
  const address = parseAddress(place);
  if (address !== null) return { kind: "address", address };
  return { kind: "pods-of", namespace: place, name: name === "*" ? null : name };
}

describe("reach", () => {
  it.each<[string, string, number, Verdict]>([
    ["shop/*", "shop/db", 5432, "allowed"],
    ["shop/web-2", "shop/db", 5432, "allowed"],
    ["shop/web-2", "shop/db", 5433, "denied"],
    ["dev/*", "shop/web-1", 80, "denied"],
    ["8.8.8.8", "shop/db", 5432, "denied"],
    ["8.8.8.8", "dev/*", 80, "allowed"],
    ["shop/agent", "shop/web-1", 80, "unknown"],
    ["shop/nobody", "shop/*", 80, "denied"],
    ["nowhere/*", "shop/*", 80, "denied"],
  ])("from %s to %s on TCP %i is %s", (from, to, port, verdict) => {
    expect(engine.reach({ from: end(from), to: end(to), protocol: "TCP", port })).toBe(verdict);
  });

  it("does not take a pod's way to itself for one to others", () => {
    const alone = engineOf([
      namespace("a"),
      pod("a/x app=x"),
      networkPolicy("a/deny", "types Ingress"),
    ]);
    const all = { kind: "pods-of", namespace: "a", name: null } as const;
    expect(alone.reach({ from: all, to: all, protocol: "TCP", port: 80 })).toBe("denied");
  });

  it("gives up on ends that are too many, rather than guess", () => {
    const names = Array.from({ length: 102 }, (_, index) => `p${index}`);
    const many = engineOf([
      namespace("a"),
      ...names.map((name) => pod(`a/${name} app=${name}`)),
      ...names.map((name) => networkPolicy(`a/${name}`, `pods app=${name}`, "types Ingress")),
    ]);
    const all = { kind: "pods-of", namespace: "a", name: null } as const;
    const one = { ...all, name: "p0" };
    expect(many.reach({ from: one, to: all, protocol: "TCP", port: 80 })).toBe("denied");
    expect(many.reach({ from: all, to: all, protocol: "TCP", port: 80 })).toBe("unknown");
  });

  it("asks of pods that are alike about two of them", () => {
    const pairOf = engineOf([namespace("a"), pod("a/x app=x"), pod("a/y app=x")]);
    const all = { kind: "pods-of", namespace: "a", name: null } as const;
    expect(pairOf.reach({ from: all, to: all, protocol: "TCP", port: 80 })).toBe("allowed");
  });
});
