import { textAt } from "../sources/source-object.ts";
import type { Diagnosis, Patient } from "./examination.ts";

interface Agent {
  readonly plugin: string;
  /** `depends`: on its version or on how it is set up. */
  readonly enforces: "yes" | "no" | "depends";
}

/** Node agents of network plugins, by the names that their projects' own manifests give the DaemonSets. */
const AGENTS: ReadonlyMap<string, Agent> = new Map([
  ["calico-node", { plugin: "Calico", enforces: "yes" }],
  ["canal", { plugin: "Canal, Flannel with Calico's policies", enforces: "yes" }],
  ["rke2-canal", { plugin: "Canal, Flannel with Calico's policies", enforces: "yes" }],
  ["cilium", { plugin: "Cilium", enforces: "yes" }],
  ["anetd", { plugin: "GKE Dataplane V2 (Cilium)", enforces: "yes" }],
  ["antrea-agent", { plugin: "Antrea", enforces: "yes" }],
  ["ovnkube-node", { plugin: "OVN-Kubernetes", enforces: "yes" }],
  ["kube-router", { plugin: "kube-router", enforces: "yes" }],
  ["weave-net", { plugin: "Weave Net", enforces: "yes" }],
  ["azure-npm", { plugin: "Azure Network Policy Manager", enforces: "yes" }],
  ["kindnet", { plugin: "kindnet, which enforces since kind 0.24", enforces: "depends" }],
  [
    "aws-node",
    { plugin: "the AWS VPC CNI, if its network policy agent is on", enforces: "depends" },
  ],
  ["kube-flannel-ds", { plugin: "Flannel", enforces: "no" }],
  ["kube-flannel", { plugin: "Flannel", enforces: "no" }],
]);

/** Whether anything in the cluster enforces policies: without it they are stored and do nothing. */
export function examineEnforcement({ world }: Patient): Diagnosis {
  const found = world.daemonSets.flatMap((raw) => {
    const name = textAt(raw, "metadata", "name");
    const agent = AGENTS.get(name);
    const sign = `DaemonSet ${textAt(raw, "metadata", "namespace")}/${name}`;
    return agent === undefined ? [] : [{ ...agent, sign }];
  });
  const evidence = found.map(({ plugin, sign }) => `${sign}: ${plugin}`);
  const having = (enforces: Agent["enforces"]): (typeof found)[number] | undefined =>
    found.find((agent) => agent.enforces === enforces);
  const [yes, depends, no] = [having("yes"), having("depends"), having("no")];
  const check = "enforcement";
  if (yes !== undefined) {
    return { check, status: "ok", message: `${yes.plugin} enforces policies`, evidence, help: "" };
  }
  if (depends !== undefined) {
    const message = `the network plugin is ${depends.plugin}`;
    return {
      check,
      status: "unknown",
      message,
      evidence,
      help: "look at its version and settings",
    };
  }
  if (no !== undefined) {
    const message = `${no.plugin} alone does not enforce policies: all of them do nothing`;
    const help = "install a plugin that does, or Calico's policies beside Flannel (Canal)";
    return { check, status: "problem", message, evidence, help };
  }
  return {
    check,
    status: "unknown",
    message: "no node agent of a network plugin is known here",
    evidence: [],
    help: "some clusters (k3s, managed ones) build it into the node: see their documentation",
  };
}
