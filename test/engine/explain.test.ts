import { describe, expect, it, test } from "vitest";
import type { DataplaneName } from "../../src/engine/dataplane.ts";
import { type Change, policyKey } from "../../src/engine/model.ts";
import type { Cause, DirectionExplanation, Verdict } from "../../src/engine/query.ts";
import { unreadableNetworkPolicy } from "../../src/wire/network-policy.ts";
import {
  clusterPolicy,
  engineOf,
  flow,
  namespace,
  networkPolicy,
  node,
  pod,
} from "../support/dsl.ts";

function causeText({ code, policy, path }: Cause): string {
  return [code, policy, path].filter((part) => part !== null).join(" ");
}

/** The walk of one direction: each policy, and under it each rule. */
function walk({ steps }: DirectionExplanation): readonly string[] {
  return steps.flatMap(({ policy, isolates, rules }) => [
    `${policyKey(policy)}${isolates ? " isolates" : ""}`,
    ...rules.map(
      ({ path, action, outcome, reached }) =>
        `  ${path} ${action} ${outcome}${reached ? "" : ", not reached"}`,
    ),
  ]);
}

const web = pod("shop/web app=web");
const db = pod("shop/db app=db");
const tool = pod("dev/tool @n2");
const n1 = node("n1 172.18.0.2");
const n2 = node("n2 172.18.0.3");
const agent = pod("ops/agent hostNetwork @n1 172.18.0.2");
const fromWeb = networkPolicy("shop/web", "pods app=db", "ingress from pods app=web on TCP/80");

type Row = readonly [
  sentence: string,
  cluster: readonly Change[],
  flow: string,
  verdict: Verdict,
  causes: readonly string[],
  dataplane?: DataplaneName,
];

describe("causes", () => {
  it.for<Row>([
    [
      "no policy at all",
      [web, db],
      "shop/web -> shop/db TCP/80",
      "allowed",
      ["not-isolated", "not-isolated"],
    ],
    [
      "a rule that lets it in",
      [web, db, fromWeb],
      "shop/web -> shop/db TCP/80",
      "allowed",
      ["not-isolated", "rule-accepts NetworkPolicy/shop/web spec.ingress[0]"],
    ],
    [
      "every NetworkPolicy that lets it in",
      [web, db, fromWeb, networkPolicy("shop/all", "ingress on TCP/443", "ingress")],
      "shop/web -> shop/db TCP/80",
      "allowed",
      [
        "not-isolated",
        "rule-accepts NetworkPolicy/shop/all spec.ingress[1]",
        "rule-accepts NetworkPolicy/shop/web spec.ingress[0]",
      ],
    ],
    [
      "an address outside has no policies",
      [db, networkPolicy("shop/p", "ingress from 8.8.8.8/32")],
      "8.8.8.8 -> shop/db TCP/80",
      "allowed",
      ["address-has-no-policies", "rule-accepts NetworkPolicy/shop/p spec.ingress[0]"],
    ],
    [
      "every policy that isolates and has no rule for it",
      [web, db, fromWeb, networkPolicy("shop/none", "types Ingress")],
      "shop/web -> shop/db TCP/81",
      "denied",
      ["no-rule-matches NetworkPolicy/shop/none", "no-rule-matches NetworkPolicy/shop/web"],
    ],
    [
      "both ends deny: both are told",
      [
        web,
        tool,
        networkPolicy("shop/in", "types Ingress"),
        networkPolicy("dev/out", "types Egress"),
      ],
      "dev/tool -> shop/web TCP/1",
      "denied",
      ["no-rule-matches NetworkPolicy/dev/out", "no-rule-matches NetworkPolicy/shop/in"],
    ],
    [
      "a policy that could not be read",
      [
        web,
        db,
        {
          kind: "policy",
          op: "upsert",
          object: unreadableNetworkPolicy({ metadata: { namespace: "shop", name: "bad" } }),
        },
      ],
      "shop/web -> shop/db TCP/80",
      "denied",
      ["unreadable-policy NetworkPolicy/shop/bad", "unreadable-policy NetworkPolicy/shop/bad"],
    ],
    ["the pod itself", [web], "shop/web -> shop/web TCP/80", "allowed", ["same-pod"]],
    ["no such pod", [web], "shop/web -> shop/x TCP/80", "unknown", ["no-such-pod"]],
    [
      "no family in common",
      [pod("shop/four 10.0.0.1"), pod("shop/six fd00::1")],
      "shop/four -> shop/six TCP/80",
      "denied",
      ["no-common-family"],
    ],
    [
      "one family may, the other may not",
      [
        pod("shop/a 10.0.0.1 fd00::1"),
        pod("shop/b app=b 10.0.0.2 fd00::2"),
        networkPolicy("shop/p", "pods app=b", "ingress from 10.0.0.0/24"),
      ],
      "shop/a -> shop/b TCP/80",
      "unknown",
      ["families-differ"],
    ],
    [
      "a pod's own node",
      [pod("shop/web app=web @n1"), n1, networkPolicy("shop/p", "types Ingress")],
      "172.18.0.2 -> shop/web TCP/80",
      "allowed",
      ["address-has-no-policies", "node-local"],
    ],
    [
      "perhaps its own node",
      [web, n1, networkPolicy("shop/p", "types Ingress")],
      "172.18.0.2 -> shop/web TCP/80",
      "unknown",
      ["node-local"],
    ],
    [
      "a block that may or may not mean a node",
      [tool, n1, networkPolicy("dev/p", "ingress from 172.18.0.0/16")],
      "172.18.0.2 -> dev/tool TCP/80",
      "unknown",
      ["node-address NetworkPolicy/dev/p spec.ingress[0]"],
    ],
    [
      "a policy that may or may not select a hostNetwork pod",
      [tool, agent, networkPolicy("ops/p", "types Ingress")],
      "dev/tool -> ops/agent TCP/80",
      "unknown",
      ["host-network"],
    ],
    [
      "a rule that may or may not mean a hostNetwork pod",
      [tool, agent, networkPolicy("dev/p", "ingress from namespaces {}")],
      "ops/agent -> dev/tool TCP/80",
      "unknown",
      ["host-network NetworkPolicy/dev/p spec.ingress[0]"],
    ],
    [
      "a block and a pod without an address",
      [
        db,
        pod("shop/new pending"),
        networkPolicy("shop/p", "pods app=db", "ingress from 10.0.0.0/8"),
      ],
      "shop/new -> shop/db TCP/80",
      "unknown",
      ["pod-without-address NetworkPolicy/shop/p spec.ingress[0]"],
    ],
    [
      "a block of link-local addresses, which no pod has",
      [
        pod("shop/new pending"),
        pod("shop/web app=web"),
        networkPolicy("shop/p", "pods app=web", "egress to 169.254.20.10/32 fe80::/10"),
      ],
      "shop/web -> shop/new TCP/53",
      "denied",
      ["no-rule-matches NetworkPolicy/shop/p"],
    ],
    [
      "a block that reaches beyond them",
      [
        pod("shop/new pending"),
        pod("shop/web app=web"),
        networkPolicy("shop/p", "pods app=web", "types Egress", "egress to 169.254.0.0/15"),
      ],
      "shop/web -> shop/new TCP/53",
      "unknown",
      ["pod-without-address NetworkPolicy/shop/p spec.egress[0]"],
    ],
    [
      "a port name and an address",
      [web, networkPolicy("shop/p", "types Egress", "egress on TCP/http")],
      "shop/web -> 8.8.8.8 TCP/80",
      "unknown",
      ["named-port-unresolved NetworkPolicy/shop/p spec.egress[0]"],
    ],
    [
      "SCTP where it may be off",
      [web, db, fromWeb],
      "shop/web -> shop/db SCTP/80",
      "unknown",
      ["sctp-support"],
      "cilium",
    ],
    [
      "equal priorities that disagree, each with its rule",
      [
        web,
        tool,
        clusterPolicy("Admin/5/a", "ingress Accept from namespaces {}"),
        clusterPolicy(
          "Admin/5/b",
          "ingress Accept from namespaces x",
          "ingress Deny from namespaces {}",
        ),
      ],
      "dev/tool -> shop/web TCP/80",
      "unknown",
      [
        "equal-priority ClusterNetworkPolicy//a spec.ingress[0]",
        "equal-priority ClusterNetworkPolicy//b spec.ingress[1]",
      ],
    ],
    [
      "a higher tier denies",
      [web, db, fromWeb, clusterPolicy("Admin/5/a", "ingress Deny from namespaces {}")],
      "shop/web -> shop/db TCP/80",
      "denied",
      ["rule-denies ClusterNetworkPolicy//a spec.ingress[0]"],
    ],
    [
      "a tier passes, and nothing below has a say",
      [web, db, clusterPolicy("Admin/5/a", "ingress Pass from namespaces {}")],
      "shop/web -> shop/db TCP/80",
      "allowed",
      ["not-isolated", "default-allow", "rule-passes ClusterNetworkPolicy//a spec.ingress[0]"],
    ],
    [
      "policies of tiers that have no rule for it",
      [web, db, clusterPolicy("Baseline/5/a", "ingress Deny from namespaces x")],
      "shop/web -> shop/db TCP/80",
      "allowed",
      ["not-isolated", "default-allow"],
    ],
  ])("%s", ([, cluster, text, verdict, causes, dataplane = "generic"]) => {
    const explanation = engineOf(cluster, dataplane).explain(flow(text));
    expect(explanation.verdict).toBe(verdict);
    expect(explanation.causes.map(causeText)).toEqual(causes);
  });

  test("a namespace that nobody has declared", () => {
    const engine = engineOf([web, networkPolicy("shop/p", "ingress from namespaces team=b")]);
    engine.apply(tool);
    expect(engine.explain(flow("dev/tool -> shop/web TCP/1")).causes.map(causeText)).toEqual([
      "namespace-unknown NetworkPolicy/shop/p spec.ingress[0]",
    ]);
    engine.apply(namespace("dev team=b"));
    expect(engine.explain(flow("dev/tool -> shop/web TCP/1")).verdict).toBe("allowed");
  });
});

describe("the walk", () => {
  const cluster = [
    web,
    db,
    n2,
    tool,
    clusterPolicy(
      "Admin/20/later",
      "ingress Deny from namespaces {} on TCP/22",
      "ingress Accept from namespaces {} on TCP/80",
      "ingress Deny from namespaces {} on TCP/80-90",
    ),
    clusterPolicy(
      "Admin/10/first",
      "egress Deny to 0.0.0.0/0 on TCP/1",
      "ingress Pass from namespaces x",
    ),
    clusterPolicy("Baseline/1/base", "ingress Deny from namespaces {}"),
    fromWeb,
  ];

  it("goes through every policy that selects the subject, in tier order", () => {
    const { ingress, egress } = engineOf(cluster).explain(flow("shop/web -> shop/db TCP/443"));
    expect(walk(ingress)).toEqual([
      "ClusterNetworkPolicy//first",
      "  spec.ingress[0] Pass other-peer",
      "ClusterNetworkPolicy//later",
      "  spec.ingress[0] Deny other-port",
      "  spec.ingress[1] Accept other-port",
      "  spec.ingress[2] Deny other-port",
      "NetworkPolicy/shop/web isolates",
      "  spec.ingress[0] Accept other-port",
      "ClusterNetworkPolicy//base",
      "  spec.ingress[0] Deny matches, not reached",
    ]);
    expect(ingress).toMatchObject({ verdict: "denied", isolated: true });
    expect(walk(egress)).toEqual([
      "ClusterNetworkPolicy//first",
      "  spec.egress[0] Deny other-port",
    ]);
    expect(egress).toMatchObject({ verdict: "allowed", isolated: false });
  });

  it("ends where it is decided", () => {
    const { ingress, causes } = engineOf(cluster).explain(flow("shop/web -> shop/db TCP/80"));
    expect(walk(ingress)).toEqual([
      "ClusterNetworkPolicy//first",
      "  spec.ingress[0] Pass other-peer",
      "ClusterNetworkPolicy//later",
      "  spec.ingress[0] Deny other-port",
      "  spec.ingress[1] Accept matches",
      "  spec.ingress[2] Deny matches, not reached",
      "NetworkPolicy/shop/web isolates",
      "  spec.ingress[0] Accept matches, not reached",
      "ClusterNetworkPolicy//base",
      "  spec.ingress[0] Deny matches, not reached",
    ]);
    expect(causes.map(causeText)).toEqual([
      "default-allow",
      "rule-accepts ClusterNetworkPolicy//later spec.ingress[1]",
    ]);
  });

  it("tells policies that say the same apart", () => {
    const twice = ["Admin/1/a", "Admin/2/b"].map((key) =>
      clusterPolicy(key, "ingress Deny from namespaces {}"),
    );
    const { ingress, causes } = engineOf([web, db, ...twice]).explain(
      flow("shop/web -> shop/db TCP/80"),
    );
    expect(walk(ingress)).toEqual([
      "ClusterNetworkPolicy//a",
      "  spec.ingress[0] Deny matches",
      "ClusterNetworkPolicy//b",
      "  spec.ingress[0] Deny matches, not reached",
    ]);
    expect(causes.map(causeText)).toEqual(["rule-denies ClusterNetworkPolicy//a spec.ingress[0]"]);
  });
});

describe("ends with addresses of two families", () => {
  const a = pod("shop/a app=a 10.0.0.1 fd00::1");
  const b = pod("shop/b app=b 10.0.0.2 fd00::2");
  const four = "ingress from 10.0.0.0/24 on TCP/80";
  const six = "ingress from fd00::/64 on TCP/80";

  /** `IPv4 allowed, allowed`: egress and ingress of each family, then of all. */
  function families(cluster: readonly Change[], text: string): readonly string[] {
    const { verdict, egress, ingress, ...explanation } = engineOf(cluster).explain(flow(text));
    return [
      ...explanation.families.map(
        (each) => `${each.family} ${each.egress.verdict}, ${each.ingress.verdict}: ${each.verdict}`,
      ),
      `${egress.verdict}, ${ingress.verdict}: ${verdict}`,
    ];
  }

  it.for<readonly [sentence: string, cluster: readonly Change[], told: readonly string[]]>([
    [
      "a block of one of them",
      [a, b, networkPolicy("shop/p", "pods app=b", four)],
      ["4 allowed, allowed: allowed", "6 allowed, denied: denied", "allowed, unknown: unknown"],
    ],
    [
      "each is denied at another end",
      [
        a,
        b,
        networkPolicy("shop/in", "pods app=b", six),
        networkPolicy("shop/out", "pods app=a", "types Egress", "egress to 10.0.0.0/24"),
      ],
      ["4 allowed, denied: denied", "6 denied, allowed: denied", "unknown, unknown: denied"],
    ],
    [
      "no policy",
      [a, b],
      ["4 allowed, allowed: allowed", "6 allowed, allowed: allowed", "allowed, allowed: allowed"],
    ],
    [
      "one of them alone in common",
      [a, pod("shop/b 10.0.0.2")],
      ["4 allowed, allowed: allowed", "allowed, allowed: allowed"],
    ],
    [
      "no address yet",
      [pod("shop/a pending"), pod("shop/b pending")],
      ["0 allowed, allowed: allowed", "allowed, allowed: allowed"],
    ],
    ["none in common", [pod("shop/a 10.0.0.1"), pod("shop/b fd00::2")], ["denied, denied: denied"]],
  ])("%s", ([, cluster, told]) => {
    expect(families(cluster, "shop/a -> shop/b TCP/80")).toEqual(told);
  });

  it("says of a rule what it comes to in all of them", () => {
    const cluster = [
      a,
      b,
      networkPolicy("shop/p", "pods app=b", four, six, "ingress from pods app=a on TCP/443"),
    ];
    const { ingress, causes } = engineOf(cluster).explain(flow("shop/a -> shop/b TCP/80"));
    expect(walk(ingress)).toEqual([
      "NetworkPolicy/shop/p isolates",
      "  spec.ingress[0] Accept unknown",
      "  spec.ingress[1] Accept unknown",
      "  spec.ingress[2] Accept other-port",
    ]);
    const both = [
      "rule-accepts NetworkPolicy/shop/p spec.ingress[0]",
      "rule-accepts NetworkPolicy/shop/p spec.ingress[1]",
    ];
    expect(ingress.causes.map(causeText)).toEqual(both);
    expect(causes.map(causeText)).toEqual(["not-isolated", ...both]);
  });

  it("has reached a rule that the walk of one of them came to", () => {
    const cluster = [
      a,
      b,
      clusterPolicy(
        "Admin/1/gate",
        "egress Deny to 10.0.0.0/24",
        "egress Accept to fd00::/64",
        "egress Deny to 0.0.0.0/0 or ::/0",
      ),
    ];
    const { egress } = engineOf(cluster).explain(flow("shop/a -> shop/b TCP/80"));
    expect(walk(egress)).toEqual([
      "ClusterNetworkPolicy//gate",
      "  spec.egress[0] Deny unknown",
      "  spec.egress[1] Accept unknown",
      "  spec.egress[2] Deny matches, not reached",
    ]);
  });
});
