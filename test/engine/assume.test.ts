import { describe, expect, it, test } from "vitest";
import type { Change } from "../../src/engine/model.ts";
import { claim, engineOf, flow, namespace, networkPolicy, pod, without } from "../support/dsl.ts";

const tool = pod("dev/tool app=tool");
const vault = pod("payments/vault app=vault");
const dev = namespace("dev env=dev");
const cluster = [
  dev,
  tool,
  vault,
  networkPolicy("dev/closed", "types Egress"),
  networkPolicy("payments/closed", "types Ingress"),
];
const lets = networkPolicy("dev/out", "types Egress", "egress to namespaces {} on TCP/8200");
const takes = networkPolicy("payments/in", "ingress from namespaces {} on TCP/8200");
const asked = flow("dev/tool -> payments/vault TCP/8200");

describe("what is assumed", () => {
  it.for<[string, readonly Change[], string]>([
    ["nothing", [], "denied"],
    ["one of two policies that together open a flow", [lets], "denied"],
    ["both", [lets, takes], "allowed"],
    [
      "a later change of the same policy in the place of the earlier",
      [lets, takes, without(lets)],
      "denied",
    ],
    [
      "a namespace relabelled",
      [
        lets,
        networkPolicy("payments/in", "ingress from namespaces env=lab"),
        namespace("dev env=lab"),
      ],
      "allowed",
    ],
    ["a pod that ended", [lets, takes, pod("dev/tool app=tool succeeded")], "unknown"],
  ])("%s", ([, changes, verdict]) => {
    const engine = engineOf(cluster);
    const stats = engine.stats();
    expect(engine.assume(changes, () => engine.verdict(asked))).toBe(verdict);
    expect(engine.verdict(asked)).toBe("denied");
    expect(engine.stats()).toEqual(stats);
  });

  test("counts in a preview: two changes, each harmless, break a claim together", () => {
    const engine = engineOf(cluster);
    const held = engine.hold(claim("closed from namespaces env=dev to pods app=vault"));
    const preview = (): number =>
      engine.preview([takes], (_, __, claims) => claims.breaches(held, 1).appeared.from);
    expect(preview()).toBe(0);
    expect(engine.assume([lets], preview)).toBe(1);
    expect(preview()).toBe(0);
  });

  test("is taken back where the question throws", () => {
    const engine = engineOf(cluster);
    const stats = engine.stats();
    const ask = (): never =>
      engine.assume([lets], () =>
        engine.preview([takes], () => {
          throw new Error("asked in vain");
        }),
      );
    expect(ask).toThrow("asked in vain");
    expect(engine.stats()).toEqual(stats);
    expect(engine.verdict(asked)).toBe("denied");
  });

  test("a claim may be held and released meanwhile", () => {
    const engine = engineOf(cluster);
    const held = engine.assume([lets, takes], () => {
      const each = engine.hold(claim("closed from namespaces env=dev to pods app=vault"));
      expect(engine.breaches(each, 1).certain.from).toBe(1);
      return each;
    });
    expect(engine.breaches(held, 1).certain.from).toBe(0);
    engine.assume([lets, dev], () => engine.release(held));
    expect(engine.stats()).toEqual(engineOf(cluster).stats());
  });
});

describe("a preview within a preview", () => {
  it.for<[string, (engine: ReturnType<typeof engineOf>) => unknown]>([
    ["is refused", (engine) => engine.preview([takes], () => null)],
    ["and so is an assumption", (engine) => engine.assume([takes], () => null)],
    ["and a claim to be held", (engine) => engine.hold(claim("closed from pods a to pods b"))],
  ])("%s, and leaves nothing behind", ([, ask]) => {
    const engine = engineOf(cluster);
    const stats = engine.stats();
    expect(() => engine.preview([lets], () => ask(engine))).toThrow("a preview lasts");
    expect(engine.stats()).toEqual(stats);
    expect(engine.preview([takes], (after) => after.verdict(asked))).toBe("denied");
  });
});
