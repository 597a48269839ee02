import { z } from "zod";
import { parseAddress } from "../../src/engine/address.ts";
import { DATAPLANES } from "../../src/engine/dataplane.ts";
import { MatchingEngine } from "../../src/engine/matching-engine.ts";
import type { Flow, FlowEnd } from "../../src/engine/query.ts";
import { upsert } from "../support/dsl.ts";

const labelsSchema = z.record(z.string(), z.string());
const protocolSchema = z.enum(["TCP", "UDP", "SCTP"]);

const probeSchema = z.object({
  from: z.string(),
  to: z.string(),
  port: z.int(),
  protocol: protocolSchema,
  expected: z.boolean(),
  expectedIngress: z.boolean().optional(),
  expectedEgress: z.boolean().optional(),
  loopback: z.boolean().default(false),
});

const podSchema = z.object({
  namespace: z.string(),
  name: z.string(),
  labels: labelsSchema,
  ip: z.string(),
  containerPorts: z.array(
    z.object({ containerPort: z.int(), protocol: protocolSchema, name: z.string().optional() }),
  ),
  hostNetwork: z.boolean().default(false),
  node: z.string().optional(),
});

/** A small cluster, and the connections that are to be allowed in it. */
const probeCaseSchema = z.object({
  id: z.string(),
  namespaces: z.array(z.object({ name: z.string(), labels: labelsSchema })),
  pods: z.array(podSchema),
  nodes: z.array(z.object({ name: z.string(), ip: z.string(), labels: labelsSchema })).default([]),
  policies: z.array(z.unknown()),
  probes: z.array(probeSchema),
});

export const probeCasesSchema = z.union([
  z.array(probeCaseSchema),
  z.object({ cases: z.array(probeCaseSchema) }).transform(({ cases }) => cases),
]);

type ProbeCase = z.output<typeof probeCaseSchema>;
type Probe = z.output<typeof probeSchema>;

/**
 * What these sources assume: selectors do not match hostNetwork pods, `nodes` peers and CIDRs match them by
 * their node's address, and CIDRs match pods. Our Calico dataplane does the same.
 */
const DATAPLANE = DATAPLANES.calico;

/** The case's cluster, read from Kubernetes objects as any other. */
function engineOf(one: ProbeCase): MatchingEngine {
  const engine = new MatchingEngine({ dataplane: DATAPLANE });
  for (const object of objectsOf(one)) engine.apply(upsert(object));
  return engine;
}

/** The relevant probes, as lines of what is expected and of what the engine says. */
export function answersTo(one: ProbeCase): {
  readonly expected: readonly string[];
  readonly found: readonly string[];
} {
  const engine = engineOf(one);
  // The sources do not judge connections of a pod to itself; what they note there means nothing.
  const probes = one.probes.filter(({ loopback }) => !loopback);
  return {
    expected: probes.map((probe) => {
      const { expected, expectedIngress: ingress, expectedEgress: egress } = probe;
      return lineOf(probe, [expected, ingress, egress].map(verdictText));
    }),
    found: probes.map((probe) => {
      const { verdict, ingress, egress } = engine.explain(flowOf(probe));
      return lineOf(probe, [
        verdict === engine.verdict(flowOf(probe)) ? verdict : "explained otherwise",
        probe.expectedIngress === undefined ? "-" : ingress.verdict,
        probe.expectedEgress === undefined ? "-" : egress.verdict,
      ]);
    }),
  };
}

function verdictText(expected: boolean | undefined): string {
  return expected === undefined ? "-" : expected ? "allowed" : "denied";
}

function lineOf(probe: Probe, [verdict, ingress, egress]: readonly string[]): string {
  const { from, to, protocol, port } = probe;
  return `${from} -> ${to} ${protocol}/${port}: ${verdict} (ingress ${ingress}, egress ${egress})`;
}

function flowOf({ from, to, protocol, port }: Probe): Flow {
  return { from: endOf(from), to: endOf(to), protocol, port };
}

function endOf(text: string): FlowEnd {
  const address = parseAddress(text);
  return address === null ? { kind: "pod", key: text } : { kind: "address", address };
}

function* objectsOf({ namespaces, pods, nodes, policies }: ProbeCase): Iterable<unknown> {
  for (const metadata of namespaces) yield { apiVersion: "v1", kind: "Namespace", metadata };
  for (const { name, labels, ip } of nodes) {
    const status = { addresses: [{ type: "InternalIP", address: ip }] };
    yield { apiVersion: "v1", kind: "Node", metadata: { name, labels }, status };
  }
  for (const { namespace, name, labels, ip, containerPorts, hostNetwork, node } of pods) {
    const containers = [{ name: "main", ports: containerPorts }];
    // A pod without a node counts as on a node of its own.
    const nodeName = node ?? `node-of-${name}.${namespace}`;
    yield {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { namespace, name, labels },
      spec: { hostNetwork, nodeName, containers },
      status: { phase: "Running", podIP: ip, podIPs: [{ ip }] },
    };
  }
  yield* policies;
}
