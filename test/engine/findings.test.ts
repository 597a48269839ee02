import { expect, it } from "vitest";
import type { Change } from "../../src/engine/model.ts";
import type { ClusterFinding } from "../../src/engine/query.ts";
import { clusterPolicy, engineOf, networkPolicy, pod } from "../support/dsl.ts";

const pods = [
  pod("shop/web app=web Deployment/web"),
  pod("shop/db app=db StatefulSet/db"),
  pod("dev/tool app=tool Deployment/tool"),
];
const closed = (namespace: string): Change =>
  networkPolicy(`${namespace}/closed`, "types Ingress,Egress");
const guarded = [...pods, closed("shop"), closed("dev")];

const toDb = networkPolicy("shop/to-db", "pods app=db", "ingress from pods app=web on TCP/5432");

interface Row {
  readonly name: string;
  readonly changes: readonly Change[];
  readonly found: readonly ClusterFinding[];
}

it.each<Row>([
  {
    name: "nothing to say of policies that all have their use",
    changes: [...guarded, toDb],
    found: [],
  },
  {
    name: "a policy whose pods do not exist",
    changes: [...guarded, networkPolicy("shop/typo", "pods app=dbx", "ingress from pods {}")],
    found: [{ code: "selects-nothing", policy: "NetworkPolicy/shop/typo" }],
  },
  {
    name: "a peer that does not exist, named with its place in the rule",
    changes: [
      ...guarded,
      networkPolicy(
        "shop/peer",
        "pods app=db",
        "ingress from pods app=web or pods app=wbe on TCP/1",
      ),
    ],
    found: [
      {
        code: "peer-selects-nothing",
        policy: "NetworkPolicy/shop/peer",
        path: "spec.ingress[0].from[1]",
      },
    ],
  },
  {
    name: "what is for somebody who is not there yet can not go, nor is it a duplicate of what can",
    changes: [
      pod("shop/db app=db"),
      pod("shop/web app=web"),
      closed("shop"),
      toDb,
      networkPolicy(
        "shop/metrics",
        "pods app=db",
        "types Ingress,Egress",
        "ingress from namespaces team=monitoring pods app=prometheus on TCP/9187",
      ),
      networkPolicy(
        "shop/more",
        "pods app=db",
        "ingress from pods app=web or pods app=batch on TCP/5432",
      ),
      clusterPolicy("Admin/1/guard", "egress Deny to namespaces team=legacy"),
    ],
    found: [
      {
        code: "peer-selects-nothing",
        policy: "NetworkPolicy/shop/metrics",
        path: "spec.ingress[0].from[0]",
      },
      {
        code: "peer-selects-nothing",
        policy: "NetworkPolicy/shop/more",
        path: "spec.ingress[0].from[1]",
      },
      {
        code: "peer-selects-nothing",
        policy: "ClusterNetworkPolicy//guard",
        path: "spec.egress[0].to[0]",
      },
      {
        code: "redundant-policy",
        policy: "NetworkPolicy/shop/to-db",
        because: [
          "NetworkPolicy/shop/closed",
          "NetworkPolicy/shop/metrics",
          "NetworkPolicy/shop/more",
        ],
      },
    ],
  },
  {
    name: "a rule that another policy says as well",
    changes: [
      ...guarded,
      toDb,
      networkPolicy(
        "shop/again",
        "pods app=db",
        "ingress from pods app=web on TCP/5432",
        "ingress from pods app=web on TCP/9000",
      ),
    ],
    found: [
      {
        code: "redundant-policy",
        policy: "NetworkPolicy/shop/to-db",
        because: ["again", "closed"],
      },
      {
        code: "redundant-rule",
        policy: "NetworkPolicy/shop/again",
        path: "spec.ingress[0]",
        because: ["closed", "to-db"],
      },
    ].map((each) => ({
      ...each,
      because: each.because.map((name) => `NetworkPolicy/shop/${name}`),
    })) as ClusterFinding[],
  },
  {
    name: "the second of two rules that say the same, so that not both are taken out",
    changes: [
      ...guarded,
      networkPolicy(
        "shop/twice",
        "pods app=db",
        "ingress from pods app=web on TCP/5432",
        "ingress from pods app=db on TCP/9000",
        "ingress from pods app=web on TCP/5432",
      ),
    ],
    found: [
      {
        code: "redundant-rule",
        policy: "NetworkPolicy/shop/twice",
        path: "spec.ingress[2]",
        because: [],
      },
    ],
  },
  {
    name: "a rule that only repeats what the tier above has denied",
    changes: [
      ...guarded,
      clusterPolicy("Admin/1/guard", "ingress Deny from namespaces {} on TCP/22"),
      networkPolicy(
        "shop/ssh",
        "pods app=db",
        "ingress from pods app=web on TCP/22",
        "ingress from pods app=web on TCP/80",
      ),
    ],
    found: [
      {
        code: "shadowed-rule",
        policy: "NetworkPolicy/shop/ssh",
        path: "spec.ingress[0]",
        because: ["ClusterNetworkPolicy//guard"],
      },
    ],
  },
  {
    name: "policies that say the same in other words",
    changes: [
      ...guarded,
      toDb,
      networkPolicy(
        "shop/same",
        "pods app=db,app",
        "ingress from pods app=web,app!=x on TCP/5432-5432",
      ),
    ],
    found: [
      {
        code: "redundant-policy",
        policy: "NetworkPolicy/shop/to-db",
        because: ["NetworkPolicy/shop/closed", "NetworkPolicy/shop/same"],
      },
      {
        code: "redundant-policy",
        policy: "NetworkPolicy/shop/same",
        because: ["NetworkPolicy/shop/closed", "NetworkPolicy/shop/to-db"],
      },
      {
        code: "duplicate-policies",
        policies: ["NetworkPolicy/shop/to-db", "NetworkPolicy/shop/same"],
      },
    ],
  },
  {
    name: "two policies that do the same for one pod, and not for another: its port of that name is another",
    changes: [
      pod("shop/old app=db :sql=TCP/5432"),
      pod("shop/new app=db :sql=TCP/5433"),
      closed("shop"),
      networkPolicy("shop/by-name", "pods app=db", "ingress from 10.0.0.0/8 on TCP/sql"),
      networkPolicy("shop/by-number", "pods app=db", "ingress from 10.0.0.0/8 on TCP/5432"),
    ],
    found: [],
  },
  {
    name: "a policy that some of its pods could spare, and others not",
    changes: [
      pod("shop/db app=db"),
      pod("shop/web app=web"),
      closed("shop"),
      networkPolicy("shop/all", "ingress from 10.0.0.0/8 on TCP/80"),
      networkPolicy("shop/one", "pods app=db", "ingress from 10.0.0.0/8 on TCP/80"),
    ],
    found: [
      {
        code: "redundant-policy",
        policy: "NetworkPolicy/shop/one",
        because: ["NetworkPolicy/shop/all", "NetworkPolicy/shop/closed"],
      },
    ],
  },
  {
    name: "rules that are one",
    changes: [
      ...guarded,
      networkPolicy(
        "shop/two",
        "pods app=db",
        "ingress from pods app=web on TCP/80",
        "ingress from pods app=web on TCP/81",
      ),
    ],
    found: [
      {
        code: "mergeable-rules",
        policy: "NetworkPolicy/shop/two",
        paths: ["spec.ingress[0]", "spec.ingress[1]"],
        same: "peers",
      },
    ],
  },
  {
    name: "workloads that no policy protects, by direction",
    changes: [...pods, closed("dev"), networkPolicy("shop/in", "types Ingress")],
    found: [
      {
        code: "unprotected",
        namespace: "shop",
        workload: { kind: "StatefulSet", name: "db" },
        directions: ["egress"],
        pods: ["shop/db"],
      },
      {
        code: "unprotected",
        namespace: "shop",
        workload: { kind: "Deployment", name: "web" },
        directions: ["egress"],
        pods: ["shop/web"],
      },
    ],
  },
  {
    name: "workloads that a tier only opens, unlike those to which it denies something",
    changes: [
      ...pods,
      closed("dev"),
      clusterPolicy(
        "Admin/1/monitoring",
        "ingress Accept from namespaces kubernetes.io/metadata.name=dev on TCP/9090",
      ),
      clusterPolicy(
        "Baseline/1/guard",
        "subject namespaces {} pods app=db",
        "ingress Deny from namespaces {}",
        "egress Deny to namespaces {}",
      ),
    ],
    found: [
      {
        code: "unprotected",
        namespace: "shop",
        workload: { kind: "Deployment", name: "web" },
        directions: ["ingress", "egress"],
        pods: ["shop/web"],
      },
    ],
  },
])("$name", ({ changes, found }) => {
  expect(engineOf(changes).findings().toSorted(byText)).toEqual([...found].toSorted(byText));
});

function byText(a: ClusterFinding, b: ClusterFinding): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}
