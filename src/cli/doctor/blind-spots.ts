import type { Pod, Policy, Rule, Selection } from "../../engine/model.ts";
import { selectorMatches } from "../../engine/selector.ts";
import { counted, objectName } from "../../rules/phrases.ts";
import { hasPort } from "../../validators/parts/ports.ts";
import { type Service, type ServicePort, targetIn } from "../../wire/service.ts";
import { labelOf } from "../references.ts";
import { podsBehind } from "../sources/resolvers.ts";
import type { World } from "../sources/world.ts";
import { concerns, type Diagnosis, fine, type Patient } from "./examination.ts";

/** Pods on the host's network: most plugins leave them alone, both as subjects and as peers. */
export function examineHostNetwork(patient: Patient): Diagnosis {
  const pods = [...patient.world.pods.values()].filter(
    (pod) => pod.hostNetwork && concerns(patient, pod.namespace),
  );
  const check = "host-network";
  if (pods.length === 0) return fine(check, "no pod is on the host's network");
  return {
    check,
    status: "warning",
    message: `policies mean nothing to ${counted(pods.length, "pod")} on the host's network, in most plugins`,
    evidence: [...new Set(pods.map(labelOf))],
    help: "reach or allow them by the addresses of their nodes",
  };
}

/** Ways around policies that every cluster has: the pod's own node, and addresses that are rewritten. */
export function examineSourceAddresses(patient: Patient): Diagnosis {
  const { world } = patient;
  const check = "source-address";
  const affected = servicesOf(patient).flatMap((service) => {
    if (!service.hidesClients) return [];
    const policies = isolating(podsBehind(service, world), world).filter(hasAddressPeer);
    return policies.map(
      (policy) =>
        `Service ${service.namespace}/${service.name} (${service.type}) and ${objectName(policy)}`,
    );
  });
  const local = "a pod's own node always reaches it, probes included, whatever policies say";
  if (affected.length === 0) return fine(check, local);
  return {
    check,
    status: "warning",
    message:
      "clients from outside may be seen under the address of a node, so rules by ipBlock miss them",
    evidence: affected,
    help: "set externalTrafficPolicy: Local on the Service, or allow the addresses of the nodes",
  };
}

/** Rules that allow the port of a Service where the pod listens on another. */
export function examineServicePorts(patient: Patient): Diagnosis {
  const { world, policies } = patient;
  const check = "service-ports";
  const wrong = [...world.services.values()].flatMap((service) =>
    service.ports.flatMap((port) => {
      const pods = podsBehind(service, world);
      const target = pods.map((pod) => targetIn(port, pod)).find((one) => one !== null);
      if (target === undefined || target === port.port) return [];
      return policies.flatMap(({ policy }) =>
        mistaken(policy, pods, port, target).map(
          ({ path }) =>
            `${objectName(policy)} ${path}: ${port.protocol} ${port.port} is a port of Service ${service.namespace}/${service.name}; its pods listen on ${target}`,
        ),
      );
    }),
  );
  if (wrong.length === 0) {
    return fine(check, "no rule allows the port of a Service in the place of its targetPort");
  }
  return {
    check,
    status: "problem",
    message: "rules allow the port of a Service, but policies see the port of the pod",
    evidence: wrong,
    help: "write the targetPort into the rule, or the name of the container's port",
  };
}

function servicesOf(patient: Patient): readonly Service[] {
  return [...patient.world.services.values()].filter(({ namespace }) =>
    concerns(patient, namespace),
  );
}

function isolating(pods: readonly Pod[], { policies }: World): readonly Policy[] {
  return Array.from(policies.values(), ({ policy }) => policy).filter(
    ({ ingress, subject }) => ingress.isolates && pods.some((pod) => selects(subject, pod)),
  );
}

function hasAddressPeer({ ingress }: Policy): boolean {
  return ingress.rules.some(
    ({ peers }) => peers !== "all" && peers.some(({ kind }) => kind === "addresses"),
  );
}

/** Rules that have the port of the Service, but not that of its pods, where these are their subject or peer. */
function mistaken(
  { subject, ingress, egress }: Policy,
  pods: readonly Pod[],
  { protocol, port }: ServicePort,
  target: number,
): readonly Rule[] {
  const isSubject = pods.some((pod) => selects(subject, pod));
  const isPeer = ({ peers }: Rule): boolean =>
    peers !== "all" &&
    peers.some((peer) => peer.kind === "pods" && pods.some((pod) => selects(peer.selection, pod)));
  const candidates = [...(isSubject ? ingress.rules : []), ...egress.rules.filter(isPeer)];
  return candidates.filter(
    ({ ports }) => hasPort(ports, protocol, port) && !hasPort(ports, protocol, target),
  );
}

/** By name of the namespace or by the pods alone: a hint, which need not be exact. */
function selects({ namespaces, pods }: Selection, pod: Pod): boolean {
  const here = namespaces.kind === "selector" || namespaces.name === pod.namespace;
  return here && selectorMatches(pods, pod.labels);
}
