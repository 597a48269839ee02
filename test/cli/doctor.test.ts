import { describe, expect, it } from "vitest";
import { z } from "zod";
import { expectGolden, goldenFiles } from "./golden.ts";
import { runCli } from "./run-cli.ts";

const AILING = "test/cli/fixtures/ailing.yaml";

const EKS_COMPUTE = "eks.amazonaws.com/compute-type";

function daemonSet(key: string, container: object = {}, status: object = {}): object {
  const [name, namespace = "kube-system"] = key.split("/").toReversed();
  const containers = [{ name: "agent", ...container }];
  const spec = { template: { spec: { hostNetwork: true, containers } } };
  const metadata = { name, namespace };
  return { apiVersion: "apps/v1", kind: "DaemonSet", metadata, spec, status };
}

function node(
  name: string,
  metadata: object,
  kubeletVersion = "v1.31.2",
  kernelVersion = "6.6.44-0-virt",
): object {
  const status = { nodeInfo: { kubeletVersion, kernelVersion } };
  return { apiVersion: "v1", kind: "Node", metadata: { name, ...metadata }, status };
}

function configMap(name: string, data: object): object {
  const metadata = { name, namespace: "kube-system" };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data };
}

const diagnosisSchema = z.object({
  checks: z.array(
    z.object({
      check: z.string(),
      status: z.string(),
      message: z.string(),
      evidence: z.array(z.string()),
      help: z.string(),
    }),
  ),
});

async function examine(
  objects: readonly object[],
): Promise<z.output<typeof diagnosisSchema>["checks"]> {
  const input = objects.map((object) => JSON.stringify(object)).join("\n---\n");
  const { stdout } = await runCli(["doctor", "--manifests", "-", "-o", "json"], { input });
  return diagnosisSchema.parse(JSON.parse(stdout)).checks;
}

describe("the doctor", () => {
  const cases = [
    { golden: "doctor.txt", flags: "-A", code: 1 },
    { golden: "doctor.json", flags: "-A -o json", code: 1 },
  ];
  it.for(cases)("finds what is wrong: $flags", async ({ golden, flags, code }) => {
    const result = await runCli(["doctor", "--manifests", AILING, ...flags.split(" ")]);
    expect(result).toMatchObject({ code, stderr: "" });
    expectGolden(golden, result.stdout);
  });

  it("has a case for every golden file", () => {
    expect(goldenFiles("doctor")).toEqual(cases.map(({ golden }) => golden).toSorted());
  });

  describe("whether anything enforces policies", () => {
    const kindnet = (tag: string): readonly object[] => [
      daemonSet("kindnet", { image: `docker.io/kindest/kindnetd:${tag}` }),
    ];
    const awsNode = (flag: string): object =>
      daemonSet("aws-node", {
        name: "aws-eks-nodeagent",
        args: [`--enable-network-policy=${flag}`],
      });
    const k3sServer = (...args: readonly string[]): object =>
      node(
        "n1",
        { annotations: { "k3s.io/node-args": JSON.stringify(["server", ...args]) } },
        "v1.31.2+k3s1",
      );
    const never = configMap("cilium-config", { "enable-policy": "never" });
    it.each([
      { objects: [daemonSet("calico-node")], status: "ok", says: "Calico enforces" },
      { objects: [daemonSet("canal")], status: "ok", says: "Canal" },
      { objects: [daemonSet("antrea-agent")], status: "ok", says: "Antrea enforces" },
      { objects: [daemonSet("ovnkube-node")], status: "ok", says: "OVN-Kubernetes enforces" },
      { objects: [daemonSet("azure-npm")], status: "ok", says: "Azure Network Policy Manager" },
      { objects: [daemonSet("azure-cns")], status: "problem", says: "Azure CNI alone does not" },
      {
        objects: [daemonSet("azure-cns"), daemonSet("cilium")],
        status: "ok",
        says: "Cilium enforces",
      },
      { objects: [daemonSet("anetd")], status: "ok", says: "GKE Dataplane V2" },
      { objects: [daemonSet("cilium")], status: "ok", says: "Cilium enforces" },
      {
        objects: [daemonSet("cilium"), configMap("cilium-config", { "enable-policy": "default" })],
        status: "ok",
        says: "ConfigMap kube-system/cilium-config, enable-policy: default",
      },
      { objects: [daemonSet("cilium"), never], status: "problem", says: "enable-policy: never" },
      {
        objects: [
          daemonSet("cilium"),
          configMap("cilium-config", { "enable-k8s-networkpolicy": "false" }),
        ],
        status: "problem",
        says: "set `enable-k8s-networkpolicy` to `true`",
      },
      { objects: [daemonSet("kube-flannel-ds")], status: "problem", says: "Flannel does not" },
      {
        objects: [
          daemonSet("kube-flannel-ds", {
            image: "registry.k8s.io/networking/kube-network-policies:v1",
          }),
        ],
        status: "ok",
        says: "image registry.k8s.io/networking/kube-network-policies:v1",
      },
      {
        objects: [daemonSet("kube-flannel-ds"), daemonSet("kube-router")],
        status: "ok",
        says: "kube-router enforces",
      },
      {
        objects: [daemonSet("kube-router", { args: ["--run-firewall=false"] })],
        status: "problem",
        says: "--run-firewall=false",
      },
      {
        objects: [daemonSet("weave-net", { name: "weave-npc" })],
        status: "ok",
        says: "container weave-npc",
      },
      {
        objects: [daemonSet("weave-net", { name: "weave" })],
        status: "problem",
        says: "container weave-npc: not there",
      },
      {
        objects: [
          daemonSet("weave-net", { name: "weave-npc", env: [{ name: "EXPECT_NPC", value: "0" }] }),
        ],
        status: "problem",
        says: "EXPECT_NPC=0",
      },
      { objects: kindnet("v20240513-cd2ac642"), status: "problem", says: "kind 0.24 or newer" },
      { objects: kindnet("v20240813-c6f155d6"), status: "ok", says: "kindnet enforces" },
      { objects: kindnet("latest"), status: "unknown", says: "since kind 0.24" },
      {
        objects: [daemonSet("kindnet", { image: "ghcr.io/aojea/kindnetd:v1.8.0" })],
        status: "ok",
        says: "kindnet enforces",
      },
      {
        objects: [awsNode("true"), configMap("amazon-vpc-cni", {})],
        status: "ok",
        says: "--enable-network-policy=true",
      },
      { objects: [awsNode("false")], status: "problem", says: "enableNetworkPolicy" },
      {
        objects: [
          awsNode("true"),
          configMap("amazon-vpc-cni", { "enable-network-policy-controller": "false" }),
        ],
        status: "problem",
        says: "enable-network-policy-controller: false",
      },
      { objects: [daemonSet("aws-node")], status: "problem", says: "aws-eks-nodeagent: not there" },
      {
        objects: [awsNode("true"), node("f", { labels: { [EKS_COMPUTE]: "fargate" } })],
        status: "warning",
        says: "Node f: Fargate",
      },
      {
        objects: [node("a", { labels: { [EKS_COMPUTE]: "auto" } })],
        status: "problem",
        says: "EKS Auto Mode does not",
      },
      {
        objects: [
          node("a", { labels: { [EKS_COMPUTE]: "auto" } }),
          configMap("amazon-vpc-cni", { "enable-network-policy-controller": "true" }),
        ],
        status: "ok",
        says: "EKS Auto Mode enforces",
      },
      {
        objects: [
          daemonSet("terway-eniip"),
          configMap("eni-config", { disable_network_policy: "true" }),
        ],
        status: "problem",
        says: "disable_network_policy: true",
      },
      {
        objects: [daemonSet("terway")],
        status: "unknown",
        says: "disable_network_policy: not set",
      },
      { objects: [k3sServer()], status: "ok", says: "kubelet v1.31.2+k3s1" },
      {
        objects: [k3sServer("--disable-network-policy", "true")],
        status: "problem",
        says: "annotation k3s.io/node-args: --disable-network-policy",
      },
      {
        // Of Rancher Desktop on Windows: the server does not say that its controller left itself out.
        objects: [
          node(
            "logabn220408",
            { annotations: { "k3s.io/node-args": '["server","--https-listen-port","6443"]' } },
            "v1.27.3+k3s1",
            "5.15.90.1-microsoft-standard-WSL2",
          ),
        ],
        status: "unknown",
        says: "look for `Skipping network policy controller start` in the log of k3s",
      },
      {
        // Of Rancher Desktop on macOS and Linux.
        objects: [
          node(
            "lima-rancher-desktop",
            { annotations: { "k3s.io/node-args": '["server","--https-listen-port","6443"]' } },
            "v1.27.3+k3s1",
          ),
        ],
        status: "ok",
        says: "k3s, by the policy controller that is part of it, enforces policies",
      },
      {
        objects: [
          node("a", { annotations: { "k3s.io/node-args": '["agent"]' } }, "v1.31.2+k3s1"),
          node("b", {}, "v1.31.2+k3s1"),
        ],
        status: "unknown",
        says: "unless its servers run with --disable-network-policy",
      },
      {
        objects: [daemonSet("openshift-sdn/sdn")],
        status: "unknown",
        says: "in its mode NetworkPolicy alone",
      },
      {
        objects: [daemonSet("openshift-sdn/sdn")],
        status: "unknown",
        says: "pluginName: redhat/openshift-ovs-networkpolicy",
      },
      { objects: [daemonSet("storage/sdn")], status: "unknown", says: "no node agent" },
      {
        objects: [daemonSet("openshift-ovn-kubernetes/ovnkube-node")],
        status: "ok",
        says: "DaemonSet openshift-ovn-kubernetes/ovnkube-node: OVN-Kubernetes",
      },
      {
        objects: [k3sServer("--disable-network-policy"), daemonSet("calico-node")],
        status: "ok",
        says: "Calico enforces",
      },
      {
        objects: [node("g", {}, "v1.30.5-gke.1014001")],
        status: "problem",
        says: "or use Dataplane V2",
      },
      {
        objects: [node("m", { labels: { "minikube.k8s.io/name": "minikube" } })],
        status: "problem",
        says: "--cni calico",
      },
      {
        objects: [node("docker-desktop", {})],
        status: "problem",
        says: "try policies in kind, in k3s, or in minikube with Calico",
      },
      {
        objects: [daemonSet("kube-ovn-cni")],
        status: "ok",
        says: "unless Deployment kube-ovn-controller has --enable-np=false",
      },
      {
        objects: [daemonSet("calico-node", {}, { desiredNumberScheduled: 3, numberReady: 2 })],
        status: "warning",
        says: "DaemonSet kube-system/calico-node: ready on 2 of 3 nodes",
      },
      { objects: [daemonSet("node-exporter")], status: "unknown", says: "no node agent" },
    ])("$status: $says", async ({ objects, status, says }) => {
      const checks = await examine(objects);
      expect(checks[0]).toMatchObject({ check: "enforcement", status });
      expect(JSON.stringify(checks[0])).toContain(says);
    });
  });

  describe("the cache of NodeLocal DNSCache", () => {
    const cache = daemonSet("node-local-dns", {
      args: ["-localip", "169.254.20.10,10.96.0.10", "-conf", "/etc/Corefile"],
    });
    const web = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web", namespace: "shop" },
      spec: {},
    };
    const egress = (cidr: string): object => ({
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "web", namespace: "shop" },
      spec: {
        podSelector: {},
        policyTypes: ["Egress"],
        egress: [{ to: [{ ipBlock: { cidr } }] }],
      },
    });
    it.each([
      { cidr: "169.254.20.10/32", status: "ok" },
      { cidr: "10.0.0.0/8", status: "warning" },
    ])("egress to $cidr: $status", async ({ cidr, status }) => {
      const checks = await examine([cache, web, egress(cidr)]);
      expect(checks).toContainEqual(expect.objectContaining({ check: "node-local-dns", status }));
    });

    it("is not spoken of where there is none", async () => {
      const checks = await examine([web]);
      expect(checks.map(({ check }) => check)).not.toContain("node-local-dns");
    });
  });

  it("is content where nothing is wrong", async () => {
    const shop = ["--manifests", "examples/shop/cluster", "-n", "staging"];
    const result = await runCli(["doctor", ...shop]);
    expect(result).toMatchObject({ code: 0, stderr: "" });
  });

  it("names the policies there are", async () => {
    const result = await runCli(["doctor", "--manifests", AILING, "--policy", "shop/typpo"]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain("there is no policy `shop/typpo`; did you mean `shop/typo`?");
  });
});
