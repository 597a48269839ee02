import { describe, expect, it, test } from "vitest";
import { formatRange, parseCidr } from "../../src/engine/address.ts";
import { DATAPLANES } from "../../src/engine/dataplane.ts";
import type { Requirement, Selection } from "../../src/engine/model.ts";
import { ALL_PORTS, type PortSet, portIntervals } from "../../src/engine/port-set.ts";
import type { Connection, Endpoint } from "../../src/engine/query.ts";
import {
  clusterPolicy,
  engineOf,
  flow,
  namespace,
  networkPolicy,
  node,
  pod,
  without,
} from "../support/dsl.ts";

const web = pod("shop/web app=web");
const db = pod("shop/db app=db");
const agent = pod("shop/agent app=web hostNetwork");
const tool = pod("dev/tool app=web");
const dev = namespace("dev team=b");

function labelled(key: string, ...values: readonly string[]): Requirement {
  return { key, operator: "In", values };
}

function named(name: string, ...pods: readonly Requirement[]): Selection {
  return { namespaces: { kind: "name", name }, pods };
}

function inTeam(team: string, ...pods: readonly Requirement[]): Selection {
  return { namespaces: { kind: "selector", selector: [labelled("team", team)] }, pods };
}

function endText(end: Endpoint): string {
  return end.kind === "workload"
    ? `${end.namespace}/${end.workload.name}[${end.workload.kind}]`
    : formatRange(end.range);
}

describe("who has an address in a range", () => {
  const cluster = [
    pod("shop/web 10.244.1.1"),
    pod("shop/db 10.244.1.200"),
    pod("dev/tool fd00:244::1"),
    pod("shop/agent hostNetwork 10.0.0.1"),
    node("n1 10.0.0.1"),
    node("n2 10.0.0.2"),
  ];
  it.for<[string, readonly string[], readonly string[]]>([
    ["10.244.1.0/25", ["web"], []],
    ["10.244.1.200/32", ["db"], []],
    ["10.244.0.0/16", ["db", "web"], []],
    ["10.0.0.0/24", ["agent"], ["n1", "n2"]],
    ["10.0.0.2/32", [], ["n2"]],
    ["fd00::/8", ["tool"], []],
    ["192.0.2.0/24", [], []],
  ])("%s, whether a policy mentions it or not", ([cidr, pods, nodes]) => {
    const engine = engineOf(cluster);
    const range = parseCidr(cidr);
    if (range === null) throw new Error(cidr);
    const found = (): unknown => [
      Array.from(engine.podsWithin(range), ({ name }) => name).toSorted(),
      Array.from(engine.nodesWithin(range), ({ name }) => name).toSorted(),
    ];
    expect(found()).toEqual([pods, nodes]);
    engine.apply(networkPolicy("shop/p", `ingress from ${cidr}`));
    expect(found()).toEqual([pods, nodes]);
  });
});

it("tells the policies of a node by the pods that run there, while they do", () => {
  const engine = engineOf([
    pod("shop/web app=web @n1"),
    pod("shop/agent hostNetwork @n1"),
    pod("shop/db app=db @n2"),
    pod("dev/late app=late"),
    networkPolicy("shop/web", "pods app=web", "ingress from namespaces {}"),
    networkPolicy("shop/all"),
    networkPolicy("dev/all"),
    clusterPolicy("Admin/1/gate", "ingress Deny from namespaces {}"),
  ]);
  const on = (name: string): readonly string[] =>
    Array.from(engine.policiesOnNode(name), ({ kind, namespace: of, name: own }) =>
      [kind === "NetworkPolicy" ? of : kind, own].join("/"),
    ).toSorted();
  expect(on("n1")).toEqual(["ClusterNetworkPolicy/gate", "shop/all", "shop/web"]);
  expect(on("n2")).toEqual(["ClusterNetworkPolicy/gate", "shop/all"]);
  engine.apply({ kind: "pod", op: "delete", key: "shop/db" });
  engine.apply(pod("shop/web app=web @n3"));
  engine.apply({ kind: "pod", op: "delete", key: "shop/agent" });
  expect([on("n1"), on("n2"), on("n3")]).toEqual([[], [], on("n3")]);
  expect(on("n3")).toContain("shop/web");
});

describe("how pods are isolated", () => {
  const cluster = [
    web,
    db,
    agent,
    networkPolicy("shop/web", "pods app=web", "types Ingress"),
    clusterPolicy("Admin/1/gate", "egress Deny to namespaces {}"),
  ];
  it.for([
    ["shop/web", "ingress", "yes"],
    ["shop/web", "egress", "no"],
    ["shop/db", "ingress", "no"],
    ["shop/agent", "ingress", "unknown"],
    ["shop/gone", "ingress", "unknown"],
  ] as const)("%s for %s: %s", ([key, direction, expected]) => {
    expect(engineOf(cluster).isolation(key, direction)).toBe(expected);
  });
});

describe("pods on the host's network", () => {
  it.for<[string, Selection, number, readonly string[]]>([
    ["by label", named("shop", labelled("app", "web")), 9, ["agent"]],
    ["by another label", named("shop", labelled("app", "db")), 9, []],
    ["of another namespace", named("dev"), 9, []],
    ["of a namespace's label", inTeam("b"), 9, ["probe"]],
    ["only so many", { namespaces: { kind: "selector", selector: [] }, pods: [] }, 1, ["agent"]],
  ])("%s, whatever the dataplane makes of them", ([, selection, limit, expected]) => {
    const probe = pod("dev/probe hostNetwork app=probe");
    const cluster = [web, agent, ...(expected.includes("probe") ? [probe] : []), dev];
    const found = engineOf(cluster).hostPods(selection, limit);
    expect(found.map(({ name }) => name)).toEqual(expected);
  });
});

describe("ports between two pods", () => {
  const engine = engineOf([
    web,
    db,
    agent,
    networkPolicy("shop/db", "pods app=db", "ingress from pods app=web on TCP/5432"),
  ]);
  it.for([
    ["shop/web", "shop/db", "TCP 5432-5432", ""],
    ["shop/agent", "shop/db", "", "all"],
    ["shop/db", "shop/gone", "", ""],
    ["shop/db", "shop/db", "all", ""],
    ["shop/db", "shop/web", "all", ""],
  ] as const)("from %s to %s: %s, perhaps %s", ([from, to, open, doubtful]) => {
    const { allowed, unknown } = engine.portsBetween(from, to);
    expect([portsText(allowed), portsText(unknown)]).toEqual([open, doubtful]);
  });
});

function portsText(ports: PortSet): string {
  if (ports.key === ALL_PORTS.key) return "all";
  return portIntervals(ports)
    .map(({ protocol, first, last }) => `${protocol} ${first}-${last}`)
    .join();
}

describe("select", () => {
  const cluster = [web, db, agent, tool, dev];
  it.for<[string, Selection, number, number]>([
    ["by namespace", named("shop"), 2, 1],
    ["by label", named("shop", labelled("app", "web")), 1, 1],
    ["by the namespace's label", inTeam("b"), 1, 0],
    ["all there are", { namespaces: { kind: "selector", selector: [] }, pods: [] }, 3, 1],
    ["a namespace that there is not", named("gone"), 0, 0],
    ["a namespace's label that there is not", inTeam("x"), 0, 0],
  ])("%s, whether a policy says so or not", ([, selection, count, unsure]) => {
    const engine = engineOf(cluster);
    expect(engine.select(selection, 9)).toMatchObject({ count, unsure });
    const [policy] = [networkPolicy("shop/p")].flatMap((each) =>
      each.kind === "policy" && each.op === "upsert" ? [each.object] : [],
    );
    if (policy === undefined) throw new Error("no policy");
    engine.apply({ kind: "policy", op: "upsert", object: { ...policy, subject: selection } });
    expect(engine.select(selection, 9)).toMatchObject({ count, unsure });
    // One of an ordered tier reads it otherwise; what is asked for is as a NetworkPolicy reads it.
    const tiered = engineOf(cluster);
    tiered.apply({
      kind: "policy",
      op: "upsert",
      object: { ...policy, tier: "Admin", subject: selection },
    });
    expect(tiered.select(selection, 9)).toMatchObject({ count, unsure });
  });

  it("samples no more than it is asked for, and counts all", () => {
    const { count, sample } = engineOf(cluster).select(named("shop"), 1);
    expect([count, sample.length]).toEqual([2, 1]);
  });
});

describe("what is there", () => {
  const policy = networkPolicy("shop/p");
  const guard = clusterPolicy("Admin/1/guard");
  const n1 = node("n1 172.18.0.2");
  const engine = engineOf([web, db, tool, dev, n1, policy, guard, pod("shop/job succeeded")]);
  const namesOf = (objects: Iterable<{ readonly name: string }>): readonly string[] =>
    Array.from(objects, ({ name }) => name).toSorted();

  test("objects by key", () => {
    expect(engine.pod("shop/web")?.labels.get("app")).toBe("web");
    expect(engine.namespace("dev")?.labels.get("team")).toBe("b");
    expect(engine.node("n1")?.addresses).toHaveLength(1);
    expect(engine.policy("NetworkPolicy/shop/p")?.name).toBe("p");
  });

  test("nothing by the key of what is not there, or has ended", () => {
    const gone = [
      engine.pod("shop/job"),
      engine.namespace("x"),
      engine.node("x"),
      engine.policy("x"),
    ];
    expect(gone).toEqual([undefined, undefined, undefined, undefined]);
  });

  test("objects of a namespace", () => {
    expect(namesOf(engine.podsOf("shop"))).toEqual(["db", "web"]);
    expect(namesOf(engine.podsOf("x"))).toEqual([]);
    expect(namesOf(engine.policiesOf("shop"))).toEqual(["p"]);
    expect(namesOf(engine.policiesOf(""))).toEqual(["guard"]);
    expect(namesOf(engine.policiesOf("x"))).toEqual([]);
  });

  test("namespaces by label, undeclared ones left out", () => {
    const other = engineOf([dev]);
    other.apply(pod("nowhere/a"));
    expect(other.namespaceCount()).toBe(1);
    expect(other.namespace("nowhere")).toBeUndefined();
    expect(namesOf(other.matchingNamespaces([]))).toEqual(["dev"]);
    expect(namesOf(other.matchingNamespaces([labelled("team", "b")]))).toEqual(["dev"]);
    expect(namesOf(other.matchingNamespaces([labelled("team", "x")]))).toEqual([]);
  });

  test("namespaces by labels that a policy asks for too", () => {
    const other = engineOf([dev, tool, networkPolicy("shop/p", "ingress from namespaces team=b")]);
    expect(namesOf(other.matchingNamespaces([labelled("team", "b")]))).toEqual(["dev"]);
  });

  test("a pod as it was told of last, though nothing changed that policies see", () => {
    const other = engineOf([pod("shop/web app=web :http=TCP/80"), db]);
    const before = other.stats();
    other.apply(pod("shop/web app=web :http=TCP/80 ReplicaSet/web"));
    expect(other.pod("shop/web")?.workload).toEqual({ kind: "ReplicaSet", name: "web" });
    expect(other.stats()).toEqual(before);
    other.apply(pod("shop/web app=web :http=TCP/81"));
    expect(other.pod("shop/web")?.ports).toMatchObject([{ port: 81 }]);
  });

  test("counts, which go back where they were", () => {
    const empty = engineOf([]);
    const before = empty.stats();
    const all = [dev, n1, web, policy, guard];
    for (const change of all) empty.apply(change);
    expect(empty.stats()).toMatchObject({ pods: 1, namespaces: 1, nodes: 1, policies: 2 });
    for (const change of all.toReversed()) empty.apply(without(change));
    expect(empty.stats()).toEqual(before);
  });
});

test("how fine policies cut the pods, the addresses and the ports", () => {
  const rules = ["ingress from pods app=web on TCP/80", "ingress from 10.0.0.0/8 on TCP/80 TCP/90"];
  const engine = engineOf([web, db, dev, networkPolicy("shop/db", "pods app=db", ...rules)]);
  expect(engine.stats()).toEqual({
    pods: 2,
    namespaces: 2,
    nodes: 0,
    policies: 1,
    // The two pods, and the addresses below, in and above the block, of two families.
    classes: 6,
    addressAtoms: 4,
    selectors: 3,
    // Of three protocols, of which one is cut before and after two ports.
    portAtoms: 7,
  });
});

describe("who can reach whom", () => {
  const only80 = networkPolicy("shop/p", "ingress from pods app=web on TCP/80");
  const lines = (connections: readonly Connection[]): readonly string[] =>
    connections
      .filter(({ from, to }) => from.kind === "workload" && to.kind === "workload")
      .map(({ from, to, allowed, unknown }) => {
        const ports = [allowed, unknown].map((set) =>
          set.key === ALL_PORTS.key
            ? "all"
            : portIntervals(set)
                .map(({ protocol, first }) => `${protocol}/${first}`)
                .join(" "),
        );
        return `${endText(from)} -> ${endText(to)} ${ports[0]} ? ${ports[1]}`;
      })
      .toSorted();

  test("pods of one workload are one end, which reaches itself if it has two", () => {
    const pods = ["a", "b"].map((name) => pod(`shop/web-${name} app=web StatefulSet/web`));
    const connections = engineOf([...pods, db, only80]).connections("workload");
    expect(lines(connections)).toEqual([
      "shop/web[StatefulSet] -> shop/db[Pod] TCP/80 ? ",
      "shop/web[StatefulSet] -> shop/web[StatefulSet] TCP/80 ? ",
    ]);
  });

  test("what any pod of a workload may, the workload may", () => {
    const pods = [
      pod("shop/web-a app=web StatefulSet/web"),
      pod("shop/web-b app=other StatefulSet/web"),
    ];
    const p = networkPolicy("shop/p", "ingress from pods app=web on TCP/80");
    const q = networkPolicy("shop/q", "pods app=db", "ingress from pods app=other on UDP/53");
    expect(lines(engineOf([...pods, db, p, q]).connections("workload"))).toEqual([
      "shop/web[StatefulSet] -> shop/db[Pod] TCP/80 UDP/53 ? ",
      "shop/web[StatefulSet] -> shop/web[StatefulSet] TCP/80 ? ",
    ]);
  });

  test("pod by pod, and never to itself", () => {
    expect(lines(engineOf([web, db, only80]).connections("pod"))).toEqual([
      "shop/web[Pod] -> shop/db[Pod] TCP/80 ? ",
    ]);
  });

  test("what is allowed is not told as unknown too", () => {
    const cluster = [
      db,
      pod("shop/new app=web pending"),
      networkPolicy("shop/p", "pods app=db", "ingress from pods app=web on TCP/80"),
      networkPolicy("shop/q", "pods app=db", "ingress from 10.0.0.0/8 on TCP/80 TCP/90"),
      networkPolicy("shop/r", "pods app=web", "types Ingress"),
    ];
    expect(lines(engineOf(cluster).connections("pod"))).toEqual([
      "shop/new[Pod] -> shop/db[Pod] TCP/80 ? TCP/90",
    ]);
  });

  test("each address of a workload is in one row, whichever of its pods it may talk with", () => {
    const cluster = [
      pod("shop/web-a app=a StatefulSet/web"),
      pod("shop/web-b app=b StatefulSet/web"),
      networkPolicy("shop/a", "pods app=a", "egress to 10.0.0.0/9 on TCP/80"),
      networkPolicy("shop/b", "pods app=b", "egress to 10.64.0.0/10 on TCP/80 TCP/90"),
    ];
    const rows = engineOf(cluster)
      .connections("workload")
      .filter(({ to }) => to.kind === "addresses");
    expect(rows.map(({ to, allowed }) => [endText(to), allowed.key])).toEqual([
      ["10.0.0.0/10", "80,80"],
      ["10.64.0.0/10", "80,80,90,90"],
    ]);
  });

  test("those that are wanted, and no more of them than that", () => {
    const engine = engineOf([web, db, tool]);
    const ask = (name: string, limit: number): readonly Connection[] =>
      engine.connections("pod", {
        isWanted: ({ kind }, to) => kind === "workload" && endText(to).includes(name),
        limit,
      });
    expect(lines(ask("db", 10))).toEqual([
      "dev/tool[Pod] -> shop/db[Pod] all ? ",
      "shop/web[Pod] -> shop/db[Pod] all ? ",
    ]);
    expect(ask("", 2)).toHaveLength(2);
  });

  test("as rectangles, of which no more workloads are named than asked for", () => {
    const rows = engineOf([web, db, tool]).connectivity(1);
    const whole = rows.filter(({ from, to }) => from.everyPod && to.everyPod);
    expect(whole).toMatchObject([{ from: { pods: 3, omitted: 0 }, allowed: ALL_PORTS }]);
    const kinds = whole.flatMap(({ from }) => from.endpoints.map(({ kind }) => kind));
    expect(kinds.filter((kind) => kind === "workload")).toHaveLength(1);
  });
});

describe("addresses of pods and nodes", () => {
  test("two pods of one address, one of them gone: it is the other's", () => {
    const first = pod("shop/first app=first 10.0.0.7");
    const second = pod("shop/second app=second 10.0.0.7");
    const policy = networkPolicy("shop/p", "pods app=web", "ingress from pods app=second");
    const asked = flow("10.0.0.7 -> shop/web TCP/1");
    const engine = engineOf([web, policy, first, second]);
    expect(engine.verdict(asked)).toBe("allowed");
    engine.apply(without(first));
    expect(engine.verdict(asked)).toBe("allowed");
    engine.apply(without(second));
    expect(engine.verdict(asked)).toBe("denied");
  });

  test("the other way round: the one that stays has it again", () => {
    const first = pod("shop/first app=first 10.0.0.7");
    const second = pod("shop/second app=second 10.0.0.7");
    const policy = networkPolicy("shop/p", "pods app=web", "ingress from pods app=first");
    const engine = engineOf([web, policy, first, second]);
    engine.apply(without(second));
    expect(engine.verdict(flow("10.0.0.7 -> shop/web TCP/1"))).toBe("allowed");
  });

  test("another dataplane leaves it to whoever came last", () => {
    const gone = pod("shop/gone 10.0.0.9");
    const first = pod("shop/first app=first 10.0.0.7");
    const second = pod("shop/second app=second 10.0.0.7");
    const policy = networkPolicy("shop/p", "pods app=web", "ingress from pods app=second");
    const engine = engineOf([web, policy, gone, first, without(gone), second]);
    engine.useDataplane(DATAPLANES.calico);
    expect(engine.verdict(flow("10.0.0.7 -> shop/web TCP/1"))).toBe("allowed");
  });

  test("a pod that comes back with another address has that one, and no more the first", () => {
    const policy = networkPolicy("shop/p", "pods app=web", "ingress from pods app=first");
    const engine = engineOf([web, policy, pod("shop/first app=first 10.0.0.7")]);
    engine.apply(pod("shop/first app=first 10.0.0.8"));
    expect(engine.verdict(flow("10.0.0.7 -> shop/web TCP/1"))).toBe("denied");
    expect(engine.verdict(flow("10.0.0.8 -> shop/web TCP/1"))).toBe("allowed");
  });

  test("a second address of one family does not count", () => {
    const twice = pod("shop/twice 10.0.0.1 10.0.0.2");
    const engine = engineOf([web, twice, networkPolicy("shop/p", "ingress from 10.0.0.2/32")]);
    expect(engine.verdict(flow("shop/twice -> shop/web TCP/1"))).toBe("denied");
  });

  test("an address is of one family, whatever others its pod has", () => {
    const both = pod("shop/both 10.0.0.1 fd00::1");
    const target = pod("shop/target app=target 10.0.0.2 fd00::2");
    const policy = networkPolicy("shop/p", "pods app=target", "ingress from 10.0.0.1/32");
    const engine = engineOf([both, target, policy]);
    expect(engine.verdict(flow("shop/both -> shop/target TCP/1"))).toBe("unknown");
    expect(engine.verdict(flow("10.0.0.1 -> shop/target TCP/1"))).toBe("allowed");
    expect(engine.verdict(flow("fd00::1 -> shop/target TCP/1"))).toBe("denied");
    expect(engine.explain(flow("fd00::1 -> shop/target TCP/1")).verdict).toBe("denied");
  });
});
