import { expect, it } from "vitest";
import { bareNetwork, NetworkAgents } from "../../src/cluster/bare-network.ts";

const flannel = "kube-flannel/kube-flannel-ds";
const beside = (image: string): object => ({
  spec: { template: { spec: { containers: [{ image: "flannel:v1" }, { image }] } } },
});

it.each<[string, Readonly<Record<string, unknown>>, string | null]>([
  ["Flannel by itself", { [flannel]: {}, "logs/fluent-bit": {} }, `DaemonSet ${flannel}`],
  ["Flannel with Calico's policies", { [flannel]: {}, "kube-system/canal": {} }, null],
  ["an agent that may enforce, whatever else there is", { "x/aws-node": {}, [flannel]: {} }, null],
  [
    "Flannel with an enforcer in its own pod",
    { [flannel]: beside("registry.k8s.io/networking/kube-network-policies:v1") },
    null,
  ],
  ["another container in its pod", { [flannel]: beside("x/logs:1") }, `DaemonSet ${flannel}`],
  ["nothing that is known", { "x/y": {} }, null],
])("%s", (_, daemonSets, expected) => {
  expect(bareNetwork(Object.entries(daemonSets))).toBe(expected);
});

it("follows the DaemonSets as they come and go", () => {
  const agents = new NetworkAgents();
  agents.upsert(flannel, {});
  expect(agents.bare()).toBe(`DaemonSet ${flannel}`);
  agents.upsert("kube-system/calico-node", {});
  expect(agents.bare()).toBeNull();
  agents.delete("kube-system/calico-node");
  expect(agents.bare()).toBe(`DaemonSet ${flannel}`);
  agents.delete(flannel);
  expect(agents.bare()).toBeNull();
});
