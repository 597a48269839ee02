import { describe, expect, it, test } from "vitest";
import { DATAPLANES, type DataplaneName } from "../../src/engine/dataplane.ts";
import { Effort } from "../../src/engine/effort.ts";
import type { Change } from "../../src/engine/model.ts";
import type { ClaimPreview, FlowGroup, FlowList, Group } from "../../src/engine/query.ts";
import {
  claim,
  engineOf,
  flow,
  namespace,
  namespacesOf,
  networkPolicy,
  node,
  pod,
  without,
} from "../support/dsl.ts";
import { endText, portsText } from "./flow-text.ts";

/** `dev/a, dev/b -> shop/db TCP/80`; of the two families outside one is enough to read. */
function lines({ groups }: FlowList): readonly string[] {
  const ends = ({ endpoints }: Group): string =>
    endpoints
      .map(endText)
      .filter((end) => end !== "IPv6")
      .join(", ");
  const line = ({ from, to, ports }: FlowGroup): string =>
    `${ends(from)} -> ${ends(to)} ${portsText(ports)}`;
  return groups.map(line).toSorted();
}

const dev = namespace("dev env=dev");
const payments = namespace("payments env=prod");
const tool = pod("dev/tool app=tool");
const other = pod("dev/other app=other");
const vault = pod("payments/vault app=vault");
const noVault = "closed from namespaces env=dev to pods app=vault on TCP/8200";
const guarded = networkPolicy(
  "payments/vault",
  "pods app=vault",
  "ingress from pods app=api on TCP/8200",
);
const cluster = [dev, payments, tool, other, vault];

/** Blocks of addresses, more than are looked at one by one. */
const blocks = Array.from({ length: 20 }, (_, index) => `10.0.${index}.0/24`);

interface Example {
  readonly cluster: readonly Change[];
  readonly claim: string;
  readonly dataplane?: DataplaneName;
  readonly certain?: readonly string[];
  readonly perhaps?: readonly string[];
}

describe("a claim about the cluster as it stands", () => {
  it.for<[string, Example]>([
    [
      "is broken where nothing closes the flow",
      {
        cluster,
        claim: noVault,
        certain: ["dev/other, dev/tool -> payments/vault TCP/8200"],
      },
    ],
    ["is kept where a policy closes it", { cluster: [...cluster, guarded], claim: noVault }],
    [
      "speaks of its ports alone",
      {
        cluster: [
          ...cluster,
          networkPolicy("payments/vault", "ingress from namespaces env=dev on TCP/8199-8200 UDP"),
        ],
        claim: "closed from namespaces env=dev to pods app=vault on TCP/8200-8300 SCTP",
        certain: ["dev/other, dev/tool -> payments/vault TCP/8200"],
      },
    ],
    [
      "unites its sets",
      {
        cluster: [...cluster, pod("shop/web app=web")],
        claim: "closed from pods app=web or pods app=tool to pods app=vault on TCP/1",
        certain: ["dev/tool, shop/web -> payments/vault TCP/1"],
      },
    ],
    [
      "that all is open is broken where a policy closes some",
      {
        cluster: [
          ...cluster,
          networkPolicy(
            "payments/vault",
            "pods app=vault",
            "ingress from pods app=api on TCP/9100",
          ),
          networkPolicy("dev/open", "ingress on TCP/9100"),
        ],
        claim: "open from pods app=tool to pods {} on TCP/9100",
        certain: ["dev/tool -> payments/vault TCP/9100"],
      },
    ],
    [
      "never means a pod's way to itself",
      {
        cluster: [dev, tool, networkPolicy("dev/closed")],
        claim: "open from namespaces env=dev to namespaces env=dev",
      },
    ],
    [
      "means the others of a workload",
      {
        cluster: [
          dev,
          pod("dev/a StatefulSet/db"),
          pod("dev/b StatefulSet/db"),
          networkPolicy("dev/closed"),
        ],
        claim: "open from namespaces env=dev to namespaces env=dev on TCP/1",
        certain: ["dev/db -> dev/db TCP/1"],
      },
    ],
    [
      "means hostNetwork pods, whose flows are mostly not known",
      {
        cluster: [
          payments,
          vault,
          guarded,
          node("n1 172.18.0.2"),
          pod("ops/agent hostNetwork @n1 172.18.0.2"),
        ],
        claim: "closed from namespaces kubernetes.io/metadata.name=ops to pods app=vault on TCP/1",
        perhaps: ["ops/agent -> payments/vault TCP/1"],
      },
    ],
    [
      "means them too where the dataplane has no selector match them",
      {
        cluster: [vault, pod("ops/agent hostNetwork 172.18.0.2")],
        claim: "closed from namespaces kubernetes.io/metadata.name=ops to pods app=vault on TCP/1",
        dataplane: "calico",
        certain: ["ops/agent -> payments/vault TCP/1"],
      },
    ],
    [
      "about addresses means whoever has them, whatever the dataplane has blocks match",
      {
        cluster: [tool, node("n1 10.0.0.8"), pod("shop/db 10.0.0.2"), pod("shop/far 10.9.0.2")],
        claim: "closed from pods app=tool to 10.0.0.0/24 on TCP/1",
        dataplane: "cilium",
        certain: ["dev/tool -> shop/db, 10.0.0.0/24 TCP/1"],
      },
    ],
    [
      "tells of a node by its address",
      {
        cluster: [tool, node("n1 10.0.0.8"), networkPolicy("dev/out", "types Egress")],
        claim: "closed from pods app=tool to 10.0.0.0/24 on TCP/1",
        perhaps: ["dev/tool -> 10.0.0.8/32 TCP/1"],
      },
    ],
    [
      "about an address that a pod has means the pod alone",
      {
        cluster: [tool, pod("shop/db 10.0.0.2"), networkPolicy("shop/closed", "types Ingress")],
        claim: "closed from pods app=tool to 10.0.0.2/32",
      },
    ],
    [
      "about addresses means no pod that has none yet",
      {
        cluster: [tool, pod("shop/db pending")],
        claim: "closed from pods app=tool to 8.0.0.0/8 on TCP/1",
        certain: ["dev/tool -> 8.0.0.0/8 TCP/1"],
      },
    ],
    [
      "about pods means those too that have no address yet",
      {
        cluster: [tool, pod("shop/db app=db pending")],
        claim: "closed from pods app=tool to pods app=db on TCP/1",
        certain: ["dev/tool -> shop/db TCP/1"],
      },
    ],
    [
      "about the world means what no pod has",
      {
        cluster: [
          vault,
          tool,
          networkPolicy("payments/vault", "ingress from 8.8.8.0/24 on TCP/443", "pods app=vault"),
        ],
        claim: "closed from world to pods app=vault",
        certain: ["8.8.8.0/24 -> payments/vault TCP/443"],
      },
    ],
    [
      "that all is closed is broken by one family",
      {
        cluster: [
          pod("dev/tool app=tool 10.0.0.1 fd00::1"),
          pod("payments/vault app=vault 10.0.0.2 fd00::2"),
          networkPolicy("payments/vault", "ingress from fd00::/64 on TCP/1"),
        ],
        claim: "closed from pods app=tool to pods app=vault",
        certain: ["dev/tool -> payments/vault TCP/1"],
      },
    ],
    [
      "that pods reach each other is kept by one family",
      {
        cluster: [
          pod("dev/tool app=tool 10.0.0.1 fd00::1"),
          pod("payments/vault app=vault 10.0.0.2 fd00::2"),
          networkPolicy("payments/vault", "ingress from fd00::/64 on TCP/1"),
        ],
        claim: "open from pods app=tool to pods app=vault on TCP/1",
      },
    ],
    [
      "that addresses are reached is not",
      {
        cluster: [
          pod("dev/tool app=tool 10.0.0.1 fd00::1"),
          pod("payments/vault app=vault 10.0.0.2 fd00::2"),
          networkPolicy("payments/vault", "ingress from fd00::/64 on TCP/1"),
        ],
        claim: "open from pods app=tool to 10.0.0.2/32 or fd00::2/128 on TCP/1",
        certain: ["dev/tool -> payments/vault TCP/1"],
      },
    ],
    [
      "asks nothing of pods without a family in common",
      {
        cluster: [pod("dev/tool app=tool 10.0.0.1"), pod("payments/vault app=vault fd00::2")],
        claim: "open from pods app=tool to pods app=vault",
      },
    ],
    [
      "asks nothing where no pod is at either end",
      { cluster: [node("n1 10.0.0.8")], claim: "closed from 10.0.0.0/8 to world" },
    ],
    [
      "is perhaps broken by what cannot be decided",
      {
        cluster: [
          tool,
          networkPolicy("dev/out", "types Egress", "egress to 8.8.8.8/32 on TCP/dns"),
        ],
        claim: "closed from pods app=tool to 8.8.8.0/24 on TCP/53",
        perhaps: ["dev/tool -> 8.8.8.8/32 TCP/53"],
      },
    ],
  ])("%s", ([, { cluster: changes, claim: text, dataplane, ...expected }]) => {
    const engine = engineOf(changes, dataplane);
    const { certain, perhaps } = engine.breaches(engine.hold(claim(text)), 10);
    expect({ certain: lines(certain), perhaps: lines(perhaps) }).toEqual({
      certain: [],
      perhaps: [],
      ...expected,
    });
  });

  test("is perhaps broken by pods that are perhaps meant", () => {
    const engine = engineOf([]);
    // Of a namespace that has not been seen nobody knows the labels.
    for (const change of [tool, vault, payments]) engine.apply(change);
    const { certain, perhaps } = engine.breaches(engine.hold(claim(noVault)), 10);
    expect(lines(certain)).toEqual([]);
    expect(lines(perhaps)).toEqual(["dev/tool -> payments/vault TCP/8200"]);
  });

  test("names the widest flows and counts all", () => {
    const crowd = Array.from({ length: 5 }, (_, index) => [
      pod(`dev/c${index} app=c${index}`),
      networkPolicy(`dev/p${index}`, `pods app=c${index}`, `ingress on TCP/${index + 1}`),
    ]).flat();
    const engine = engineOf([...cluster, ...crowd]);
    const held = engine.hold(claim("closed from pods app=vault to namespaces env=dev"));
    const { certain } = engine.breaches(held, 2);
    expect(lines(certain)).toContain("payments/vault -> dev/other, dev/tool all");
    expect(certain).toMatchObject({ omitted: 4, from: 1, to: 7 });
    expect(certain.groups).toHaveLength(2);
  });
});

test("of a claim that is broken everywhere only so much is looked at, and it says so", () => {
  const many = Array.from({ length: 460 }, (_, index) => [
    pod(`n${index}/p app=p`),
    networkPolicy(`n${index}/one`, "types Egress", `egress on TCP/${index + 1}`),
  ]).flat();
  const engine = engineOf(many);
  const everywhere = engine.hold(claim("open from pods app=p to pods app=p on TCP/9999"));
  const { certain } = engine.breaches(everywhere, 3);
  expect(certain).toMatchObject({ complete: false, to: 460, groups: { length: 3 } });
  const one = engine.hold(
    claim("open from pods app=p to namespaces kubernetes.io/metadata.name=n7 on TCP/9999"),
  );
  expect(engine.breaches(one, 3).certain).toMatchObject({ complete: true, from: 459, to: 1 });
});

describe("a claim that is held", () => {
  const held = [
    noVault,
    "closed from 10.0.0.0/9 to world",
    "open from namespaces env=dev pods team to fd00::/16 on UDP",
  ];

  test("leaves nothing behind when it is released, once or twice", () => {
    const engine = engineOf([...cluster, guarded, pod("dev/more team=a 10.1.0.1 fd00::1")]);
    const before = engine.stats();
    const claims = [...held, ...held].map((text) => engine.hold(claim(text)));
    expect(engine.stats().classes).toBeGreaterThan(before.classes);
    for (const each of [...claims, ...claims]) engine.release(each);
    expect(engine.stats()).toEqual(before);
  });

  test("is kept as long as it is held once more", () => {
    const engine = engineOf(cluster);
    const [one, two] = [engine.hold(claim(noVault)), engine.hold(claim(noVault))];
    engine.release(one);
    expect(engine.breaches(two, 1).certain.from).toBe(2);
    expect(() => engine.breaches(one, 1)).toThrow("not held");
  });

  test("is held with another dataplane too", () => {
    const engine = engineOf([vault, pod("ops/agent app=tool hostNetwork 172.18.0.2"), guarded]);
    const each = engine.hold(claim("closed from pods app=tool to pods app=vault on TCP/1"));
    expect(engine.breaches(each, 1)).toMatchObject({ certain: { from: 0 }, perhaps: { from: 1 } });
    engine.useDataplane(DATAPLANES.calico);
    expect(engine.breaches(each, 1)).toMatchObject({ certain: { from: 0 }, perhaps: { from: 1 } });
    engine.release(each);
    expect(engine.stats().selectors).toBe(engineOf([guarded]).stats().selectors);
  });
});

interface PreviewExample {
  readonly cluster: readonly Change[];
  readonly claim: string;
  readonly changes: readonly Change[];
  readonly appeared?: readonly string[];
  readonly disappeared?: readonly string[];
  readonly unsure?: readonly string[];
}

describe("a change breaks or mends a claim", () => {
  const open = networkPolicy("payments/vault", "pods app=vault", "ingress from namespaces {}");

  it.for<[string, PreviewExample]>([
    [
      "a policy that opens what must be closed",
      {
        cluster: [...cluster, guarded],
        claim: noVault,
        changes: [open],
        appeared: ["dev/other, dev/tool -> payments/vault TCP/8200"],
      },
    ],
    [
      "the last policy deleted",
      {
        cluster: [...cluster, guarded],
        claim: noVault,
        changes: [without(guarded)],
        appeared: ["dev/other, dev/tool -> payments/vault TCP/8200"],
      },
    ],
    [
      "a policy that closes it again",
      {
        cluster: [...cluster, open],
        claim: noVault,
        changes: [guarded],
        disappeared: ["dev/other, dev/tool -> payments/vault TCP/8200"],
      },
    ],
    [
      "nothing where the other end is closed still",
      {
        cluster: [...cluster, guarded, networkPolicy("dev/out", "types Egress")],
        claim: noVault,
        changes: [open],
      },
    ],
    [
      "pods under different policies that go the same way are told of as one",
      {
        cluster: [
          ...cluster,
          networkPolicy("dev/tool", "pods app=tool", "types Egress", "egress on TCP/1"),
          networkPolicy("dev/other", "pods app=other", "types Egress", "egress on TCP/2"),
        ],
        claim: noVault,
        changes: [networkPolicy("dev/out", "types Egress", "egress to namespaces {} on TCP/8200")],
        appeared: ["dev/other, dev/tool -> payments/vault TCP/8200"],
      },
    ],
    [
      "what is broken already is not told of again",
      {
        cluster,
        claim: noVault,
        changes: [networkPolicy("payments/vault", "pods app=vault", "ingress from namespaces {}")],
      },
    ],
    [
      "a namespace relabelled: nothing opens, yet its pods come under the claim",
      {
        cluster: [...cluster, namespace("lab"), pod("lab/one app=one")],
        claim: noVault,
        changes: [namespace("lab env=dev")],
        appeared: ["lab/one -> payments/vault TCP/8200"],
      },
    ],
    [
      "and relabelled back",
      {
        cluster: [...cluster, namespace("lab env=dev"), pod("lab/one app=one")],
        claim: noVault,
        changes: [namespace("lab")],
        disappeared: ["lab/one -> payments/vault TCP/8200"],
      },
    ],
    [
      "a pod that comes",
      {
        cluster,
        claim: noVault,
        changes: [pod("dev/new app=new")],
        appeared: ["dev/new -> payments/vault TCP/8200"],
      },
    ],
    [
      "a pod relabelled into the other end",
      {
        cluster: [...cluster, pod("payments/api app=api")],
        claim: noVault,
        changes: [pod("payments/api app=vault")],
        appeared: ["dev/other, dev/tool -> payments/api TCP/8200"],
      },
    ],
    [
      "a pod that ends",
      {
        cluster,
        claim: noVault,
        changes: [pod("dev/tool app=tool succeeded")],
        disappeared: ["dev/tool -> payments/vault TCP/8200"],
      },
    ],
    [
      "a pod that comes and is let nowhere breaks that it must reach",
      {
        cluster: [vault, guarded, dev, payments],
        claim: "open from namespaces env=dev to pods app=vault on TCP/8200",
        changes: [pod("dev/new app=new")],
        appeared: ["dev/new -> payments/vault TCP/8200"],
      },
    ],
    [
      "a first policy that shuts out whom it must not",
      {
        cluster,
        claim: "open from pods app=tool to pods app=vault on TCP/8200 TCP/8201",
        changes: [networkPolicy("payments/vault", "ingress from namespaces env=dev on TCP/8200")],
        appeared: ["dev/tool -> payments/vault TCP/8201"],
      },
    ],
    [
      "a doubt that arises",
      {
        cluster: [tool, networkPolicy("dev/out", "types Egress")],
        claim: "closed from pods app=tool to 8.8.8.0/24 on TCP/53",
        changes: [networkPolicy("dev/out", "types Egress", "egress to 8.8.8.8/32 on TCP/dns")],
        unsure: ["dev/tool -> 8.8.8.8/32 TCP/53"],
      },
    ],
    [
      "a doubt that becomes certain",
      {
        cluster: [
          tool,
          networkPolicy("dev/out", "types Egress", "egress to 8.8.8.8/32 on TCP/dns"),
        ],
        claim: "closed from pods app=tool to 8.8.8.0/24 on TCP/53",
        changes: [networkPolicy("dev/out", "types Egress", "egress to 8.8.8.8/32 on TCP/53")],
        appeared: ["dev/tool -> 8.8.8.8/32 TCP/53"],
      },
    ],
    [
      "one pod gains an address as another loses its own, among many addresses",
      {
        cluster: [
          pod("dev/a 10.0.0.1"),
          pod("dev/b pending"),
          pod("dev/c 10.0.1.2"),
          networkPolicy("dev/p", "pods app=none", `ingress from ${blocks.join(" or ")}`),
        ],
        claim: "closed from 10.0.0.0/16 to 10.0.0.0/16 on TCP/1",
        changes: [pod("dev/b 10.0.2.3"), pod("dev/a pending")],
        appeared: ["dev/b -> dev/c, 10.0.0.0/16 TCP/1", "dev/b, dev/c, 10.0.0.0/16 -> dev/b TCP/1"],
        disappeared: [
          "dev/a -> dev/c, 10.0.0.0/16 TCP/1",
          "dev/a, dev/c, 10.0.0.0/16 -> dev/a TCP/1",
        ],
      },
    ],
    [
      "flows from nodes, by their addresses",
      {
        cluster: [vault, node("n1 172.18.0.2"), networkPolicy("payments/vault", "types Ingress")],
        claim: "closed from 172.18.0.0/16 to pods app=vault on TCP/1",
        changes: [without(networkPolicy("payments/vault"))],
        appeared: ["172.18.0.0/16 -> payments/vault TCP/1"],
      },
    ],
  ])("%s", ([, { cluster: before, claim: text, changes, ...expected }]) => {
    const engine = engineOf([...before, ...namespacesOf(changes).filter(isNew(before))]);
    const held = engine.hold(claim(text));
    const found = engine.preview(changes, (_, __, claims) => claims.breaches(held, 10));
    const alone = (effort: number) =>
      engine.previewClaims(new Effort(effort), changes, (claims) => claims.breaches(held, 10));
    expect(alone(1_000)).toEqual(found);
    expect({
      appeared: lines(found.appeared),
      disappeared: lines(found.disappeared),
      unsure: lines(found.unsure),
    }).toEqual({ appeared: [], disappeared: [], unsure: [], ...expected });
  });

  test("only the claims whose ends it touches are concerned", () => {
    const engine = engineOf([...cluster, pod("shop/web app=web"), guarded]);
    const [mine, reverse] = [
      engine.hold(claim(noVault)),
      engine.hold(claim("closed from pods app=vault to namespaces env=dev")),
    ];
    engine.hold(claim("closed from pods app=web to world"));
    // An ingress policy of the vault says nothing of where the vault goes.
    const concerned = engine.preview([open], (_, __, claims) => claims.concerned());
    expect(concerned).toEqual([mine]);
    const byLabel = engine.preview([pod("payments/vault app=vault v=2")], (_, __, claims) =>
      claims.concerned(),
    );
    expect(byLabel).toEqual([]);
    const moved = engine.preview([without(vault)], (_, __, claims) => claims.concerned());
    expect(moved).toEqual([mine, reverse]);
  });

  it.each<[string, string, Change]>([
    ["by a policy", noVault, open],
    ["by labels", noVault, namespace("dev env=other")],
    ["of addresses", "open from pods app=vault to 10.0.0.0/8", without(guarded)],
  ])("is not told %s where that takes more effort than is allowed", (_, text, change) => {
    const engine = engineOf([...cluster, guarded]);
    const held = engine.hold(claim(text));
    const tell = (claims: ClaimPreview): string => {
      const { appeared, disappeared, unsure } = claims.breaches(held, 1);
      return [appeared, disappeared, unsure].flatMap(lines).join("; ");
    };
    const all = engine.preview([change], (_after, _delta, claims) => tell(claims));
    const told = Array.from({ length: 1_000 }, (_none, effort) => ({
      within: engine.previewWithin(new Effort(effort), [change], (_after, _delta, claims) =>
        tell(claims),
      ),
      alone: engine.previewClaims(new Effort(effort), [change], tell),
    }));
    const within = [...new Set(told.map((one) => one.within))];
    expect(within.slice(-2)).toEqual(["too-many-breaches", all]);
    expect([...new Set(told.map(({ alone }) => alone))]).toEqual(["too-many-breaches", all]);
  });

  test("after the preview nothing is told", () => {
    const engine = engineOf([...cluster, guarded]);
    const held = engine.hold(claim(noVault));
    const late = engine.preview([open], (_, __, claims) => claims);
    expect(() => late.concerned()).toThrow("the preview is over");
    expect(() => late.breaches(held, 1)).toThrow("the preview is over");
  });

  test("the pods that could not do so before are counted, and the state after can be asked", () => {
    const engine = engineOf([...cluster, guarded]);
    const held = engine.hold(claim(noVault));
    const { delta, after } = engine.preview([open], (later, _, claims) => ({
      delta: claims.breaches(held, 1),
      after: later.breaches(held, 1),
    }));
    expect(delta.appeared).toMatchObject({ from: 2, to: 1, omitted: 0 });
    expect(after.certain).toMatchObject({ from: 2, to: 1 });
    expect(engine.breaches(held, 1).certain.from).toBe(0);
    expect(engine.verdict(flow("dev/tool -> payments/vault TCP/8200"))).toBe("denied");
  });
});

/** Namespaces that an example does not declare itself. */
function isNew(declared: readonly Change[]): (change: Change) => boolean {
  const known = new Set(
    declared.flatMap((each) =>
      each.kind === "namespace" && each.op === "upsert" ? [each.object.name] : [],
    ),
  );
  return (each) =>
    each.kind === "namespace" && each.op === "upsert" && !known.has(each.object.name);
}
