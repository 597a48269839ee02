import { describe, expect, it } from "vitest";
import { nameDataplane } from "../../src/cluster/detect-dataplane.ts";

describe("the dataplane of a cluster", () => {
  it.each([
    { agents: [], dataplane: "generic", evidence: [] },
    { agents: ["kube-system/kube-proxy"], dataplane: "generic", evidence: [] },
    {
      agents: ["kube-system/kube-proxy", "calico-system/calico-node"],
      dataplane: "calico",
      evidence: ["DaemonSet calico-system/calico-node"],
    },
    {
      agents: ["kube-system/canal"],
      dataplane: "calico",
      evidence: ["DaemonSet kube-system/canal"],
    },
    {
      agents: ["kube-system/cilium"],
      dataplane: "cilium",
      evidence: ["DaemonSet kube-system/cilium"],
    },
    {
      agents: ["kube-system/antrea-agent"],
      dataplane: "antrea",
      evidence: ["DaemonSet kube-system/antrea-agent"],
    },
    {
      agents: ["kube-system/cilium", "kube-system/calico-node"],
      dataplane: "generic",
      evidence: ["DaemonSet kube-system/cilium", "DaemonSet kube-system/calico-node"],
    },
  ])("is $dataplane with $agents", ({ agents, dataplane, evidence }) => {
    expect(nameDataplane(agents)).toEqual({ dataplane, evidence });
  });
});
