import { formatRange } from "../../engine/address.ts";
import { NAME_LABEL, policyKey } from "../../engine/model.ts";
import type { EngineView, Flow } from "../../engine/query.ts";
import { addAt, appendTo } from "../../rules/json-patch.ts";
import type { Fix, GovernedPolicy } from "../../rules/rule.ts";
import type { ResolverEndpoint } from "../../wire/endpoints.ts";
import { field } from "../../wire/shape.ts";

/** Labels that tell the DNS pods from others, the most telling first. */
const TELLING = [
  "k8s-app",
  "dns.operator.openshift.io/daemonset-dns",
  "app.kubernetes.io/name",
  "app",
];

/**
 * A fix that lets the pods of a policy reach the DNS although `flow` is denied. Null if no rule of the policy
 * could: another tier or the far end denies, or nothing tells the DNS pods from others.
 *
 * - Where a rule of the policy allows the same by UDP, it gets TCP too.
 * - Else the policy gets a rule for the DNS pods.
 */
export function allowDns(
  { manifest, policy }: GovernedPolicy,
  flow: Flow,
  after: EngineView,
  dns: readonly ResolverEndpoint[],
): Fix | null {
  const { egress, ingress } = after.explain(flow);
  const isOurs = policy.kind === "NetworkPolicy" && ingress.verdict === "allowed";
  if (!isOurs || egress.causes.some(({ code }) => code !== "no-rule-matches")) return null;
  const { port, protocol } = flow;
  const byUdp = after.explain({ ...flow, protocol: "UDP" }).egress;
  const rule = byUdp.verdict === "allowed" ? byUdp.causes[0] : undefined;
  const entry = { protocol, port };
  if (rule?.policy === policyKey(policy) && rule.path !== null) {
    return {
      title: `allow ${protocol} ${port} beside UDP`,
      patch: [appendTo(`${rule.path}.ports`, entry)],
    };
  }
  const to = dns.map((endpoint) => peerFor(endpoint, after));
  if (!to.every((peer) => peer !== null)) return null;
  const ports = dns.flatMap(({ udpPort, tcpPort }) => [
    ...(udpPort === null ? [] : [{ protocol: "UDP", port: udpPort }]),
    ...(tcpPort === null ? [] : [{ protocol: "TCP", port: tcpPort }]),
  ]);
  const added = { to: distinct(to), ports: distinct(ports) };
  const rules = field(manifest, "spec", "egress");
  return {
    title: "add an egress rule for the DNS pods",
    patch: [rules == null ? addAt("spec.egress", [added]) : appendTo("spec.egress", added)],
  };
}

/** How a policy names a DNS endpoint; null if it cannot. */
function peerFor({ end }: ResolverEndpoint, after: EngineView): object | null {
  if (end.kind === "address") {
    return { ipBlock: { cidr: formatRange({ first: end.address, last: end.address }) } };
  }
  const pod = after.pod(end.key);
  const key = TELLING.find((candidate) => pod?.labels.has(candidate) === true);
  if (pod === undefined || key === undefined) return null;
  return {
    namespaceSelector: { matchLabels: { [NAME_LABEL]: pod.namespace } },
    podSelector: { matchLabels: { [key]: pod.labels.get(key) } },
  };
}

function distinct<T>(items: readonly T[]): readonly T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
