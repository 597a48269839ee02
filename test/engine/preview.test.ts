import { describe, expect, it, test } from "vitest";
import { Effort } from "../../src/engine/effort.ts";
import type { Change } from "../../src/engine/model.ts";
import type { Connection, FlowGroup, FlowPair } from "../../src/engine/query.ts";
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
import { endText, portsText } from "./flow-text.ts";

function pairLines(pairs: readonly FlowPair[]): readonly string[] {
  return pairs
    .map(({ from, to, ports }) => `${endText(from)} -> ${endText(to)} ${portsText(ports)}`)
    .toSorted();
}

const web = pod("shop/web app=web");
const db = pod("shop/db app=db");
const tool = pod("dev/tool app=tool");
const shop = namespace("shop");
const dev = namespace("dev team=b");
const closed = networkPolicy("shop/closed", "types Ingress,Egress");
const open80 = networkPolicy("shop/db", "pods app=db", "ingress from pods app=web on TCP/80");
const open81 = networkPolicy("shop/db", "pods app=db", "ingress from pods app=web on TCP/81");

interface Example {
  readonly cluster: readonly Change[];
  readonly changes: readonly Change[];
  readonly opened?: readonly string[];
  readonly closed?: readonly string[];
  readonly unsure?: readonly string[];
}

describe("what nodes lose", () => {
  const onNode = networkPolicy("shop/node", "pods app=db", "ingress from 172.18.0.2/32 on TCP/80");
  const toNode = networkPolicy("shop/out", "types Egress", "egress to 172.18.0.2/32 on UDP/53");
  it.for<[string, readonly Change[], readonly Change[], readonly string[]]>([
    ["the way in", [closed, onNode], [without(onNode)], ["172.18.0.2/32 -> shop/db TCP/80"]],
    [
      "the way out to them",
      [closed, toNode],
      [without(toNode)],
      ["shop/db -> 172.18.0.2/32 UDP/53"],
    ],
    ["nothing, where a way opens", [closed], [onNode], []],
  ])("%s", ([, cluster, changes, expected]) => {
    const engine = engineOf([db, node("n1 172.18.0.2"), ...cluster], "calico");
    const lines = (groups: readonly FlowGroup[]): readonly string[] =>
      groups.map(({ from, to, ports }) => {
        const [source, target] = [from, to].map((end) => end.endpoints.map(endText).join());
        return `${source} -> ${target} ${portsText(ports)}`;
      });
    const { lost, elsewhere, listed } = engine.preview(changes, (_, delta) => ({
      lost: lines([...delta.nodesLose("shop", "ingress"), ...delta.nodesLose("shop", "egress")]),
      elsewhere: delta.nodesLose("dev", "ingress"),
      listed: lines([...delta.closed, ...delta.unsure]),
    }));
    expect(lost).toEqual(expected);
    expect(elsewhere).toEqual([]);
    expect(listed.filter((line) => expected.includes(line))).toEqual([]);
  });
});

describe("a change opens and closes", () => {
  it.for<[string, Example]>([
    [
      "a first policy closes what it has no rule for",
      {
        cluster: [web, db],
        changes: [open80],
        closed: [
          "IPv4 -> shop/db all",
          "shop/web -> shop/db TCP/1-79 TCP/81-65535 UDP/1-65535 SCTP/1-65535",
        ],
      },
    ],
    [
      "one end lets the other while that one is changed for somebody else",
      {
        cluster: [
          web,
          db,
          tool,
          dev,
          open80,
          networkPolicy("shop/web", "pods app=web", "types Egress"),
        ],
        changes: [
          networkPolicy(
            "shop/web",
            "pods app=web",
            "types Egress",
            "egress to pods app=db on TCP/80",
          ),
          networkPolicy(
            "shop/db",
            "pods app=db",
            "ingress from pods app=web on TCP/80",
            "ingress from namespaces team=b on TCP/80",
          ),
        ],
        opened: ["dev/tool -> shop/db TCP/80", "shop/web -> shop/db TCP/80"],
      },
    ],
    [
      "a rule changed opens one port and closes another",
      {
        cluster: [web, db, open80],
        changes: [open81],
        opened: ["shop/web -> shop/db TCP/81"],
        closed: ["shop/web -> shop/db TCP/80"],
      },
    ],
    [
      "the last policy deleted opens the pod",
      {
        cluster: [web, db, tool, networkPolicy("shop/p", "types Ingress", "pods app=db")],
        changes: [without(networkPolicy("shop/p"))],
        opened: ["IPv4 -> shop/db all", "dev/tool -> shop/db all", "shop/web -> shop/db all"],
      },
    ],
    [
      "one of two policies that say the same deleted changes nothing",
      {
        cluster: [
          web,
          db,
          open80,
          networkPolicy("shop/db-too", "pods app=db", "ingress from pods app=web on TCP/80"),
        ],
        changes: [without(open80)],
      },
    ],
    [
      "what only one end opens is not opened",
      {
        cluster: [web, db, closed],
        changes: [
          networkPolicy("shop/out", "pods app=web", "types Egress", "egress to pods app=db"),
        ],
      },
    ],
    [
      "with the other end's policy it is",
      {
        cluster: [
          web,
          db,
          closed,
          networkPolicy("shop/out", "pods app=web", "types Egress", "egress to pods app=db"),
        ],
        changes: [open80],
        opened: ["shop/web -> shop/db TCP/80"],
      },
    ],
    [
      "both ends in one go",
      {
        cluster: [web, db, closed],
        changes: [
          networkPolicy("shop/out", "pods app=web", "types Egress", "egress to pods app=db"),
          open80,
        ],
        opened: ["shop/web -> shop/db TCP/80"],
      },
    ],
    [
      "a namespace relabelled is let in",
      {
        cluster: [
          db,
          tool,
          shop,
          namespace("dev"),
          networkPolicy("shop/p", "ingress from namespaces team=b on TCP/80"),
        ],
        changes: [dev],
        opened: ["dev/tool -> shop/db TCP/80"],
      },
    ],
    [
      "a namespace deleted: its labels are not known any more",
      {
        cluster: [
          db,
          tool,
          shop,
          dev,
          networkPolicy("shop/p", "ingress from namespaces team=b on TCP/80"),
        ],
        changes: [without(dev)],
        closed: ["dev/tool -> shop/db TCP/80"],
      },
    ],
    [
      "a pod relabelled leaves its rules and comes under a policy",
      {
        cluster: [web, db, open80],
        changes: [pod("shop/web app=db")],
        closed: ["IPv4 -> shop/web all", "shop/db -> shop/web all", "shop/web -> shop/db TCP/80"],
      },
    ],
    [
      "two pods that were told apart become alike",
      {
        cluster: [
          pod("shop/a app=a"),
          pod("shop/b app=b"),
          db,
          networkPolicy("shop/p", "ingress from pods app=c on TCP/80"),
          networkPolicy("shop/q", "ingress from pods app=b on TCP/81"),
        ],
        changes: [pod("shop/a app=c"), pod("shop/b app=c")],
        opened: [
          "shop/a -> shop/b TCP/80",
          "shop/a -> shop/db TCP/80",
          "shop/b -> shop/a TCP/80",
          "shop/b -> shop/db TCP/80",
        ],
        closed: ["shop/b -> shop/a TCP/81", "shop/b -> shop/db TCP/81"],
      },
    ],
    [
      "a pod that comes brings its flows",
      {
        cluster: [db, open80, shop],
        changes: [web],
        opened: [
          "IPv4 -> shop/web all",
          "shop/db -> shop/web all",
          "shop/web -> IPv4 all",
          "shop/web -> shop/db TCP/80",
        ],
      },
    ],
    [
      "a pod that ends takes them",
      {
        cluster: [web, db, open80, networkPolicy("shop/p", "pods app=web", "types Ingress")],
        changes: [pod("shop/web app=web succeeded")],
        closed: ["shop/web -> IPv4 all", "shop/web -> shop/db TCP/80"],
      },
    ],
    [
      "a block opens addresses outside and those of pods",
      {
        cluster: [closed, web, pod("dev/near 10.0.0.1")],
        changes: [
          networkPolicy(
            "shop/p",
            "pods app=web",
            "types Egress",
            "egress to 10.0.0.0/30 on TCP/80",
          ),
        ],
        opened: ["shop/web -> 10.0.0.0/30 TCP/80", "shop/web -> dev/near TCP/80"],
      },
    ],
    [
      "a block of which pods have every address opens those pods and nothing else",
      {
        cluster: [closed, web, pod("dev/near 10.0.0.1")],
        changes: [
          networkPolicy(
            "shop/p",
            "pods app=web",
            "types Egress",
            "egress to 10.0.0.1/32 on TCP/80",
          ),
        ],
        opened: ["shop/web -> dev/near TCP/80"],
      },
    ],
    [
      "what becomes undecidable is unsure",
      {
        cluster: [web, closed],
        changes: [
          networkPolicy(
            "shop/p",
            "pods app=web",
            "types Egress",
            "egress to 8.8.8.8/32 on TCP/http",
          ),
        ],
        unsure: ["shop/web -> 8.8.8.8/32 TCP/1-65535"],
      },
    ],
    [
      "of two pods that come, what may be local to a node concerns only the one on the node's network",
      {
        cluster: [db, closed],
        changes: [pod("dev/web"), pod("dev/agent hostNetwork @n1 172.18.0.2")],
        opened: [
          "IPv4 -> dev/agent all",
          "IPv4 -> dev/web all",
          "dev/agent -> IPv4 all",
          "dev/agent -> dev/web all",
          "dev/web -> IPv4 all",
          "dev/web -> dev/agent all",
        ],
        unsure: ["dev/agent -> shop/db all", "shop/db -> dev/agent all"],
      },
    ],
    [
      "a node relabelled is another node to a ClusterNetworkPolicy",
      {
        cluster: [
          web,
          shop,
          node("n1 172.18.0.2 zone=a"),
          pod("ops/agent hostNetwork @n1 172.18.0.2"),
          clusterPolicy("Admin/1/p", "egress Deny to nodes zone=b"),
        ],
        changes: [node("n1 172.18.0.2 zone=b")],
        closed: ["shop/web -> ops/agent all"],
      },
    ],
    [
      "nothing but the action changed",
      {
        cluster: [
          web,
          db,
          clusterPolicy(
            "Admin/1/p",
            "subject namespaces {} pods app=db",
            "ingress Accept from namespaces {} on TCP/80",
          ),
        ],
        changes: [
          clusterPolicy(
            "Admin/1/p",
            "subject namespaces {} pods app=db",
            "ingress Deny from namespaces {} on TCP/80",
          ),
        ],
        closed: ["shop/web -> shop/db TCP/80"],
      },
    ],
    [
      "nothing but a second port by name",
      {
        cluster: [
          web,
          pod("shop/db app=db :sql=TCP/5432 :metrics=TCP/9187"),
          networkPolicy("shop/db", "pods app=db", "ingress from pods app=web on TCP/sql"),
        ],
        changes: [
          networkPolicy(
            "shop/db",
            "pods app=db",
            "ingress from pods app=web on TCP/sql TCP/metrics",
          ),
        ],
        opened: ["shop/web -> shop/db TCP/9187"],
      },
    ],
    [
      "a priority changed lets another rule win",
      {
        cluster: [
          web,
          db,
          clusterPolicy(
            "Admin/5/allow",
            "subject namespaces {} pods app=db",
            "ingress Accept from namespaces {} on TCP/80",
          ),
          clusterPolicy(
            "Admin/9/deny",
            "subject namespaces {} pods app=db",
            "ingress Deny from namespaces {}",
          ),
        ],
        changes: [
          clusterPolicy(
            "Admin/1/deny",
            "subject namespaces {} pods app=db",
            "ingress Deny from namespaces {}",
          ),
        ],
        closed: ["shop/web -> shop/db TCP/80"],
      },
    ],
    [
      "a deletion of what is not there changes nothing",
      {
        cluster: [web, db],
        changes: [without(closed), without(tool), without(dev), without(node("n9 10.9.9.9"))],
      },
    ],
  ])("%s", ([, { cluster, changes, ...expected }]) => {
    const engine = engineOf([...cluster]);
    const stats = engine.stats();
    const delta = engine.difference(changes, "pod");
    // Of the two families outside one is enough to read.
    const lines = (pairs: readonly FlowPair[]): readonly string[] =>
      pairLines(pairs).filter((line) => !line.includes("IPv6"));
    expect({
      opened: lines(delta.opened),
      closed: lines(delta.closed),
      unsure: lines(delta.unsure),
    }).toEqual({ opened: [], closed: [], unsure: [], ...expected });
    expect(engine.stats()).toEqual(stats);
  });
});

describe("the groups of a delta", () => {
  function groupsOf(changes: readonly Change[], cluster: readonly Change[]): readonly FlowGroup[] {
    return engineOf(cluster).preview(changes, (_, { opened }) => opened);
  }

  const crowd = Array.from({ length: 25 }, (_, index) => pod(`crowd/c${index + 10} app=crowd`));

  test("is refused where it would take more effort than is allowed, and leaves the cluster as it was", () => {
    const cluster = [shop, web, db, networkPolicy("shop/in", "types Ingress")];
    const engine = engineOf(cluster);
    const within = (effort: number) =>
      engine.previewWithin(new Effort(effort), [open80], (_, { opened }) => opened);
    expect(within(0)).toBe("too-many-flows");
    expect(within(1_000)).toEqual(engineOf(cluster).preview([open80], (_, { opened }) => opened));
    expect(within(0)).toBe("too-many-flows");
  });

  test("pods of one workload are one end, and counted", () => {
    const pods = ["a", "b"].map((name) => pod(`shop/web-${name} app=web StatefulSet/web`));
    const [group] = groupsOf(
      [networkPolicy("shop/in", "ingress from pods app=web on TCP/80")],
      [
        ...pods,
        db,
        networkPolicy("shop/in", "types Ingress"),
        networkPolicy("shop/none", "pods app=web", "types Ingress"),
      ],
    );
    expect(group?.from.endpoints).toMatchObject([{ workload: { kind: "StatefulSet" }, pods: 2 }]);
  });

  test("a namespace that is all in is told as whole, of others what is left out is counted", () => {
    const before = [db, web, ...crowd, networkPolicy("shop/in", "types Ingress", "pods app=db")];
    const all = networkPolicy(
      "shop/in",
      "pods app=db",
      "ingress from namespaces kubernetes.io/metadata.name=crowd",
    );
    const [whole] = groupsOf([all], before);
    expect(whole?.from).toMatchObject({ pods: 25, omitted: 0, whole: ["crowd"], everyPod: false });
    const most = networkPolicy(
      "shop/in",
      "pods app=db",
      "ingress from namespaces {} pods app=crowd",
    );
    const [part] = groupsOf([most], [...before, pod("crowd/other")]);
    expect(part?.from).toMatchObject({ pods: 25, omitted: 5, whole: [], namespaces: ["crowd"] });
    expect(part?.from.endpoints).toHaveLength(20);
  });

  test("pods that go are not all there are of their namespace", () => {
    const engine = engineOf([web, db, tool]);
    const { closed: groups } = engine.preview(
      [pod("shop/web app=web succeeded")],
      (_, each) => each,
    );
    expect(groups.flatMap(({ from, to }) => [from, to])).toContainEqual(
      expect.objectContaining({ namespaces: ["shop"], pods: 1, omitted: 0, whole: [] }),
    );
    const all = engine.preview([without(web), without(db), without(tool)], (_, each) => each);
    expect(all.closed.some(({ from, to }) => from.everyPod || to.everyPod)).toBe(false);
  });

  test("everybody is told as everybody", () => {
    const before = [web, db, networkPolicy("shop/in", "types Ingress")];
    const groups = groupsOf([without(networkPolicy("shop/in"))], before);
    expect(groups.some(({ from }) => from.everyIpv4)).toBe(true);
    expect(groups.some(({ to }) => to.everyPod)).toBe(true);
  });

  test("the cluster as it would be can be asked, and is afterwards as it was", () => {
    const engine = engineOf([web, db, open80]);
    const asked = flow("shop/web -> shop/db TCP/81");
    const during = engine.preview([open81], (after) => [
      after.verdict(asked),
      after.explain(asked).causes.length,
      after.policy("NetworkPolicy/shop/db")?.ingress.rules.length,
    ]);
    expect(during).toEqual(["allowed", 2, 1]);
    expect(engine.verdict(asked)).toBe("denied");
  });

  test("a namespace that only a pod tells of, which goes for now, is found by later policies", () => {
    const engine = engineOf([db]);
    const only = pod("unseen/only app=only");
    engine.apply(only);
    engine.preview([without(only)], () => undefined);
    engine.apply(networkPolicy("unseen/closed"));
    expect(engine.verdict(flow("shop/db -> unseen/only TCP/80"))).toBe("denied");
  });

  test("pods are told of where they are, not where they were before", () => {
    const engine = engineOf([tool, dev]);
    const pairs = (connections: readonly Connection[]): readonly string[] =>
      connections.map(({ from, to }) => `${endText(from)} -> ${endText(to)}`).toSorted();
    const before = pairs(engine.connections("pod"));
    const relabelled = namespace("dev team=c");
    const during = engine.preview([relabelled], (after) => ({
      pairs: pairs(after.connections("pod")),
      groups: after.connectivity(3).flatMap(({ from, to }) => [from, to]),
    }));
    expect(during.pairs).toEqual(before);
    expect(during.groups.filter(({ endpoints }) => endpoints.length === 0)).toEqual([]);
  });

  test("so it is where the question throws", () => {
    const engine = engineOf([web, db, open80]);
    const stats = engine.stats();
    const ask = (): never =>
      engine.preview([open81], () => {
        throw new Error("asked in vain");
      });
    expect(ask).toThrow("asked in vain");
    expect(engine.stats()).toEqual(stats);
    expect(engine.verdict(flow("shop/web -> shop/db TCP/81"))).toBe("denied");
  });

  test.each([
    ["gains", "shop/web app=web", "shop/web app=web :http=TCP/8080", "opened"],
    ["loses", "shop/web app=web :http=TCP/8080", "shop/web app=web", "closed"],
  ] as const)(
    "a pod that %s a named port is reached, or not, by those who go by name",
    (_, from, to, what) => {
      const byName = networkPolicy("dev/out", "types Egress", "egress on TCP/http");
      const engine = engineOf([pod(from), tool, byName]);
      const delta = engine.difference([pod(to)], "pod");
      expect(pairLines(delta[what])).toContain("dev/tool -> shop/web TCP/8080");
    },
  );
});
