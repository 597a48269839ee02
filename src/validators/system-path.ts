import { z } from "zod";
import { POLICY_KINDS, type Pod, podKey, type Selection } from "../engine/model.ts";
import { hasPoint, portPoint } from "../engine/port-set.ts";
import type { EngineView, Flow, FlowEnd, FlowGroup, Group, Verdict } from "../engine/query.ts";
import { type ClusterFacts, defineValidator, type Finding } from "../rules/rule.ts";
import { resolverPort } from "../wire/endpoints.ts";
import { portNumberSchema } from "../wire/policy-port.ts";
import { hasAddresses } from "./parts/has-addresses.ts";
import { mayHold, mayHoldEnd } from "./parts/may-hold.ts";

/** PERF: how many pods of each end are asked about, and only for paths that the change touches. */
const MAX_PODS = 20;
/** PERF: how many workloads are asked about that the change may cut off from the DNS. */
const MAX_CLIENTS = 5;

const podsSchema = z.strictObject({
  namespace: z.string(),
  labels: z.record(z.string(), z.string()).default({}),
});

const pathSchema = z.strictObject({
  name: z.string(),
  to: podsSchema,
  ports: z.array(portNumberSchema).min(1),
  from: podsSchema.exactOptional(),
});

const parameters = z.strictObject({
  paths: z
    .array(pathSchema)
    .default([
      {
        name: "the metrics API",
        to: { namespace: "kube-system", labels: { "k8s-app": "metrics-server" } },
        ports: [10_250, 4443],
      },
      {
        name: "cert-manager's webhook",
        to: { namespace: "cert-manager", labels: { "app.kubernetes.io/name": "webhook" } },
        ports: [10_250],
      },
      {
        name: "ingress-nginx's webhook",
        to: {
          namespace: "ingress-nginx",
          labels: { "app.kubernetes.io/component": "controller" },
        },
        ports: [8443],
      },
    ])
    .describe(
      "ways that have to stay open beside those to the DNS, each with a `name`; `to` pods of a `namespace` with `labels`, on one of the TCP `ports`; `from` such pods or, without it, the API server",
    ),
});

type Path = z.output<typeof pathSchema>;

/** Report changes that cut what the cluster itself needs: DNS, webhooks, metrics. */
export const systemPath = defineValidator({
  id: "system-path",
  title: "The change cuts a path that the cluster needs",
  why: "The API server calls webhooks and aggregated APIs in pods, and everybody asks the DNS. A default-deny in their namespace, or a policy for the whole cluster, cuts them off, and what breaks is far from what was changed: no pod starts, no certificate is renewed, nothing is scaled.",
  fix: "Allow ingress to those pods on their port: from the API server's addresses, or from all pods.",
  kinds: [...POLICY_KINDS, "Namespace"],
  operations: ["CREATE", "UPDATE", "DELETE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ object, oldObject, delta, after, facts, parameters: { paths } }): readonly Finding[] {
    // Nobody runs yet in a namespace that is only now created, though files may have its pods.
    if (object?.kind === "namespace" && oldObject === null) return [];
    const touched = [...delta.closed, ...delta.unsure];
    // The API server may be a process of a node.
    const byNodes = ({ from, to }: Path): readonly FlowGroup[] =>
      from === undefined ? delta.nodesLose(to.namespace, "ingress") : [];
    return [
      ...dnsFindings(touched, after, facts),
      ...paths.flatMap((path) => pathFindings(path, [...touched, ...byNodes(path)], after, facts)),
    ];
  },
});

/**
 * DNS pods that no longer let in some of their clients; clients cut off by their own egress are another rule's
 * finding.
 */
function dnsFindings(
  touched: readonly FlowGroup[],
  after: EngineView,
  { dns }: ClusterFacts,
): readonly Finding[] {
  for (const protocol of ["UDP", "TCP"] as const) {
    for (const endpoint of dns) {
      const { end } = endpoint;
      const port = resolverPort(endpoint, protocol);
      const server = end.kind === "pod" ? after.pod(end.key) : undefined;
      if (server === undefined || port === null) continue;
      const point = portPoint(protocol, port);
      const lost = touched.filter(({ to, ports }) => mayHold(to, server) && hasPoint(ports, point));
      for (const { from } of lost) {
        const cut = clientCutOff(from, after, { to: end, protocol, port });
        if (cut === undefined) continue;
        return [
          {
            path: "",
            message: `cuts pods such as \`${podKey(cut)}\` off from the cluster's DNS at \`${podKey(server)}\`${protocol === "TCP" ? " over TCP" : ""}`,
            help: `allow ingress to the DNS pods from all pods on UDP and TCP ${port}`,
          },
        ];
      }
    }
  }
  return [];
}

/** One of the pods, as far as is looked, that the other end does not let in. */
function clientCutOff(
  { endpoints }: Group,
  after: EngineView,
  way: Pick<Flow, "to" | "protocol" | "port">,
): Pod | undefined {
  return endpoints
    .flatMap((one) => (one.kind === "workload" ? [one.sample] : []))
    .slice(0, MAX_CLIENTS)
    .find((client) => {
      const from = { kind: "pod", key: podKey(client) } as const;
      return after.explain({ ...way, from }).ingress.verdict === "denied";
    });
}

function pathFindings(
  path: Path,
  touched: readonly FlowGroup[],
  after: EngineView,
  facts: ClusterFacts,
): readonly Finding[] {
  const { name, to, ports } = path;
  const flows = touched.filter((one) => reaches(one, to.namespace, ports));
  if (flows.length === 0) return [];
  const targets = after.select(selectionOf(to), MAX_PODS).sample.filter((pod) => !pod.hostNetwork);
  const sources = sourcesOf(path, after, facts);
  const whose = path.from === undefined ? "the API server" : `pods of \`${path.from.namespace}\``;
  const help = `allow ingress to those pods from ${whose} on TCP ${ports.join(" or ")}`;
  if (sources === null) {
    const mayBeCut = targets.some((pod) =>
      flows.some(({ from, to: those }) => mayHold(those, pod) && hasAddresses(from)),
    );
    if (!mayBeCut) return [];
    const message = `may cut the API server off from ${name}: where it calls from is not known`;
    return [{ path: "", message, help, unsure: true }];
  }
  // What was denied before is not cut off now.
  const verdicts = targets.flatMap((pod) => {
    const lost = flows.filter((one) => mayHold(one.to, pod));
    return sources
      .filter((source) => lost.some(({ from }) => mayHoldEnd(from, source, after)))
      .map((from) => best(after, ports, { from, to: { kind: "pod", key: podKey(pod) } }));
  });
  if (verdicts.includes("denied")) {
    return [
      { path: "", message: `cuts ${whose} off from ${name} (TCP ${ports.join(" or ")})`, help },
    ];
  }
  if (!verdicts.includes("unknown")) return [];
  const message = `may cut ${whose} off from ${name}: the network's implementation decides`;
  return [{ path: "", message, help, unsure: true }];
}

/** Null: where the API server calls from is not known. */
function sourcesOf(
  { from }: Path,
  after: EngineView,
  { apiServer }: ClusterFacts,
): readonly FlowEnd[] | null {
  if (from === undefined) {
    return apiServer.length === 0
      ? null
      : apiServer.map((address) => ({ kind: "address", address }));
  }
  const { sample } = after.select(selectionOf(from), MAX_PODS);
  return sample.map((pod) => ({ kind: "pod", key: podKey(pod) }));
}

function selectionOf({ namespace, labels }: z.output<typeof podsSchema>): Selection {
  const pods = Object.entries(labels).map(([key, value]) => {
    return { key, operator: "In" as const, values: [value] };
  });
  return { namespaces: { kind: "name", name: namespace }, pods };
}

function reaches({ to, ports }: FlowGroup, namespace: string, wanted: readonly number[]): boolean {
  return (
    to.namespaces.includes(namespace) &&
    wanted.some((port) => hasPoint(ports, portPoint("TCP", port)))
  );
}

/** One open port is enough: the others are those of other versions. */
function best(
  after: EngineView,
  ports: readonly number[],
  ends: Pick<Flow, "from" | "to">,
): Verdict {
  const verdicts = ports.map((port) => after.verdict({ ...ends, protocol: "TCP", port }));
  if (verdicts.includes("allowed")) return "allowed";
  return verdicts.includes("unknown") ? "unknown" : "denied";
}
