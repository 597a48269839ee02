import { z } from "zod";
import { familyOf } from "../engine/address.ts";
import type { Effort } from "../engine/effort.ts";
import {
  POLICY_KINDS,
  type Pod,
  type Policy,
  type Protocol,
  podKey,
  policyKey,
} from "../engine/model.ts";
import { hasPoint, portPoint } from "../engine/port-set.ts";
import type { Delta, EngineView, Flow, FlowEnd } from "../engine/query.ts";
import { counted } from "../rules/phrases.ts";
import { defineValidator, type Finding, type GovernedObject } from "../rules/rule.ts";
import { type ResolverEndpoint, resolverPort } from "../wire/endpoints.ts";
import { allowDns } from "./parts/allow-dns.ts";
import { baselineOf } from "./parts/baseline-of.ts";

/** PERF: a policy for the whole cluster is judged by this many of its pods. */
const MAX_PODS = 2000;

/** PERF: ways of pods to endpoints of the DNS that are looked at, of which there may be hundreds: some half a second. */
const MAX_WAYS = 500_000;

const PROTOCOLS: readonly Protocol[] = ["UDP", "TCP"];

/** Report policies whose pods cannot resolve names. */
export const dnsEgress = defineValidator({
  id: "dns-egress",
  title: "Selected pods cannot reach the cluster's DNS",
  why: "A pod that is isolated for egress resolves no names unless some policy allows it, so nearly everything it does fails. Answers that do not fit into UDP come over TCP, so both are needed.",
  fix: "Allow egress to the DNS pods on UDP and TCP 53, in this policy or in one for the whole namespace.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE", "DELETE"],
  shipped: { baseline: "Warn", restricted: "Deny" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ object, oldObject, delta, after, facts, effortUpTo }): readonly Finding[] {
    const governed = object ?? oldObject;
    if (governed?.kind !== "policy" || !mayCutOff(governed.policy, object !== null)) return [];
    const selected = after.select(governed.policy.subject, MAX_PODS);
    const pods = selected.sample.filter(({ hostNetwork, ended }) => !hostNetwork && !ended);
    if (pods.length === 0) return [];
    if (facts.dns.length === 0) return [unknownDns(pods.length)];
    if (object === null && !closesDns(delta, pods, facts.dns)) return [];
    const findings = judge(object, pods, { after, dns: facts.dns, effort: effortUpTo(MAX_WAYS) });
    // Who may do without the baseline may do without what it allows.
    return object === null && baselineOf(oldObject) !== null
      ? findings.map((finding) => ({ ...finding, waivedBy: "optout" }))
      : findings;
  },
});

/** PERF: for this many of the pods we look at which end denies, by protocol; the pods of a policy are mostly alike. */
const MAX_EXPLAINED = 5;

const PATH = "spec.egress";
const DNS_PODS =
  "allow egress to the DNS pods, in most clusters `k8s-app: kube-dns` in `kube-system`";

const FROM_THESE = "allow ingress to the DNS pods from the selected pods";

/**
 * Report whether the policy can be the reason that a pod is cut off: by restricting it or, when deleted, by no
 * longer allowing it.
 */
function mayCutOff({ egress }: Policy, stands: boolean): boolean {
  if (!stands) return egress.rules.some(({ action }) => action !== "Deny");
  return egress.isolates || egress.rules.some(({ action }) => action !== "Accept");
}

/** Report whether the change closes a flow on a port of the DNS. */
function closesDns(delta: Delta, pods: readonly Pod[], dns: readonly ResolverEndpoint[]): boolean {
  const points = dns.flatMap((endpoint) =>
    PROTOCOLS.flatMap((protocol) => {
      const port = resolverPort(endpoint, protocol);
      return port === null ? [] : [portPoint(protocol, port)];
    }),
  );
  // A resolver may be a process of a node.
  const namespaces = new Set(pods.map(({ namespace }) => namespace));
  const ofNodes = dns.some(({ end }) => end.kind === "address")
    ? Array.from(namespaces, (namespace) => delta.nodesLose(namespace, "egress"))
    : [];
  return [delta.closed, ...ofNodes]
    .flat()
    .some(({ ports }) => points.some((point) => hasPoint(ports, point)));
}

interface Asked {
  readonly after: EngineView;
  readonly dns: readonly ResolverEndpoint[];
  /** One for each way of a pod. */
  readonly effort: Effort;
}

function judge(
  object: GovernedObject | null,
  pods: readonly Pod[],
  { after, dns, effort }: Asked,
): readonly Finding[] {
  const asked = dns.map((endpoint) => ({ ...endpoint, end: askedEnd(endpoint, after) }));
  const isAtFault = object?.kind === "policy" ? decides(object.policy, after) : () => true;
  const cut = PROTOCOLS.map((protocol) => {
    const { denied, unknown } = cutOff(pods, protocol, { after, dns: asked, effort });
    return { protocol, unknown, denied: denied.filter(isAtFault) };
  });
  const denied = cut.filter((part) => part.denied.length > 0);
  const first = denied[0]?.denied[0];
  if (first !== undefined) {
    const count = Math.max(...denied.map((part) => part.denied.length));
    const who = cutOffText(first.pod, count, pods.length);
    const fix = object?.kind === "policy" ? allowDns(object, first.flow, after, dns) : null;
    const elsewhere = isDeniedThere(denied, after);
    return [
      {
        path: PATH,
        message: `${who} reach the cluster's DNS on ${portsText(dns, denied)}${elsewhere ? ": policies there do not let them in" : ""}`,
        help: `${elsewhere ? FROM_THESE : DNS_PODS}, on ${portsText(dns, cut)}`,
        ...(fix === null ? {} : { fix }),
      },
    ];
  }
  if (cut.every((part) => part.unknown === 0)) return [];
  return [
    {
      path: PATH,
      message: "whether the selected pods can reach the cluster's DNS cannot be told",
      help: `${DNS_PODS}, on ${portsText(dns, cut)}`,
      unsure: true,
    },
  ];
}

/** Where names are asked for: a pod of two families at its address of the one that the DNS Service has. */
function askedEnd({ end, family }: ResolverEndpoint, after: EngineView): FlowEnd {
  const pod = end.kind === "pod" ? after.pod(end.key) : undefined;
  // PERF: the engine is quicker with two pods. On the host's network the address is the node's.
  const hasTwo = pod !== undefined && pod.addresses.length > 1 && !pod.hostNetwork;
  const address = hasTwo ? pod.addresses.find((one) => familyOf(one) === family) : undefined;
  return address === undefined ? end : { kind: "address", address };
}

/** Report whether the DNS lets none of the pods in that policies let out, as far as is looked. */
function isDeniedThere(
  parts: readonly { readonly denied: readonly CutOff[] }[],
  after: EngineView,
): boolean {
  return parts
    .flatMap(({ denied }) => denied.slice(0, MAX_EXPLAINED))
    .every(({ flow }) => after.explain(flow).egress.verdict === "allowed");
}

/**
 * A NetworkPolicy isolates all the pods that it selects. A policy of another tier is for many whom others cut off, on
 * purpose even: Ringfence's own pods ask no DNS.
 */
function decides(policy: Policy, after: EngineView): (cut: CutOff) => boolean {
  if (policy.tier === "NetworkPolicy") return () => true;
  const key = policyKey(policy);
  return ({ flow }) => {
    const { egress, ingress } = after.explain(flow);
    return [...egress.steps, ...ingress.steps]
      .filter((step) => policyKey(step.policy) === key)
      .some(({ rules }) => rules.some(({ outcome, reached }) => outcome === "matches" && reached));
  };
}

/** A pod that is cut off, and one way to the DNS that it does not have. */
interface CutOff {
  readonly pod: Pod;
  readonly flow: Flow;
}

/** Pods that are denied any endpoint of the DNS: a Service spreads queries over all of them. */
function cutOff(
  pods: readonly Pod[],
  protocol: Protocol,
  { after, dns, effort }: Asked,
): { readonly denied: readonly CutOff[]; readonly unknown: number } {
  const denied: CutOff[] = [];
  let unknown = 0;
  for (const pod of pods) {
    if (!effort.take(dns.length)) break;
    const flow = worstFlow(after, pod, dns, protocol);
    if (flow === "unknown") unknown += 1;
    else if (flow !== null) denied.push({ pod, flow });
  }
  return { denied, unknown };
}

/** A flow that is denied, else whether one is unknown, else null. */
function worstFlow(
  after: EngineView,
  pod: Pod,
  dns: readonly ResolverEndpoint[],
  protocol: Protocol,
): Flow | "unknown" | null {
  const from = { kind: "pod", key: podKey(pod) } as const;
  let worst: "unknown" | null = null;
  for (const endpoint of dns) {
    const port = resolverPort(endpoint, protocol);
    if (port === null) continue;
    const flow = { from, to: endpoint.end, protocol, port };
    const verdict = after.verdict(flow);
    if (verdict === "denied") return flow;
    if (verdict === "unknown") worst = verdict;
  }
  return worst;
}

function cutOffText(example: Pod, count: number, of: number): string {
  const name = `\`${podKey(example)}\``;
  if (of === 1) return `the selected pod ${name} cannot`;
  if (count === of) return `none of ${of} selected pods can`;
  return `${count} of ${of} selected pods, such as ${name}, cannot`;
}

/** `UDP 53 and TCP 53`, of the protocols that the DNS listens on at all. */
function portsText(
  dns: readonly ResolverEndpoint[],
  parts: readonly { readonly protocol: Protocol }[],
): string {
  return parts
    .flatMap(({ protocol }) => {
      const ports = new Set(dns.flatMap((endpoint) => resolverPort(endpoint, protocol) ?? []));
      return ports.size === 0 ? [] : [`${protocol} ${[...ports].join("/")}`];
    })
    .join(" and ");
}

function unknownDns(pods: number): Finding {
  return {
    path: PATH,
    message: `it is not known where the cluster's DNS is, so whether ${counted(pods, "selected pod")} can reach it was not checked`,
    help: `${DNS_PODS}, on UDP 53 and TCP 53`,
    unsure: true,
  };
}
