import { describe, expect, it, test } from "vitest";
import { DATAPLANES } from "../../src/engine/dataplane.ts";
import type { Change } from "../../src/engine/model.ts";
import type { Verdict } from "../../src/engine/query.ts";
import {
  clusterPolicy,
  engineOf,
  flow,
  namespace,
  namespacesOf,
  networkPolicy,
  node,
  pod,
  upsert,
  without,
} from "../support/dsl.ts";
import { changed } from "./arbitrary-world.ts";
import { naiveVerdict, type World } from "./oracle.ts";

type Row = readonly [
  sentence: string,
  cluster: readonly Change[],
  verdicts: Readonly<Record<string, Verdict>>,
];

const EMPTY: World = {
  namespaces: [],
  nodes: [],
  pods: [],
  policies: [],
  dataplane: DATAPLANES.generic,
};

/** Each row is held against the engine, and against the oracle that random clusters are held against. */
function table(rows: readonly Row[]): void {
  it.for(rows)("%s", ([, cluster, expected]) => {
    const engine = engineOf(cluster);
    const world = [...namespacesOf(cluster), ...cluster].reduce<World>(changed, EMPTY);
    for (const [text, verdict] of Object.entries(expected)) {
      expect([text, engine.verdict(flow(text))]).toEqual([text, verdict]);
      expect([text, "oracle", naiveVerdict(world, flow(text))]).toEqual([text, "oracle", verdict]);
    }
  });
}

const web = pod("shop/web app=web");
const api = pod("shop/api app=api");
const db = pod("shop/db app=db");
const stranger = pod("dev/tool app=web");
const shop = namespace("shop team=a");
const dev = namespace("dev team=b");
const denyIngress = networkPolicy("shop/deny-ingress", "types Ingress");
const denyEgress = networkPolicy("shop/deny-egress", "types Egress");

/** `policyTypes` and rules as nobody writes them but the API takes them. */
function rawPolicy(spec: object): Change {
  const metadata = { namespace: "shop", name: "raw" };
  return upsert({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata, spec });
}

describe("policyTypes (NetworkPolicySpec.policyTypes)", () => {
  table([
    [
      "without policyTypes and without egress rules only ingress is isolated",
      [web, db, networkPolicy("shop/p", "ingress from pods app=api")],
      { "shop/web -> shop/db TCP/80": "denied", "shop/db -> 8.8.8.8 TCP/80": "allowed" },
    ],
    [
      "without policyTypes an egress rule isolates both directions",
      [web, db, api, networkPolicy("shop/p", "pods app=api", "egress to pods app=db")],
      {
        "shop/api -> shop/db TCP/80": "allowed",
        "shop/api -> shop/web TCP/80": "denied",
        "shop/web -> shop/api TCP/80": "denied",
      },
    ],
    [
      "without policyTypes an empty list of egress rules isolates no egress",
      [web, db, rawPolicy({ podSelector: { matchLabels: { app: "web" } }, egress: [] })],
      { "shop/web -> shop/db TCP/80": "allowed", "shop/db -> shop/web TCP/80": "denied" },
    ],
    [
      "types Egress alone denies all egress and no ingress",
      [web, stranger, networkPolicy("shop/p", "types Egress")],
      { "shop/web -> dev/tool TCP/80": "denied", "dev/tool -> shop/web TCP/80": "allowed" },
    ],
    [
      "rules of a direction that policyTypes leaves out are inert",
      [web, db, networkPolicy("shop/p", "types Ingress", "egress to pods app=db")],
      { "shop/web -> 8.8.8.8 TCP/80": "allowed", "shop/db -> shop/web TCP/80": "denied" },
    ],
  ]);
});

describe("isolation (concept page, “The two sorts of pod isolation”)", () => {
  table([
    [
      "nothing is isolated without policies",
      [web, db],
      { "shop/web -> shop/db SCTP/1": "allowed" },
    ],
    [
      "policies add up; what one allows no other takes back",
      [
        web,
        db,
        denyIngress,
        networkPolicy("shop/a", "pods app=db", "ingress from pods app=web on TCP/80"),
        networkPolicy("shop/b", "pods app=db", "ingress from pods app=web on TCP/443"),
      ],
      {
        "shop/web -> shop/db TCP/80": "allowed",
        "shop/web -> shop/db TCP/443": "allowed",
        "shop/web -> shop/db TCP/81": "denied",
      },
    ],
    [
      "a connection needs the egress of its source and the ingress of its destination",
      [web, db, denyEgress, networkPolicy("shop/in", "pods app=db", "ingress from pods app=web")],
      { "shop/web -> shop/db TCP/80": "denied" },
    ],
    [
      "egress on 80 and ingress on 443 have nothing in common",
      [
        web,
        db,
        networkPolicy(
          "shop/out",
          "pods app=web",
          "types Egress",
          "egress to pods app=db on TCP/80",
        ),
        networkPolicy("shop/in", "pods app=db", "ingress from pods app=web on TCP/443"),
      ],
      { "shop/web -> shop/db TCP/80": "denied", "shop/web -> shop/db TCP/443": "denied" },
    ],
    [
      "an egress rule without ports leaves the ports to the ingress rule",
      [
        web,
        db,
        networkPolicy("shop/out", "pods app=web", "types Egress", "egress to pods app=db"),
        networkPolicy("shop/in", "pods app=db", "ingress from pods app=web on TCP/443"),
      ],
      { "shop/web -> shop/db TCP/80": "denied", "shop/web -> shop/db TCP/443": "allowed" },
    ],
    [
      "the way back needs no rule of its own: replies are not asked for",
      [web, db, networkPolicy("shop/p", "pods app=web", "types Ingress")],
      { "shop/web -> shop/db TCP/80": "allowed", "shop/db -> shop/web TCP/80": "denied" },
    ],
  ]);
});

describe("rules (NetworkPolicyIngressRule, NetworkPolicyEgressRule)", () => {
  table([
    [
      "an empty list of rules isolates and allows nothing",
      [web, db, rawPolicy({ podSelector: {}, ingress: [] })],
      { "shop/web -> shop/db TCP/80": "denied", "8.8.8.8 -> shop/db TCP/80": "denied" },
    ],
    [
      "an empty rule allows everything, from outside too",
      [web, db, networkPolicy("shop/p", "ingress")],
      { "shop/web -> shop/db UDP/1": "allowed", "8.8.8.8 -> shop/db SCTP/9": "allowed" },
    ],
    [
      "a rule without peers is for every destination, outside too",
      [web, db, networkPolicy("shop/p", "pods app=web", "types Egress", "egress on TCP/443")],
      {
        "shop/web -> shop/db TCP/443": "allowed",
        "shop/web -> 8.8.8.8 TCP/443": "allowed",
        "shop/web -> 8.8.8.8 TCP/80": "denied",
      },
    ],
  ]);
});

describe("selectors (NetworkPolicyPeer)", () => {
  const others = [web, api, db, stranger, shop, dev];
  table([
    [
      "a pod selector alone is for the policy's own namespace",
      [...others, networkPolicy("shop/p", "pods app=db", "ingress from pods app=web")],
      { "shop/web -> shop/db TCP/1": "allowed", "dev/tool -> shop/db TCP/1": "denied" },
    ],
    [
      "a namespace selector alone is for all pods there",
      [...others, networkPolicy("shop/p", "pods app=db", "ingress from namespaces team=b")],
      { "shop/web -> shop/db TCP/1": "denied", "dev/tool -> shop/db TCP/1": "allowed" },
    ],
    [
      "both in one item: both must hold",
      [
        ...others,
        networkPolicy("shop/p", "pods app=db", "ingress from namespaces team=b pods app=api"),
      ],
      { "shop/api -> shop/db TCP/1": "denied", "dev/tool -> shop/db TCP/1": "denied" },
    ],
    [
      "in two items: one is enough",
      [
        ...others,
        networkPolicy("shop/p", "pods app=db", "ingress from namespaces team=b or pods app=api"),
      ],
      {
        "shop/api -> shop/db TCP/1": "allowed",
        "dev/tool -> shop/db TCP/1": "allowed",
        "shop/web -> shop/db TCP/1": "denied",
      },
    ],
    [
      "a policy without podSelector is for every pod of its namespace",
      [web, db, stranger, rawPolicy({ policyTypes: ["Ingress"] })],
      { "shop/web -> shop/db TCP/1": "denied", "shop/db -> dev/tool TCP/1": "allowed" },
    ],
    [
      "NotIn and DoesNotExist match a pod without the key",
      [
        web,
        db,
        pod("shop/bare"),
        networkPolicy("shop/p", "pods app=db", "ingress from pods app!=web on TCP/1"),
        networkPolicy("shop/q", "pods app=db", "ingress from pods !app on TCP/2"),
      ],
      {
        "shop/bare -> shop/db TCP/1": "allowed",
        "shop/bare -> shop/db TCP/2": "allowed",
        "shop/web -> shop/db TCP/1": "denied",
        "shop/web -> shop/db TCP/2": "denied",
      },
    ],
    [
      "every namespace carries its name as a label",
      [
        db,
        stranger,
        networkPolicy("shop/p", "ingress from namespaces kubernetes.io/metadata.name=dev"),
      ],
      { "dev/tool -> shop/db TCP/1": "allowed" },
    ],
  ]);

  test("a change of labels changes verdicts without any change of a policy", () => {
    const policy = networkPolicy(
      "shop/p",
      "pods app=db",
      "ingress from namespaces team=b pods app=web",
    );
    const engine = engineOf([db, stranger, dev, policy]);
    const asked = flow("dev/tool -> shop/db TCP/1");
    expect(engine.verdict(asked)).toBe("allowed");
    engine.apply(namespace("dev team=c"));
    expect(engine.verdict(asked)).toBe("denied");
    engine.apply(dev);
    engine.apply(pod("dev/tool app=other"));
    expect(engine.verdict(asked)).toBe("denied");
    engine.apply(stranger);
    expect(engine.verdict(asked)).toBe("allowed");
  });
});

describe("ports (NetworkPolicyPort)", () => {
  const named = [
    pod("shop/web app=web"),
    pod("shop/db-1 app=db :sql=TCP/5432"),
    pod("shop/db-2 app=db :sql=TCP/5433"),
    pod("shop/db-3 app=db :sql=UDP/5432"),
  ];
  table([
    [
      "an entry without protocol is TCP",
      [web, db, rawPolicy({ ingress: [{ ports: [{ port: 80 }] }] })],
      { "shop/web -> shop/db TCP/80": "allowed", "shop/web -> shop/db UDP/80": "denied" },
    ],
    [
      "an entry of a protocol alone is all its ports, and of no other protocol",
      [web, db, networkPolicy("shop/p", "ingress on UDP")],
      {
        "shop/web -> shop/db UDP/1": "allowed",
        "shop/web -> shop/db UDP/65535": "allowed",
        "shop/web -> shop/db TCP/1": "denied",
        "shop/web -> shop/db SCTP/1": "denied",
      },
    ],
    [
      "an SCTP entry isolates and does not admit TCP",
      [web, db, networkPolicy("shop/p", "ingress on SCTP/80")],
      { "shop/web -> shop/db SCTP/80": "allowed", "shop/web -> shop/db TCP/80": "denied" },
    ],
    [
      "endPort is inclusive",
      [web, db, networkPolicy("shop/p", "ingress on TCP/80-82")],
      {
        "shop/web -> shop/db TCP/79": "denied",
        "shop/web -> shop/db TCP/80": "allowed",
        "shop/web -> shop/db TCP/82": "allowed",
        "shop/web -> shop/db TCP/83": "denied",
      },
    ],
    [
      "a named port is looked up on each destination, of the entry's protocol",
      [...named, networkPolicy("shop/p", "pods app=db", "ingress from pods app=web on TCP/sql")],
      {
        "shop/web -> shop/db-1 TCP/5432": "allowed",
        "shop/web -> shop/db-2 TCP/5432": "denied",
        "shop/web -> shop/db-2 TCP/5433": "allowed",
        "shop/web -> shop/db-3 UDP/5432": "denied",
      },
    ],
    [
      "a named port of an egress rule is the destination's too",
      [
        ...named,
        networkPolicy("shop/p", "pods app=web", "types Egress", "egress to pods app=db on TCP/sql"),
      ],
      { "shop/web -> shop/db-1 TCP/5432": "allowed", "shop/web -> shop/db-1 TCP/5433": "denied" },
    ],
    [
      "of a name that a destination has more than once every port of the protocol is meant",
      [
        web,
        pod("shop/dns app=dns :dns=UDP/5353 :dns=TCP/5354 :dns=TCP/5355"),
        networkPolicy("shop/p", "pods app=dns", "ingress on TCP/dns"),
      ],
      {
        "shop/web -> shop/dns TCP/5354": "allowed",
        "shop/web -> shop/dns TCP/5355": "allowed",
        "shop/web -> shop/dns UDP/5353": "denied",
      },
    ],
    [
      "a name that the destination lacks matches nothing",
      [web, db, networkPolicy("shop/p", "ingress on TCP/sql")],
      { "shop/web -> shop/db TCP/5432": "denied" },
    ],
    [
      "an address has no names to look up: it cannot be decided, but of another protocol it can",
      [web, networkPolicy("shop/p", "types Egress", "egress to 0.0.0.0/0 on TCP/sql")],
      { "shop/web -> 8.8.8.8 TCP/5432": "unknown", "shop/web -> 8.8.8.8 UDP/5432": "denied" },
    ],
    [
      "the port asked about is the pod's, after the Service: a Service's own port is no pod's",
      [web, db, networkPolicy("shop/p", "pods app=db", "ingress on TCP/8080")],
      { "shop/web -> shop/db TCP/8080": "allowed", "shop/web -> shop/db TCP/80": "denied" },
    ],
  ]);
});

describe("ipBlock (IPBlock)", () => {
  const near = pod("shop/near app=near 10.0.0.1");
  const far = pod("dev/far 10.1.0.1");
  table([
    [
      "except is a hole in this rule",
      [web, networkPolicy("shop/p", "ingress from 203.0.113.0/24 except 203.0.113.128/25")],
      {
        "203.0.113.1 -> shop/web TCP/1": "allowed",
        "203.0.113.128 -> shop/web TCP/1": "denied",
        "203.0.112.255 -> shop/web TCP/1": "denied",
      },
    ],
    [
      "what one rule excepts another may allow",
      [
        web,
        networkPolicy(
          "shop/p",
          "ingress from 203.0.113.0/24 except 203.0.113.128/25",
          "ingress from 203.0.113.129/32 on TCP/1",
        ),
      ],
      {
        "203.0.113.129 -> shop/web TCP/1": "allowed",
        "203.0.113.129 -> shop/web TCP/2": "denied",
        "203.0.113.130 -> shop/web TCP/1": "denied",
      },
    ],
    [
      "an IPv4 block never matches IPv6, not even the whole of it",
      [pod("shop/web 10.0.0.9 fd00::9"), networkPolicy("shop/p", "ingress from 0.0.0.0/0")],
      { "203.0.113.1 -> shop/web TCP/1": "allowed", "2001:db8::1 -> shop/web TCP/1": "denied" },
    ],
    [
      "nor does the whole of IPv6 match IPv4",
      [pod("shop/web 10.0.0.9 fd00::9"), networkPolicy("shop/p", "ingress from ::/0")],
      { "203.0.113.1 -> shop/web TCP/1": "denied", "2001:db8::1 -> shop/web TCP/1": "allowed" },
    ],
    [
      "exceptions that leave nothing leave nobody",
      [web, networkPolicy("shop/p", "ingress from 0.0.0.0/0 except 0.0.0.0/1,128.0.0.0/1")],
      { "203.0.113.1 -> shop/web TCP/1": "denied", "10.0.0.1 -> shop/web TCP/1": "denied" },
    ],
    [
      "blocks match addresses of pods, as source and as destination",
      [
        near,
        far,
        networkPolicy("shop/p", "types Egress", "egress to 10.1.0.0/16"),
        networkPolicy("dev/p", "ingress from 10.0.0.1/32"),
      ],
      { "shop/near -> dev/far TCP/1": "allowed", "dev/far -> shop/near TCP/1": "allowed" },
    ],
    [
      "a pod without an address is matched by selectors, and perhaps by a block",
      [
        db,
        pod("shop/new app=new pending"),
        networkPolicy("shop/p", "pods app=db", "ingress from 10.0.0.0/8 on TCP/1"),
        networkPolicy("shop/q", "pods app=db", "ingress from pods app=new on TCP/2"),
      ],
      { "shop/new -> shop/db TCP/1": "unknown", "shop/new -> shop/db TCP/2": "allowed" },
    ],
    [
      "an address is the pod's that has it",
      [near, web, networkPolicy("shop/p", "pods app=web", "ingress from pods app=near")],
      { "10.0.0.1 -> shop/web TCP/1": "allowed", "10.0.0.2 -> shop/web TCP/1": "denied" },
    ],
  ]);
});

describe("hosts (concept page, “NetworkPolicy and hostNetwork pods”)", () => {
  const n1 = node("n1 172.18.0.2");
  const n2 = node("n2 172.18.0.3");
  const agent = pod("ops/agent app=agent hostNetwork @n1 172.18.0.2");
  const local = pod("shop/local @n1");
  const remote = pod("shop/remote @n2");
  table([
    [
      "whether a policy selects a hostNetwork pod is undefined",
      [web, agent, networkPolicy("ops/p", "types Ingress,Egress")],
      { "shop/web -> ops/agent TCP/1": "unknown", "ops/agent -> shop/web TCP/1": "unknown" },
    ],
    [
      "whether a selector means a hostNetwork peer is undefined, if the labels match",
      [
        remote,
        agent,
        n1,
        n2,
        networkPolicy("shop/p", "ingress from namespaces {} pods app=agent on TCP/1"),
      ],
      { "ops/agent -> shop/remote TCP/1": "unknown", "ops/agent -> shop/remote TCP/2": "denied" },
    ],
    [
      "whether a block means a node is undefined",
      [remote, n1, n2, networkPolicy("shop/p", "ingress from 172.18.0.0/16")],
      { "172.18.0.2 -> shop/remote TCP/1": "unknown", "172.19.0.1 -> shop/remote TCP/1": "denied" },
    ],
    [
      "traffic of a pod's own node is always let through, both ways, other nodes' is not",
      [local, remote, agent, n1, n2, denyIngress, denyEgress],
      {
        "ops/agent -> shop/local TCP/1": "allowed",
        "172.18.0.2 -> shop/local TCP/1": "allowed",
        "shop/local -> 172.18.0.2 TCP/1": "allowed",
        "ops/agent -> shop/remote TCP/1": "denied",
        "172.18.0.2 -> shop/remote TCP/1": "denied",
      },
    ],
    [
      "of a pod that has no node yet it is not known which is its own",
      [pod("shop/new pending"), n1, denyIngress],
      { "172.18.0.2 -> shop/new TCP/1": "unknown" },
    ],
  ]);
});

describe("pods (concept page; kubernetes.io “Pod Lifecycle”)", () => {
  table([
    [
      "a pod cannot be cut off from itself",
      [web, denyIngress, denyEgress],
      { "shop/web -> shop/web TCP/80": "allowed" },
    ],
    [
      "a pod that is not there is not decided on",
      [web],
      { "shop/web -> shop/gone TCP/80": "unknown", "shop/gone -> shop/web TCP/80": "unknown" },
    ],
    [
      "an ended pod is no pod any more, though it keeps its address",
      [
        web,
        pod("shop/job app=job 10.0.0.7 succeeded"),
        pod("shop/bad app=job 10.0.0.8 failed"),
        networkPolicy("shop/p", "pods app=web", "ingress from pods app=job"),
      ],
      {
        "shop/job -> shop/web TCP/1": "unknown",
        "10.0.0.7 -> shop/web TCP/1": "denied",
        "10.0.0.8 -> shop/web TCP/1": "denied",
      },
    ],
    [
      "the address of an ended pod is the pod's that reuses it",
      [
        web,
        pod("shop/job app=job 10.0.0.7"),
        pod("shop/next app=next 10.0.0.7"),
        pod("shop/job app=job 10.0.0.7 succeeded"),
        networkPolicy("shop/p", "pods app=web", "ingress from pods app=next"),
      ],
      { "10.0.0.7 -> shop/web TCP/1": "allowed", "shop/next -> shop/web TCP/1": "allowed" },
    ],
    [
      "a terminating pod still counts",
      [
        web,
        pod("shop/old app=old terminating"),
        networkPolicy("shop/p", "pods app=web", "ingress from pods app=old"),
        networkPolicy("shop/q", "pods app=old", "types Ingress"),
      ],
      { "shop/old -> shop/web TCP/1": "allowed", "shop/web -> shop/old TCP/1": "denied" },
    ],
    [
      "of a pod with both families each is judged apart: where they differ it is not known",
      [
        pod("shop/web 10.0.0.1 fd00::1"),
        pod("shop/db app=db 10.0.0.2 fd00::2"),
        networkPolicy("shop/p", "pods app=db", "ingress from 10.0.0.1/32 or fd00::1/128 on TCP/1"),
        networkPolicy("shop/q", "pods app=db", "ingress from 10.0.0.1/32 on TCP/2"),
      ],
      {
        "shop/web -> shop/db TCP/1": "allowed",
        "shop/web -> shop/db TCP/2": "unknown",
        "shop/web -> shop/db TCP/3": "denied",
      },
    ],
    [
      "two pods without a family in common cannot talk",
      [pod("shop/four 10.0.0.1"), pod("shop/six fd00::1")],
      { "shop/four -> shop/six TCP/1": "denied" },
    ],
  ]);

  test("the last policy gone, the pod is open", () => {
    const engine = engineOf([web, db, denyIngress]);
    expect(engine.verdict(flow("shop/web -> shop/db TCP/1"))).toBe("denied");
    engine.apply(without(denyIngress));
    expect(engine.verdict(flow("shop/web -> shop/db TCP/1"))).toBe("allowed");
  });

  test("of an undeclared namespace nothing is known but its name", () => {
    const engine = engineOf([
      db,
      networkPolicy("shop/p", "ingress from namespaces team=b on TCP/1"),
      networkPolicy("shop/q", "ingress from namespaces kubernetes.io/metadata.name=dev on TCP/2"),
      networkPolicy("shop/r", "ingress from namespaces kubernetes.io/metadata.name=x on TCP/3"),
      networkPolicy("shop/s", "ingress from namespaces kubernetes.io/metadata.name!=x on TCP/4"),
      networkPolicy("shop/t", "ingress from namespaces kubernetes.io/metadata.name!=dev on TCP/5"),
    ]);
    engine.apply(stranger);
    expect(engine.verdict(flow("dev/tool -> shop/db TCP/1"))).toBe("unknown");
    expect(engine.verdict(flow("dev/tool -> shop/db TCP/2"))).toBe("allowed");
    expect(engine.verdict(flow("dev/tool -> shop/db TCP/3"))).toBe("denied");
    expect(engine.verdict(flow("dev/tool -> shop/db TCP/4"))).toBe("allowed");
    expect(engine.verdict(flow("dev/tool -> shop/db TCP/5"))).toBe("denied");
    engine.apply(dev);
    expect(engine.verdict(flow("dev/tool -> shop/db TCP/1"))).toBe("allowed");
    engine.apply(without(dev));
    expect(engine.verdict(flow("dev/tool -> shop/db TCP/1"))).toBe("unknown");
  });

  test("of an undeclared namespace it is not known either whose subject its pods are", () => {
    const engine = engineOf([
      web,
      clusterPolicy("Admin/1/a", "subject namespaces team=b", "ingress Deny from namespaces {}"),
    ]);
    engine.apply(stranger);
    const asked = flow("shop/web -> dev/tool TCP/1");
    expect(engine.verdict(asked)).toBe("unknown");
    expect(engine.explain(asked).causes.map(({ code }) => code)).toEqual(["namespace-unknown"]);
    engine.apply(
      clusterPolicy("Admin/2/b", "subject namespaces {}", "ingress Deny from namespaces {}"),
    );
    expect(engine.verdict(asked)).toBe("denied");
    engine.apply(dev);
    expect(engine.verdict(asked)).toBe("denied");
    engine.apply(namespace("dev team=c"));
    expect(engine.verdict(flow("shop/web -> dev/tool TCP/1"))).toBe("denied");
  });

  test("what perhaps selects a pod accepts nothing for sure", () => {
    const engine = engineOf([
      web,
      clusterPolicy("Admin/1/a", "subject namespaces team=b", "ingress Accept from namespaces {}"),
      networkPolicy("dev/p", "types Ingress"),
    ]);
    engine.apply(stranger);
    expect(engine.verdict(flow("shop/web -> dev/tool TCP/1"))).toBe("unknown");
  });
});

describe("ClusterNetworkPolicy (API overview; NPEP-285)", () => {
  const guard = (tier: string, action: string): Change =>
    clusterPolicy(
      `${tier}/guard`,
      `ingress ${action} from namespaces kubernetes.io/metadata.name=dev`,
    );
  const allowDev = networkPolicy("shop/allow", "pods app=web", "ingress from namespaces {}");
  table([
    [
      "Admin comes before NetworkPolicy, whatever that says",
      [web, stranger, guard("Admin/10", "Deny"), allowDev],
      { "dev/tool -> shop/web TCP/1": "denied" },
    ],
    [
      "what Admin accepts no NetworkPolicy denies, at this end",
      [web, stranger, guard("Admin/10", "Accept"), denyIngress],
      { "dev/tool -> shop/web TCP/1": "allowed" },
    ],
    [
      "the other end's policies still count",
      [web, stranger, guard("Admin/10", "Accept"), networkPolicy("dev/p", "types Egress")],
      { "dev/tool -> shop/web TCP/1": "denied" },
    ],
    [
      "Pass leaves the rest of its tier out",
      [
        web,
        stranger,
        guard("Admin/10", "Pass"),
        clusterPolicy("Admin/20/p", "ingress Deny from namespaces {}"),
      ],
      { "dev/tool -> shop/web TCP/1": "allowed", "shop/web -> dev/tool TCP/1": "denied" },
    ],
    [
      "what passes is the next tier's that has a say: NetworkPolicies, else Baseline",
      [
        web,
        db,
        stranger,
        guard("Admin/10", "Pass"),
        guard("Baseline/10", "Deny"),
        networkPolicy("shop/p", "pods app=db", "ingress from namespaces {} on TCP/1"),
      ],
      {
        "dev/tool -> shop/web TCP/1": "denied",
        "dev/tool -> shop/db TCP/1": "allowed",
        "dev/tool -> shop/db TCP/2": "denied",
      },
    ],
    [
      "Pass in the Baseline tier is the default: allowed",
      [
        web,
        stranger,
        guard("Baseline/10", "Pass"),
        clusterPolicy("Baseline/20/p", "ingress Deny from namespaces {}"),
      ],
      { "dev/tool -> shop/web TCP/1": "allowed" },
    ],
    [
      "Baseline is for pods that no NetworkPolicy selects",
      [web, db, stranger, guard("Baseline/10", "Deny"), allowDev],
      { "dev/tool -> shop/web TCP/1": "allowed", "dev/tool -> shop/db TCP/1": "denied" },
    ],
    [
      "the first rule that matches decides, by priority, then by order",
      [
        web,
        stranger,
        clusterPolicy("Admin/20/late", "ingress Deny from namespaces {}"),
        clusterPolicy(
          "Admin/10/early",
          "ingress Accept from namespaces {} on TCP/80",
          "ingress Deny from namespaces {} on TCP/80-90",
        ),
      ],
      {
        "dev/tool -> shop/web TCP/80": "allowed",
        "dev/tool -> shop/web TCP/81": "denied",
        "dev/tool -> shop/web TCP/91": "denied",
      },
    ],
    [
      "of equal priorities that disagree nobody knows which wins",
      [
        web,
        stranger,
        clusterPolicy("Admin/10/a", "ingress Deny from namespaces {} on TCP/80-81"),
        clusterPolicy("Admin/10/b", "ingress Accept from namespaces {} on TCP/81-82"),
      ],
      {
        "dev/tool -> shop/web TCP/80": "denied",
        "dev/tool -> shop/web TCP/81": "unknown",
        "dev/tool -> shop/web TCP/82": "allowed",
      },
    ],
    [
      "equal priorities that do not meet, in subjects or in peers, are all applied",
      [
        web,
        db,
        stranger,
        clusterPolicy(
          "Admin/10/a",
          "subject namespaces {} pods app=db",
          "ingress Deny from namespaces kubernetes.io/metadata.name=dev on TCP/80",
        ),
        clusterPolicy(
          "Admin/10/b",
          "subject namespaces {} pods app=db",
          "ingress Accept from namespaces kubernetes.io/metadata.name=shop on TCP/80",
        ),
        networkPolicy("shop/deny", "types Ingress"),
      ],
      {
        "dev/tool -> shop/db TCP/80": "denied",
        "shop/web -> shop/db TCP/80": "allowed",
        "shop/web -> shop/db TCP/81": "denied",
        "dev/tool -> shop/web TCP/80": "denied",
      },
    ],
    [
      "a Pass for pods keeps a Deny of networks to addresses outside",
      [
        web,
        stranger,
        clusterPolicy("Admin/1/a", "egress Pass to namespaces {}", "egress Deny to 0.0.0.0/0"),
      ],
      { "shop/web -> dev/tool TCP/1": "allowed", "shop/web -> 8.8.8.8 TCP/1": "denied" },
    ],
    [
      "selecting isolates nobody: what no rule matches falls through",
      [web, stranger, clusterPolicy("Admin/10/a", "ingress Accept from namespaces {} on TCP/80")],
      { "dev/tool -> shop/web TCP/81": "allowed" },
    ],
    [
      "a subject of pods is those pods alone",
      [
        web,
        db,
        stranger,
        clusterPolicy(
          "Admin/10/a",
          "subject namespaces {} pods app=db",
          "ingress Deny from namespaces {}",
        ),
      ],
      { "dev/tool -> shop/db TCP/1": "denied", "dev/tool -> shop/web TCP/1": "allowed" },
    ],
    [
      "networks are pods' addresses too",
      [
        web,
        pod("dev/far 10.1.0.1"),
        clusterPolicy("Admin/1/a", "egress Deny to 0.0.0.0/0 on TCP/80"),
      ],
      { "shop/web -> dev/far TCP/80": "denied", "shop/web -> 8.8.8.8 TCP/80": "denied" },
    ],
    [
      "a port by name is whatever protocol the destination has it of",
      [
        web,
        pod("dev/dns :dns=UDP/5353 :other=TCP/5353"),
        clusterPolicy("Admin/1/a", "egress Deny to namespaces {} on dns"),
      ],
      { "shop/web -> dev/dns UDP/5353": "denied", "shop/web -> dev/dns TCP/5353": "allowed" },
    ],
    [
      "hostNetwork pods are neither subject nor pods peer, surely",
      [
        web,
        pod("ops/agent hostNetwork @n1 172.18.0.2"),
        node("n1 172.18.0.2 zone=a"),
        clusterPolicy(
          "Admin/1/a",
          "ingress Deny from namespaces {}",
          "egress Deny to namespaces {}",
        ),
      ],
      { "shop/web -> ops/agent TCP/1": "allowed", "ops/agent -> shop/web TCP/1": "allowed" },
    ],
    [
      "nodes peers are nodes and the hostNetwork pods there, by the node's labels",
      [
        web,
        pod("ops/agent hostNetwork @n1 172.18.0.2"),
        node("n1 172.18.0.2 zone=a"),
        node("n2 172.18.0.3 zone=b"),
        clusterPolicy("Admin/1/a", "egress Deny to nodes zone=a"),
      ],
      {
        "shop/web -> ops/agent TCP/1": "denied",
        "shop/web -> 172.18.0.2 TCP/1": "denied",
        "shop/web -> 172.18.0.3 TCP/1": "allowed",
      },
    ],
    [
      "which addresses a domain name has is not known; pods have none",
      [
        web,
        db,
        clusterPolicy(
          "Admin/1/a",
          "egress Accept to domain example.org",
          "egress Deny to 0.0.0.0/0",
        ),
      ],
      { "shop/web -> 8.8.8.8 TCP/1": "unknown", "shop/web -> shop/db TCP/1": "denied" },
    ],
    [
      "a pod's way to itself is nobody's matter",
      [web, clusterPolicy("Admin/1/a", "ingress Deny from namespaces {}")],
      { "shop/web -> shop/web TCP/1": "allowed" },
    ],
  ]);
});
