import { formatAddress, parseAddress } from "../engine/address.ts";
import { type Pod, type Protocol, podKey } from "../engine/model.ts";
import { PROTOCOLS } from "../engine/port-set.ts";
import type { Explanation, Flow, FlowEnd, Verdict } from "../engine/query.ts";
import { selectorMatches } from "../engine/selector.ts";
import type { ServiceEndpoint } from "../wire/endpoints.ts";
import type { Service, ServicePort } from "../wire/service.ts";
import { usageError } from "./input-error.ts";
import {
  didYouMean,
  findPods,
  labelOf,
  parseReference,
  placesOf,
  type Reference,
} from "./references.ts";
import type { ClusterScope } from "./sources/cluster-objects.ts";
import type { Source } from "./sources/load-world.ts";
import { isStandIn } from "./sources/stand-ins.ts";
import type { World } from "./sources/world.ts";

/** The flags that name a flow. */
export interface FlowFlags {
  readonly srcPod?: string;
  readonly srcIp?: string;
  readonly dstPod?: string;
  readonly dstIp?: string;
  readonly dstService?: string;
  readonly port?: string;
  readonly protocol?: string;
}

/** One end as it was asked for; a Service is the pods behind it. */
type EndQuestion =
  | { readonly kind: "pods"; readonly reference: Reference }
  | { readonly kind: "address"; readonly end: FlowEnd; readonly text: string }
  | { readonly kind: "service"; readonly reference: Reference };

/** A flow as it was asked for, before any name is looked up. */
export interface FlowQuestion {
  readonly from: EndQuestion;
  readonly to: EndQuestion;
  readonly protocol: Protocol | null;
  readonly port: string | null;
}

/** The answer to a question about one flow, which may stand for those of several like pods. */
export interface FlowAnswer {
  readonly from: string;
  readonly to: string;
  readonly verdict: Verdict;
  /** A flow with the verdict, or, where pods differ, the first that is not allowed. */
  readonly explanation: Explanation;
  readonly assumptions: readonly string[];
}

/** Read the flags of a flow. Throws an InputError where they do not name one. */
export function parseQuestion(flags: FlowFlags): FlowQuestion {
  const { srcPod, srcIp, dstPod, dstIp, dstService, port } = flags;
  return {
    from: onlyOne("a source", [
      ["--src-pod", asPods(srcPod)],
      ["--src-ip", asAddress("--src-ip", srcIp)],
    ]),
    to: onlyOne("a destination", [
      ["--dst-pod", asPods(dstPod)],
      ["--dst-ip", asAddress("--dst-ip", dstIp)],
      ["--dst-service", dstService === undefined ? null : asService(dstService)],
    ]),
    protocol: parseProtocol(flags.protocol),
    port: port ?? null,
  };
}

function asPods(text: string | undefined): EndQuestion | null {
  return text === undefined ? null : { kind: "pods", reference: parseReference(text) };
}

function asService(text: string): EndQuestion {
  const name = text.replace(/^(?:svc|services?)\//, "");
  return { kind: "service", reference: parseReference(name) };
}

function asAddress(flag: string, text: string | undefined): EndQuestion | null {
  if (text === undefined) return null;
  const address = parseAddress(text);
  if (address === null) throw usageError(`${flag}: \`${text}\` is not an IP address`);
  return { kind: "address", end: { kind: "address", address }, text: formatAddress(address) };
}

function onlyOne(
  what: string,
  options: readonly (readonly [string, EndQuestion | null])[],
): EndQuestion {
  const given = options.filter(([, end]) => end !== null);
  const flags = options.map(([flag]) => flag).join(", ");
  const [[, end] = [null, null], ...others] = given;
  if (end === null) throw usageError(`${what} is missing: give one of ${flags}`);
  if (others.length > 0) throw usageError(`${what} is named more than once: give one of ${flags}`);
  return end;
}

function parseProtocol(text: string | undefined): Protocol | null {
  if (text === undefined) return null;
  const protocol = PROTOCOLS.find((name) => name === text.toUpperCase());
  if (protocol !== undefined) return protocol;
  throw usageError(`--protocol: \`${text}\` is none of ${PROTOCOLS.join(", ")}`);
}

/** What of a cluster the question needs: the namespaces of both ends, or all for an address. */
export function scopeOf({ from, to }: FlowQuestion, source: Source): ClusterScope {
  const places = [from, to].map((end) =>
    end.kind === "address" ? null : placesOf(end.reference, source),
  );
  const all = places.includes(null);
  return {
    namespaces: all ? "all" : [...new Set(places.flatMap((place) => place ?? []))],
    services: to.kind === "service",
    workloads: false,
    // Whose address it is; and rules of cluster-scoped policies may name nodes.
    nodes: from.kind === "address" || to.kind === "address",
  };
}

/** Look the ends up and ask the engine. Throws an InputError for names and ports that there are not. */
export function answer(question: FlowQuestion, world: World, source: Source): FlowAnswer {
  const protocol = question.protocol ?? "TCP";
  const from = findEnds(question.from, { ...question, protocol }, world, source);
  const to = findEnds(question.to, question, world, source);
  const flows = from.targets.flatMap(({ end: source_ }) =>
    to.targets.map(({ end, port, protocol: over }): Flow => {
      return { from: source_, to: end, protocol: over, port };
    }),
  );
  const apart = flows.filter((flow) => !isSamePod(flow));
  const asked = apart.length === 0 ? flows : apart;
  const verdicts = asked.map((flow) => world.engine.verdict(flow));
  const [first = "unknown"] = verdicts;
  const agree = verdicts.every((verdict) => verdict === first);
  const telling = agree ? 0 : verdicts.findIndex((verdict) => verdict !== "allowed");
  const flow = asked[telling];
  if (flow === undefined) throw usageError(`${to.label} has no endpoints`);
  const allowed = verdicts.filter((verdict) => verdict === "allowed").length;
  return {
    from: from.label,
    to: to.label,
    verdict: agree ? first : "unknown",
    explanation: world.engine.explain(flow),
    assumptions: [
      ...from.assumptions,
      ...to.assumptions,
      ...(agree ? [] : [`the pods are not alike: ${allowed} of ${asked.length} pairs are allowed`]),
    ],
  };
}

function isSamePod({ from, to }: Flow): boolean {
  return from.kind === "pod" && to.kind === "pod" && from.key === to.key;
}

/** One place a flow may go to, with the port it has there. */
interface Target {
  readonly end: FlowEnd;
  readonly protocol: Protocol;
  readonly port: number;
}

interface Ends {
  readonly label: string;
  readonly targets: readonly Target[];
  readonly assumptions: readonly string[];
}

/** The port of a source is that of the flow, which does not matter. */
const ANY_PORT = "1";

function findEnds(
  end: EndQuestion,
  { port, protocol, to }: FlowQuestion,
  world: World,
  source: Source,
): Ends {
  const asked = end === to ? port : ANY_PORT;
  switch (end.kind) {
    case "address": {
      const number = portNumber(required(asked));
      if (number === null) throw usageError(`--port: \`${String(asked)}\` has to be a number here`);
      const target = { end: end.end, protocol: protocol ?? "TCP", port: number };
      return { label: end.text, targets: [target], assumptions: [] };
    }
    case "pods": {
      const { label, pods, assumption } = findPods(end.reference, world, source);
      const wanted = required(asked);
      const targets = pods.map((pod) => targetOn(pod, wanted, protocol ?? "TCP"));
      return {
        label,
        targets,
        assumptions: [...(assumption === null ? [] : [assumption]), ...standInNotes(pods)],
      };
    }
    case "service":
      return serviceEnds(
        findService(end.reference, world, source),
        { port: asked, protocol },
        world,
      );
  }
}

function standInNotes(pods: readonly Pod[]): readonly string[] {
  const [pod] = pods;
  if (pod === undefined || !isStandIn(pod)) return [];
  return [`the template of ${labelOf(pod)} stands for its pods`];
}

function required(port: string | null): string {
  if (port === null)
    throw usageError("--port is missing: the port that the destination listens on");
  return port;
}

function portNumber(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : null;
}

function targetOn(pod: Pod, port: string, protocol: Protocol): Target {
  const end: FlowEnd = { kind: "pod", key: podKey(pod) };
  const number = portNumber(port);
  if (number !== null) return { end, protocol, port: number };
  if (/^-?\d+$/.test(port)) throw usageError(`--port: \`${port}\` is not a port: 1 to 65535`);
  const named = pod.ports.find((one) => one.name === port && one.protocol === protocol);
  if (named !== undefined) return { end, protocol, port: named.port };
  const names = new Map(pod.ports.map(({ name, protocol: over }) => [`${name} (${over})`, name]));
  const known = [...names.keys()].join(", ");
  const has = known === "" ? "it names none" : `it names ${known}`;
  throw usageError(`--port: ${labelOf(pod)} has no ${protocol} port \`${port}\`; ${has}`);
}

function findService(reference: Reference, world: World, source: Source): Service {
  const places = placesOf(reference, source);
  const all = [...world.services.values()];
  const found = all.filter(
    ({ name, namespace }) =>
      name === reference.name && (places === null || places.includes(namespace)),
  );
  const [service, ...others] = found;
  if (service !== undefined && others.length === 0) return service;
  if (service !== undefined) {
    const names = found.map(({ namespace, name }) => `\`${namespace}/${name}\``).join(", ");
    throw usageError(`\`${reference.text}\` is ambiguous; write one of ${names}`);
  }
  const names = new Map(all.map(({ namespace, name }) => [`${namespace}/${name}`, name]));
  const near = didYouMean(reference.name, names);
  throw usageError(`there is no Service \`${reference.text}\`${near}`);
}

interface WantedPort {
  readonly port: string | null;
  readonly protocol: Protocol | null;
}

/** Policies see a flow after the Service has translated it: the pod's address and `targetPort`. */
function serviceEnds(service: Service, wanted: WantedPort, world: World): Ends {
  const label = `${service.namespace}/${service.name}[Service]`;
  const port = servicePort(service, wanted);
  const pods = service.selector === null ? null : backing(service, service.selector, world);
  const endpoints = world.endpoints.get(`${service.namespace}/${service.name}`);
  const targets =
    pods === null
      ? (endpoints ?? []).flatMap((endpoint) => endpointTarget(endpoint, port, world))
      : pods
          .filter((pod) => serves(pod, port))
          .map((pod) => targetOn(pod, String(port.targetPort), port.protocol));
  if (targets.length === 0) throw usageError(`${label} leads to no pod: ${whyNone(service)}`);
  const numbers = [...new Set(targets.map((target) => target.port))].join(", ");
  const ends = targets.length === 1 ? "1 endpoint" : `${targets.length} endpoints`;
  return {
    label,
    targets,
    assumptions: [
      `Service port ${port.port} leads to port ${numbers} of ${ends}, where policies see the flow`,
      ...standInNotes(pods ?? []),
    ],
  };
}

/** A pod without the container port that the Service names is none of its endpoints. */
function serves({ ports }: Pod, { targetPort, protocol }: ServicePort): boolean {
  return (
    typeof targetPort === "number" ||
    ports.some((port) => port.name === targetPort && port.protocol === protocol)
  );
}

function whyNone({ type, selector }: Service): string {
  if (type === "ExternalName") return "it is an ExternalName";
  return selector === null
    ? "it has no selector and no Endpoints"
    : "its selector matches none that serves the port";
}

function backing({ namespace }: Service, selector: Pod["labels"], world: World): readonly Pod[] {
  const requirements = Array.from(selector, ([key, value]) => {
    return { key, operator: "In" as const, values: [value] };
  });
  return [...world.pods.values()].filter(
    (pod) => pod.namespace === namespace && selectorMatches(requirements, pod.labels),
  );
}

function endpointTarget(
  { end, ports }: ServiceEndpoint,
  port: ServicePort,
  world: World,
): readonly Target[] {
  const served = ports.find(
    ({ name, protocol }) => (name ?? "") === port.name && protocol === port.protocol,
  );
  if (served === undefined) return [];
  const known = end.kind !== "pod" || world.pods.has(end.key);
  return known ? [{ end, protocol: port.protocol, port: served.port }] : [];
}

function servicePort({ ports, name }: Service, { port, protocol }: WantedPort): ServicePort {
  const listed = ports.map((it) => `${it.protocol} ${it.port}${it.name && ` (${it.name})`}`);
  const fitting = ports.filter(
    (it) =>
      (port === null || String(it.port) === port || (it.name !== "" && it.name === port)) &&
      (protocol === null || it.protocol === protocol),
  );
  const [only, ...others] = fitting;
  if (only === undefined) {
    throw usageError(`--port: Service ${name} has no such port; it has ${listed.join(", ")}`);
  }
  if (others.length === 0) return only;
  const tcp = fitting.filter((it) => it.protocol === "TCP");
  if (port !== null && tcp[0] !== undefined && tcp.length === 1) return tcp[0];
  throw usageError(`--port is missing: Service ${name} has ${listed.join(", ")}`);
}
