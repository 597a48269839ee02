import type { DataplaneName } from "../engine/dataplane.ts";
import { textAt } from "../wire/shape.ts";
import { AgentSettings } from "./agent-settings.ts";

/** What is known of something that may enforce policies. */
export interface Enforcer {
  readonly plugin: string;
  readonly enforces: "yes" | "no" | "unknown";
  readonly evidence: readonly string[];
  /** What to do where it does not, or how to find out. */
  readonly help: string;
}

type Finding = Pick<Enforcer, "enforces"> & Partial<Omit<Enforcer, "enforces">>;

interface Agent {
  readonly plugin: string;
  /** For one that answers otherwise than `generic` where the API leaves it open. */
  readonly dataplane?: DataplaneName;
  /** Where its DaemonSet is, for one whose name says too little. */
  readonly namespace?: string;
  /** Name of its ConfigMap, in its own namespace. */
  readonly configMap?: string;
  judge(settings: AgentSettings): Finding;
}

const always = (): Finding => ({ enforces: "yes" });

const CALICO: Agent = { plugin: "Calico", dataplane: "calico", judge: always };
const CANAL: Agent = { ...CALICO, plugin: "Canal, Flannel with Calico's policies" };
const CILIUM: Agent = {
  plugin: "Cilium",
  dataplane: "cilium",
  configMap: "cilium-config",
  judge: judgeCilium,
};
const FLANNEL: Agent = {
  plugin: "Flannel",
  // Its chart may put the policies of kubernetes-sigs/kube-network-policies beside it.
  judge: (settings) =>
    settings.image("/kube-network-policies") === ""
      ? { enforces: "no", help: "install a plugin that does, or Calico's policies beside Flannel" }
      : { enforces: "yes", evidence: [`image ${settings.image("/kube-network-policies")}`] },
};

/** Node agents of network plugins, by the names that their projects' own manifests give the DaemonSets. */
const AGENTS: ReadonlyMap<string, Agent> = new Map<string, Agent>([
  ["calico-node", CALICO],
  ["canal", CANAL],
  ["rke2-canal", CANAL],
  ["kube-flannel-ds", FLANNEL],
  ["kube-flannel", FLANNEL],
  ["cilium", CILIUM],
  ["anetd", { ...CILIUM, plugin: "GKE Dataplane V2 (Cilium)" }],
  ["antrea-agent", { plugin: "Antrea", dataplane: "antrea", judge: always }],
  [
    "kube-ovn-cni",
    {
      plugin: "Kube-OVN",
      // Kube-OVN "Installation configurations": `enable-np`, on unless set; its controller is no DaemonSet.
      judge: () => ({
        enforces: "yes",
        evidence: ["unless Deployment kube-ovn-controller has --enable-np=false"],
      }),
    },
  ],
  ["ovnkube-node", { plugin: "OVN-Kubernetes", judge: always }],
  [
    "sdn",
    {
      plugin: "OpenShift SDN, which enforces policies in its mode NetworkPolicy alone",
      namespace: "openshift-sdn",
      // Modes Multitenant and Subnet do not, and neither the DaemonSet nor its ConfigMap says which it is.
      judge: () => ({
        enforces: "unknown",
        help: "`kubectl get clusternetworks.network.openshift.io default -o yaml` says `pluginName: redhat/openshift-ovs-networkpolicy` where it does",
      }),
    },
  ],
  ["kube-network-policies", { plugin: "kube-network-policies", judge: always }],
  ["azure-npm", { plugin: "Azure Network Policy Manager", judge: always }],
  ["kube-router", { plugin: "kube-router", judge: judgeKubeRouter }],
  ["weave-net", { plugin: "Weave Net", judge: judgeWeave }],
  ["kindnet", { plugin: "kindnet", judge: judgeKindnet }],
  ["aws-node", { plugin: "the AWS VPC CNI", configMap: "amazon-vpc-cni", judge: judgeAws }],
  ["terway", { plugin: "Terway", configMap: "eni-config", judge: judgeTerway }],
  ["terway-eniip", { plugin: "Terway", configMap: "eni-config", judge: judgeTerway }],
  [
    "azure-cns",
    {
      plugin: "Azure CNI alone",
      judge: () => ({ enforces: "no", help: "choose a network policy engine for the cluster" }),
    },
  ],
  [
    "vcn-native-ip-cni",
    {
      plugin: "OCI VCN-Native Pod Networking",
      judge: () => ({ enforces: "no", help: "install Calico's policies beside it" }),
    },
  ],
]);

/** The dataplane that an agent's DaemonSet of that name is of; undefined where that is none of those told apart. */
export function dataplaneOf(name: string): DataplaneName | undefined {
  return AGENTS.get(name)?.dataplane;
}

function agentOf(daemonSet: unknown): Agent | undefined {
  const agent = AGENTS.get(textAt(daemonSet, "metadata", "name"));
  const namespace = textAt(daemonSet, "metadata", "namespace");
  return (agent?.namespace ?? namespace) === namespace ? agent : undefined;
}

/** The ConfigMap that a node agent is set up by, as `namespace/name`; null for what is none, or has none. */
export function configMapOf(daemonSet: unknown): string | null {
  const { configMap } = agentOf(daemonSet) ?? {};
  return configMap === undefined
    ? null
    : `${textAt(daemonSet, "metadata", "namespace")}/${configMap}`;
}

/** What a DaemonSet does about policies; null where it is no network plugin that is known. */
export function enforcerOf(
  daemonSet: unknown,
  dataOf: (configMap: string) => unknown,
): Enforcer | null {
  const agent = agentOf(daemonSet);
  if (agent === undefined) return null;
  const configMap = configMapOf(daemonSet) ?? "";
  const settings = new AgentSettings(daemonSet, configMap, dataOf(configMap));
  const { evidence = [], ...found } = agent.judge(settings);
  const sign = `DaemonSet ${settings.name}: ${agent.plugin}`;
  return { plugin: agent.plugin, help: "", ...found, evidence: [sign, ...evidence] };
}

/** Cilium reference, "cilium-agent": `enable-policy`, `enable-k8s-networkpolicy`. */
function judgeCilium(settings: AgentSettings): Finding {
  const evidence = ["enable-policy", "enable-k8s-networkpolicy"]
    .filter((key) => settings.setting(key) !== null)
    .map((key) => settings.show(key));
  if (settings.setting("enable-policy") === "never") {
    return { enforces: "no", evidence, help: "set `enable-policy` to `default`" };
  }
  if (settings.setting("enable-k8s-networkpolicy") === "false") {
    return { enforces: "no", evidence, help: "set `enable-k8s-networkpolicy` to `true`" };
  }
  return { enforces: "yes", evidence };
}

/** kube-router user guide: `--run-firewall`, on unless set. */
function judgeKubeRouter(settings: AgentSettings): Finding {
  const value = settings.flag("--run-firewall");
  return value === "false"
    ? {
        enforces: "no",
        evidence: ["--run-firewall=false"],
        help: "run kube-router with --run-firewall=true",
      }
    : { enforces: "yes", evidence: value === null ? [] : [`--run-firewall=${value}`] };
}

/** Weave Net, "Integrating Kubernetes": weave-npc is the controller of policies, and `EXPECT_NPC=0` is without. */
function judgeWeave(settings: AgentSettings): Finding {
  const help = "run Weave Net with its container weave-npc";
  if (!settings.has("weave-npc")) {
    return { enforces: "no", evidence: ["container weave-npc: not there"], help };
  }
  return settings.variable("EXPECT_NPC") === "0"
    ? { enforces: "no", evidence: ["EXPECT_NPC=0"], help }
    : { enforces: "yes", evidence: ["container weave-npc"] };
}

/** kind 0.24 brought policies with the images from this day on (kubernetes-sigs/kind#3612, #3698). */
const KINDNET_SINCE = 20_240_730;
/** Those of aojea/kindnet have versions: since 1.3. */
const KINDNET_VERSION_SINCE = [1, 3] as const;

function judgeKindnet(settings: AgentSettings): Finding {
  const image = settings.image("/kindnetd");
  const evidence = image === "" ? [] : [`image ${image}`];
  const { day, major, minor } =
    /:v(?:(?<day>\d{8})-|(?<major>\d+)\.(?<minor>\d+)\.)/.exec(image)?.groups ?? {};
  if (day === undefined && major === undefined) {
    return {
      enforces: "unknown",
      evidence,
      plugin: "kindnet, which enforces policies since kind 0.24",
    };
  }
  const [since, sinceMinor] = KINDNET_VERSION_SINCE;
  const isNew =
    day === undefined
      ? Number(major) > since || (Number(major) === since && Number(minor) >= sinceMinor)
      : Number(day) >= KINDNET_SINCE;
  return isNew
    ? { enforces: "yes", evidence }
    : { enforces: "no", evidence, help: "make the cluster with kind 0.24 or newer" };
}

/**
 * EKS user guide, "Limit Pod traffic with Kubernetes network policies": off by default, both the agent
 * on the nodes and the controller that works for it.
 */
function judgeAws(settings: AgentSettings): Finding {
  const flag = settings.flag("--enable-network-policy");
  const key = "enable-network-policy-controller";
  const help = 'set `enableNetworkPolicy: "true"` in the configuration of the add-on vpc-cni';
  if (flag === null) {
    const evidence = ["container aws-eks-nodeagent: not there, or without --enable-network-policy"];
    return { enforces: "no", evidence, help };
  }
  const evidence = [
    `--enable-network-policy=${flag}`,
    ...(settings.setting(key) === null ? [] : [settings.show(key)]),
  ];
  const isOn = flag === "true" && settings.setting(key) !== "false";
  return isOn ? { enforces: "yes", evidence } : { enforces: "no", evidence, help };
}

/** Alibaba ACK, "Use network policies": `disable_network_policy`, whose default has changed over time. */
function judgeTerway(settings: AgentSettings): Finding {
  const key = "disable_network_policy";
  const evidence = [settings.show(key)];
  const value = settings.setting(key);
  if (value === "true") return { enforces: "no", evidence, help: `set \`${key}\` to \`false\`` };
  return { enforces: value === "false" ? "yes" : "unknown", evidence };
}
