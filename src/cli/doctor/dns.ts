import { formatAddress } from "../../engine/address.ts";
import { type Pod, type Protocol, podKey } from "../../engine/model.ts";
import type { DnsEndpoint } from "../../rules/rule.ts";
import { labelOf, workloadLabel } from "../references.ts";
import { count } from "../render/text.ts";
import { resolversOf } from "../sources/resolvers.ts";
import type { World } from "../sources/world.ts";
import { concerns, type Diagnosis, type Patient } from "./examination.ts";

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
  const pods = [...world.pods.values()].filter(
    (pod) => !pod.hostNetwork && concerns(patient, pod.namespace),
  );
  const cut = PROTOCOLS.flatMap((protocol) => cutOff(patient, pods, resolvers, protocol));
  if (cut.length > 0) {
    return {
      check,
      status: "problem",
      message: `${count(new Set(cut.map(({ label }) => label)).size, "workload")} cannot resolve names`,
      evidence: [
        ...where,
        ...cut.map(({ label, protocol }) => `${label}: no resolver over ${protocol}`),
      ],
      help: "allow egress to the DNS pods at that port over UDP and TCP; and ingress there, if they are isolated",
    };
  }
  const message = `${count(pods.length, "pod")} can resolve names over UDP and TCP`;
  return { check, status: "ok", message, evidence: where, help: "" };
}

const PROTOCOLS = ["UDP", "TCP"] as const;

interface CutOff {
  readonly label: string;
  readonly protocol: Protocol;
}

/** Workloads of which a pod surely reaches no resolver. */
function cutOff(
  { world }: Patient,
  pods: readonly Pod[],
  resolvers: readonly DnsEndpoint[],
  protocol: "UDP" | "TCP",
): readonly CutOff[] {
  const targets = resolvers.flatMap(({ end, udpPort, tcpPort }) => {
    const port = protocol === "UDP" ? udpPort : tcpPort;
    return port === null ? [] : [{ end, port }];
  });
  const without = pods.filter((pod) => {
    const from = { kind: "pod", key: podKey(pod) } as const;
    return targets.every(
      ({ end, port }) => world.engine.verdict({ from, to: end, protocol, port }) === "denied",
    );
  });
  const labels = targets.length === 0 ? [] : new Set(without.map(workloadLabel));
  return Array.from(labels, (label) => ({ label, protocol }));
}

function describe({ end, udpPort, tcpPort }: DnsEndpoint, { pods }: World): string {
  const pod = end.kind === "pod" ? pods.get(end.key) : undefined;
  const name = end.kind === "pod" ? end.key : formatAddress(end.address);
  const label = pod === undefined ? name : labelOf(pod);
  return `${label}: UDP ${udpPort ?? "none"}, TCP ${tcpPort ?? "none"}`;
}
