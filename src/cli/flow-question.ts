import { formatAddress, parseAddress } from "../engine/address.ts";
import type { Protocol } from "../engine/model.ts";
import { PROTOCOLS } from "../engine/port-set.ts";
import type { Explanation, Flow, FlowEnd, Verdict } from "../engine/query.ts";
import { type Ends, portNumber, standInNotes, targetOn } from "./flow-target.ts";
import { usageError } from "./input-error.ts";
import { findPods, parseReference, placesOf, type Reference } from "./references.ts";
import { findService, serviceEnds } from "./service-ends.ts";
import { baselineAssumptions } from "./sources/assumed-baseline.ts";
import type { ClusterScope } from "./sources/cluster-objects.ts";
import type { Source } from "./sources/load-world.ts";
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
    resources: false,
    configMapsOf: null,
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
  const namespaces = new Set([flow.from, flow.to].flatMap(namespaceOf));
  const allowed = verdicts.filter((verdict) => verdict === "allowed").length;
  return {
    from: from.label,
    to: to.label,
    verdict: agree ? first : "unknown",
    explanation: world.engine.explain(flow),
    assumptions: [
      ...from.assumptions,
      ...to.assumptions,
      ...baselineAssumptions([world], (namespace) => namespaces.has(namespace)),
      ...(agree ? [] : [`the pods are not alike: ${allowed} of ${asked.length} pairs are allowed`]),
    ],
  };
}

function namespaceOf(end: FlowEnd): readonly string[] {
  return end.kind === "pod" ? [end.key.slice(0, end.key.indexOf("/"))] : [];
}

function isSamePod({ from, to }: Flow): boolean {
  return from.kind === "pod" && to.kind === "pod" && from.key === to.key;
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

function required(port: string | null): string {
  if (port === null)
    throw usageError("--port is missing: the port that the destination listens on");
  return port;
}
