import { describe, expect, it } from "vitest";
import { DATAPLANES, type Dataplane, type DataplaneName } from "../../src/engine/dataplane.ts";
import type { Change } from "../../src/engine/model.ts";
import type { Verdict } from "../../src/engine/query.ts";
import { clusterPolicy, engineOf, flow, networkPolicy, node, pod } from "../support/dsl.ts";

type Row = readonly [
  sentence: string,
  cluster: readonly Change[],
  flow: string,
  verdicts: Readonly<Record<DataplaneName, Verdict>>,
];

const web = pod("shop/web app=web");
const far = pod("dev/far 10.1.0.1 @n2");
const n1 = node("n1 172.18.0.2");
const n2 = node("n2 172.18.0.3");
const agent = pod("ops/agent app=agent hostNetwork @n1 172.18.0.2");

describe("what dataplanes do differently", () => {
  it.for<Row>([
    [
      "ipBlockMatchesPods: a block around a pod's address (cilium/cilium#19601)",
      [web, far, networkPolicy("shop/p", "types Egress", "egress to 10.0.0.0/8")],
      "shop/web -> dev/far TCP/1",
      { generic: "allowed", calico: "allowed", cilium: "denied", antrea: "allowed" },
    ],
    [
      "ipBlockMatchesPods: the same for the networks of a ClusterNetworkPolicy",
      [web, far, clusterPolicy("Admin/1/p", "egress Deny to 10.0.0.0/8")],
      "shop/web -> dev/far TCP/1",
      { generic: "denied", calico: "denied", cilium: "allowed", antrea: "denied" },
    ],
    [
      "ipBlockMatchesNodes: a block around the address of another node",
      [far, n1, n2, networkPolicy("dev/p", "types Egress", "egress to 172.18.0.0/16")],
      "dev/far -> 172.18.0.2 TCP/1",
      { generic: "unknown", calico: "allowed", cilium: "denied", antrea: "allowed" },
    ],
    [
      "selectsHostNetwork: a policy for a hostNetwork pod",
      [far, agent, networkPolicy("ops/p", "pods app=agent", "types Ingress")],
      "dev/far -> ops/agent TCP/1",
      { generic: "unknown", calico: "allowed", cilium: "allowed", antrea: "allowed" },
    ],
    [
      "selectsHostNetwork: a rule that means a hostNetwork pod by its labels",
      [far, agent, networkPolicy("dev/p", "ingress from namespaces {} pods app=agent")],
      "ops/agent -> dev/far TCP/1",
      { generic: "unknown", calico: "denied", cilium: "denied", antrea: "denied" },
    ],
    [
      "sctp: a policed pod",
      [web, far, networkPolicy("dev/p", "ingress on SCTP/1")],
      "shop/web -> dev/far SCTP/1",
      { generic: "allowed", calico: "allowed", cilium: "unknown", antrea: "allowed" },
    ],
    [
      "sctp: a pod that no policy selects",
      [web, far],
      "shop/web -> dev/far SCTP/1",
      { generic: "allowed", calico: "allowed", cilium: "allowed", antrea: "allowed" },
    ],
  ])("%s", ([, cluster, text, verdicts]) => {
    const names = Object.keys(verdicts);
    const found = Object.values(DATAPLANES).map(({ name }): [string, Verdict] => [
      name,
      engineOf(cluster, name).verdict(flow(text)),
    ]);
    expect(Object.fromEntries(found)).toEqual(verdicts);
    expect(names).toHaveLength(found.length);
  });

  const lacking = (switches: Partial<Dataplane>): Dataplane => ({
    ...DATAPLANES.generic,
    ...switches,
  });

  it("endPort: where it is not supported, the first port alone counts", () => {
    const cluster = [web, far, networkPolicy("dev/p", "ingress on TCP/80-90")];
    const verdicts = [true, false].map((endPort) =>
      [80, 81, 90].map((port) =>
        engineOf(cluster, lacking({ endPort })).verdict(flow(`shop/web -> dev/far TCP/${port}`)),
      ),
    );
    expect(verdicts).toEqual([
      ["allowed", "allowed", "allowed"],
      ["allowed", "denied", "denied"],
    ]);
  });

  it("selectsHostNetwork: where it is so, a hostNetwork pod is like any other", () => {
    const cluster = [far, agent, networkPolicy("ops/p", "pods app=agent", "ingress on TCP/80")];
    const engine = engineOf(cluster, lacking({ selectsHostNetwork: "yes" }));
    expect(engine.verdict(flow("dev/far -> ops/agent TCP/80"))).toBe("allowed");
    expect(engine.verdict(flow("dev/far -> ops/agent TCP/81"))).toBe("denied");
  });
});
