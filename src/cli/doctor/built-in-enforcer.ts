import { flagIn } from "../../cluster/agent-settings.ts";
import type { Enforcer } from "../../cluster/network-agents.ts";
import { field, textAt } from "../../wire/shape.ts";

const EKS_COMPUTE = "eks.amazonaws.com/compute-type";
/** The ConfigMap that turns policies on in EKS Auto Mode, where no DaemonSet shows it. */
export const EKS_SETTINGS = "kube-system/amazon-vpc-cni";

/**
 * What distributions of Kubernetes do about policies by themselves, without a DaemonSet, as their nodes
 * show it. Null where there is nothing to tell.
 */
export function builtInEnforcer(
  nodes: readonly unknown[],
  dataOf: (configMap: string) => unknown,
): Enforcer | null {
  return k3s(nodes) ?? eksAutoMode(nodes, dataOf);
}

/** What is known of a cluster of such a make if nothing else in it enforces policies. */
export function bareEnforcer(nodes: readonly unknown[]): Enforcer | null {
  const gke = nodes.find((node) => versionOf(node).includes("-gke."));
  if (gke !== undefined) {
    return {
      plugin: "GKE without Dataplane V2 and without network policy enforcement",
      enforces: "no",
      evidence: [kubelet(gke)],
      help: "turn on network policy enforcement for the cluster and its nodes, or use Dataplane V2",
    };
  }
  const minikube = nodes.find((node) => labelOf(node, "minikube.k8s.io/name") !== "");
  if (minikube !== undefined) {
    return {
      plugin: "minikube without a CNI that does",
      enforces: "no",
      evidence: [`Node ${nameOf(minikube)}, label minikube.k8s.io/name`],
      help: "start it with `--cni calico`",
    };
  }
  // docker/roadmap#888: its own networking takes no notice of policies, nor can it be replaced.
  const desktop = nodes.find((node) => nameOf(node) === "docker-desktop");
  if (desktop === undefined) return null;
  return {
    plugin: "Docker Desktop's own Kubernetes",
    enforces: "no",
    evidence: [`Node ${nameOf(desktop)}`],
    help: "try policies in kind, in k3s, or in minikube with Calico",
  };
}

/** Nodes of Fargate: nothing enforces policies there, whatever runs on the others. */
export function fargateNodes(nodes: readonly unknown[]): readonly string[] {
  return nodes.filter((node) => labelOf(node, EKS_COMPUTE) === "fargate").map(nameOf);
}

/** Report whether the nodes are such that EKS_SETTINGS matters. */
export function isAutoMode(nodes: readonly unknown[]): boolean {
  return nodes.some((node) => labelOf(node, EKS_COMPUTE) === "auto");
}

/**
 * K3s documentation, "Network Policy Controller": kube-router's, in the k3s process, unless its servers are
 * told not to. Rancher Desktop, k3d and Lima run k3s as it is.
 */
function k3s(nodes: readonly unknown[]): Enforcer | null {
  const own = nodes.filter((node) => versionOf(node).includes("+k3s"));
  const [node] = own;
  if (node === undefined) return null;
  const off = own.find((one) => flagIn(argsOf(one), "--disable-network-policy") === "true");
  if (off !== undefined) {
    return {
      plugin: "k3s with --disable-network-policy",
      enforces: "no",
      evidence: [
        kubelet(node),
        `Node ${nameOf(off)}, annotation k3s.io/node-args: --disable-network-policy`,
      ],
      help: "start the k3s servers without --disable-network-policy, or install a plugin that enforces policies",
    };
  }
  const onWsl = own.find((one) => textAt(one, ...KERNEL).includes("microsoft"));
  if (onWsl !== undefined) {
    // rancher-sandbox/rancher-desktop#5247: the controller leaves itself out where the kernel has no ipset.
    return {
      plugin: "k3s on WSL, where its policy controller does not always start",
      enforces: "unknown",
      evidence: [kubelet(node), `Node ${nameOf(onWsl)}: kernel ${textAt(onWsl, ...KERNEL)}`],
      help: "look for `Skipping network policy controller start` in the log of k3s",
    };
  }
  if (!own.some((one) => argsOf(one)[0] === "server")) {
    return {
      plugin: "k3s, which enforces policies unless its servers run with --disable-network-policy",
      enforces: "unknown",
      evidence: [kubelet(node), "annotation k3s.io/node-args: of no server"],
      help: "look at the flags and the configuration file of the k3s servers",
    };
  }
  const plugin = "k3s, by the policy controller that is part of it,";
  return { plugin, enforces: "yes", evidence: [kubelet(node)], help: "" };
}

const KERNEL = ["status", "nodeInfo", "kernelVersion"] as const;

/** Flags and the configuration file of k3s, as it writes them to the node. */
function argsOf(node: unknown): readonly string[] {
  try {
    const args: unknown = JSON.parse(textAt(node, "metadata", "annotations", "k3s.io/node-args"));
    return Array.isArray(args) ? args.map(String) : [];
  } catch {
    // Not there, or not what k3s writes: then nothing is known of the flags.
    return [];
  }
}

/** EKS user guide, "Use Network Policies with EKS Auto Mode": off until the ConfigMap says otherwise. */
function eksAutoMode(
  nodes: readonly unknown[],
  dataOf: (configMap: string) => unknown,
): Enforcer | null {
  const node = nodes.find((one) => labelOf(one, EKS_COMPUTE) === "auto");
  if (node === undefined) return null;
  const key = "enable-network-policy-controller";
  const value = textAt(dataOf(EKS_SETTINGS), key);
  return {
    plugin: "EKS Auto Mode",
    enforces: value === "true" ? "yes" : "no",
    evidence: [
      `Node ${nameOf(node)}, label ${EKS_COMPUTE}: auto`,
      `ConfigMap ${EKS_SETTINGS}, ${key}: ${value === "" ? "not set" : value}`,
    ],
    help: value === "true" ? "" : `set \`${key}: "true"\` in ConfigMap ${EKS_SETTINGS}`,
  };
}

function kubelet(node: unknown): string {
  return `Node ${nameOf(node)}: kubelet ${versionOf(node)}`;
}

function versionOf(node: unknown): string {
  return textAt(node, "status", "nodeInfo", "kubeletVersion");
}

function labelOf(node: unknown, key: string): string {
  const value = field(node, "metadata", "labels", key);
  return typeof value === "string" ? value : "";
}

function nameOf(node: unknown): string {
  return textAt(node, "metadata", "name");
}
