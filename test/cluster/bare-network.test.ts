import { expect, it } from "vitest";
import { bareNetwork, NetworkAgents } from "../../src/cluster/bare-network.ts";

/** A DaemonSet with containers of these images. */
function agent(key: string, ...containers: readonly object[]): object {
  const [namespace, name] = key.split("/");
  return { metadata: { namespace, name }, spec: { template: { spec: { containers } } } };
}

const FLANNEL = "kube-flannel/kube-flannel-ds";
const flannel = agent(FLANNEL);
const enforcer = { image: "registry.k8s.io/networking/kube-network-policies:v1" };
const nodeAgent = { name: "aws-eks-nodeagent", args: ["--enable-network-policy=true"] };

it.each<[string, readonly object[], string | null]>([
  ["Flannel by itself", [flannel, agent("logs/fluent-bit")], `DaemonSet ${FLANNEL}`],
  ["Flannel with Calico's policies", [flannel, agent("kube-system/canal")], null],
  [
    "an agent that enforces beside one that does not",
    [agent("kube-system/aws-node", nodeAgent), flannel],
    null,
  ],
  ["Kube-OVN beside what is left of Flannel", [flannel, agent("kube-system/kube-ovn-cni")], null],
  ["an agent that only its ConfigMap could tell of", [agent("kube-system/terway"), flannel], null],
  [
    "an agent that is not set up to",
    [agent("kube-system/aws-node")],
    "DaemonSet kube-system/aws-node",
  ],
  ["Flannel with an enforcer in its own pod", [agent(FLANNEL, enforcer)], null],
  ["another container in its pod", [agent(FLANNEL, { image: "x/logs:1" })], `DaemonSet ${FLANNEL}`],
  ["nothing that is known", [agent("x/y")], null],
  ["something that is no object", [agent("x/y"), {}], null],
])("%s", (_, daemonSets, expected) => {
  expect(bareNetwork(daemonSets)).toBe(expected);
});

it("follows the DaemonSets as they come and go", () => {
  const agents = new NetworkAgents();
  const calico = "kube-system/calico-node";
  agents.upsert(FLANNEL, flannel);
  expect(agents.bare()).toBe(`DaemonSet ${FLANNEL}`);
  agents.upsert(calico, agent(calico));
  expect(agents.bare()).toBeNull();
  agents.delete(calico);
  expect(agents.bare()).toBe(`DaemonSet ${FLANNEL}`);
  agents.delete(FLANNEL);
  expect(agents.bare()).toBeNull();
});
