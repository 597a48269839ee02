import { formatAddress, parseAddress } from "../engine/address.ts";
import type { Address, Protocol } from "../engine/model.ts";
import { PROTOCOLS } from "../engine/port-set.ts";
import { usageError } from "./input-error.ts";
import { parseReference, placesOf, type Reference } from "./references.ts";
import type { ClusterScope } from "./sources/cluster-objects.ts";
import type { Source } from "./sources/load-world.ts";

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
export type EndQuestion =
  | { readonly kind: "pods"; readonly reference: Reference }
  | { readonly kind: "address"; readonly address: Address; readonly text: string }
  | { readonly kind: "service"; readonly reference: Reference };

/** A flow as it was asked for, before any name is looked up. */
export interface FlowQuestion {
  readonly from: EndQuestion;
  readonly to: EndQuestion;
  readonly protocol: Protocol | null;
  readonly port: string | null;
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
  return { kind: "address", address, text: formatAddress(address) };
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
    // An address may be that of a Service.
    services: to.kind === "address" ? "optional" : to.kind === "service",
    workloads: false,
    resources: false,
    configMapsOf: null,
    // To tell whose address it is; and rules of cluster-scoped policies may name nodes.
    nodes: from.kind === "address" || to.kind === "address",
  };
}
