import { AgentSettings } from "../../cluster/agent-settings.ts";
import { formatAddress, parseAddress } from "../../engine/address.ts";
import { type Address, type Pod, type Protocol, podKey } from "../../engine/model.ts";
import { counted } from "../../rules/phrases.ts";
import { type ResolverEndpoint, resolverPort } from "../../wire/endpoints.ts";
import { labelOf, workloadLabel } from "../references.ts";
import { resolversOf } from "../sources/resolvers.ts";
import type { World } from "../sources/world.ts";
import { concerns, type Diagnosis, fine, type Patient } from "./examination.ts";

/** Whether pods reach a resolver over UDP and TCP, at the port it really listens on. */
export function examineDns(patient: Patient): Diagnosis {
  const { world } = patient;
  const check = "dns";
  const resolvers = resolversOf(world);
  if (resolvers.length === 0) {
    const message = "it is not known where the cluster's DNS is";
    const help = "it is looked for as Service kube-system/kube-dns";
    return { check, status: "unknown", message, evidence: [], help };
  }
  const where = [...new Set(resolvers.map((resolver) => `resolver ${describe(resolver, world)}`))];
  const pods = clientsIn(patient);
  const cut = cutOff(patient, pods, resolvers);
  if (cut.length > 0) {
    return {
      check,
      status: "problem",
      message: `${workloadsIn(cut)} cannot resolve names`,
      evidence: [
        ...where,
        ...cut.map(({ label, protocol }) => `${label}: no resolver over ${protocol}`),
      ],
      help: "allow egress to the DNS pods at that port over UDP and TCP; and ingress there, if they are isolated",
    };
  }
  return fine(check, `${counted(pods.length, "pod")} can resolve names over UDP and TCP`, where);
}

/** The node's own resolver, where NodeLocal DNSCache runs: nothing where it does not. */
export function examineNodeLocalDns(patient: Patient): readonly Diagnosis[] {
  const check = "node-local-dns";
  const { name, addresses } = nodeLocalDns(patient.world);
  if (name === null) return [];
  const resolvers = addresses.map((address) => {
    return { end: { kind: "address", address } as const, family: null, udpPort: 53, tcpPort: 53 };
  });
  const where = addresses.map(formatAddress).join(", ");
  const evidence = [`DaemonSet ${name}: answers at ${where}`];
  const pods = clientsIn(patient);
  const cut = cutOff(patient, pods, resolvers);
  if (cut.length === 0) {
    return [fine(check, "policies let pods reach the cache of their node", evidence)];
  }
  return [
    {
      check,
      status: "warning",
      message: `no policy lets ${workloadsIn(cut)} reach the cache of their node; some plugins then cut names off`,
      evidence: [
        ...evidence,
        ...cut.map(({ label, protocol }) => `${label}: not over ${protocol}`),
      ],
      help: `allow egress to ${where} on UDP and TCP 53, beside the DNS pods`,
    },
  ];
}

/** Kubernetes, "Using NodeLocal DNSCache": the agents listen where `-localip` says. */
function nodeLocalDns({ raw }: World): {
  readonly name: string | null;
  readonly addresses: readonly Address[];
} {
  const found = [...raw].find(([key]) => /^DaemonSet\/[^/]+\/node-local-dns$/.test(key));
  if (found === undefined) return { name: null, addresses: [] };
  const [key, daemonSet] = found;
  const listed = new AgentSettings(daemonSet, "", undefined).flag("-localip") ?? "169.254.20.10";
  const [first] = listed.split(",").flatMap((text) => parseAddress(text.trim()) ?? []);
  return {
    name: key.slice("DaemonSet/".length),
    // The others are addresses of the DNS Service, which pods reach as such.
    addresses: first === undefined ? [] : [first],
  };
}

/** Pods in question that policies have a say about. */
function clientsIn(patient: Patient): readonly Pod[] {
  return [...patient.world.pods.values()].filter(
    (pod) => !pod.hostNetwork && concerns(patient, pod.namespace),
  );
}

const PROTOCOLS = ["UDP", "TCP"] as const;

interface CutOff {
  readonly label: string;
  readonly protocol: Protocol;
}

/** Workloads with a pod that certainly reaches no resolver, for each protocol. */
function cutOff(
  { world }: Patient,
  pods: readonly Pod[],
  resolvers: readonly ResolverEndpoint[],
): readonly CutOff[] {
  return PROTOCOLS.flatMap((protocol) => {
    const targets = resolvers.flatMap((resolver) => {
      const port = resolverPort(resolver, protocol);
      return port === null ? [] : [{ to: resolver.end, protocol, port }];
    });
    const without = pods.filter((pod) => {
      const from = { kind: "pod", key: podKey(pod) } as const;
      return targets.every((target) => world.engine.verdict({ from, ...target }) === "denied");
    });
    const labels = targets.length === 0 ? [] : new Set(without.map(workloadLabel));
    return Array.from(labels, (label) => ({ label, protocol }));
  });
}

function workloadsIn(cut: readonly CutOff[]): string {
  return counted(new Set(cut.map(({ label }) => label)).size, "workload");
}

function describe({ end, udpPort, tcpPort }: ResolverEndpoint, { pods }: World): string {
  const pod = end.kind === "pod" ? pods.get(end.key) : undefined;
  const name = end.kind === "pod" ? end.key : formatAddress(end.address);
  const label = pod === undefined ? name : labelOf(pod);
  return `${label}: UDP ${udpPort ?? "none"}, TCP ${tcpPort ?? "none"}`;
}
