import { parseCidr, subtractRanges } from "../engine/address.ts";
import type { AddressRange, PortMatch, Protocol, Requirement, Selector } from "../engine/model.ts";
import { PROTOCOLS } from "../engine/port-set.ts";
import { isStrictSubset } from "./ip-block.ts";
import { isLabelKey, isLabelValue } from "./label-selector.ts";
import { isSubdomain } from "./metadata.ts";
import type { PolicySpec, WirePeer } from "./network-policy.ts";
import { allPortsOf, isPort, isPortName } from "./policy-port.ts";
import { isObject } from "./shape.ts";

/** What makes the model of a NetworkPolicy. */
interface PlainPolicy {
  readonly name: string;
  /** Empty where the object names none. */
  readonly namespace: string;
  readonly spec: PolicySpec;
}

type Raw = Readonly<Record<string, unknown>>;

/**
 * PERF: reads NetworkPolicies as nearly all are written, without the schema, which took a fifth of a decision
 * (`npm run bench -- admission`). Null only means that the schema has to look, because something is unusual or
 * wrong. A property test holds this to the schema.
 */
export function readPlainPolicy(raw: unknown): PlainPolicy | null {
  if (!hasOnly(raw, ["apiVersion", "kind", "metadata", "spec", "status"])) return null;
  const { apiVersion = "networking.k8s.io/v1", kind = "NetworkPolicy" } = raw;
  if (apiVersion !== "networking.k8s.io/v1" || kind !== "NetworkPolicy") return null;
  const metadata = readMetadata(raw["metadata"]);
  const spec = readSpec(raw["spec"]);
  return metadata === null || spec === null ? null : { ...metadata, spec };
}

function readMetadata(raw: unknown): Pick<PlainPolicy, "name" | "namespace"> | null {
  if (!isObject(raw)) return null;
  const { name, namespace = "" } = raw;
  const isNamed = isText(name) && isText(namespace) && isSubdomain(name);
  return isNamed && hasPlainRest(raw) ? { name, namespace } : null;
}

/** Fields that do not go into the model must have the right type all the same. */
function hasPlainRest(metadata: Raw): boolean {
  const { generateName, resourceVersion, labels, annotations } = metadata;
  return (
    (generateName === undefined || isText(generateName)) &&
    (resourceVersion === undefined || isText(resourceVersion)) &&
    (labels === undefined || isTextMap(labels)) &&
    (annotations === undefined || isTextMap(annotations)) &&
    (metadata["ownerReferences"] ?? metadata["deletionTimestamp"] ?? metadata["spec"]) === undefined
  );
}

function readSpec(raw: unknown): PolicySpec | null {
  if (!hasOnly(raw, ["podSelector", "policyTypes", "ingress", "egress"])) return null;
  const podSelector = optional(raw["podSelector"], readSelector);
  const policyTypes = optional(raw["policyTypes"], (list) => itemsOf(list, readPolicyType));
  const ingress = optional(raw["ingress"], (list) => itemsOf(list, readIngressRule));
  const egress = optional(raw["egress"], (list) => itemsOf(list, readEgressRule));
  if (podSelector === null || policyTypes === null || ingress === null || egress === null) {
    return null;
  }
  return (policyTypes?.length ?? 0) > 2 ? null : { podSelector, policyTypes, ingress, egress };
}

function readPolicyType(raw: unknown): "Ingress" | "Egress" | null {
  return raw === "Ingress" || raw === "Egress" ? raw : null;
}

function readIngressRule(raw: unknown) {
  if (!hasOnly(raw, ["from", "ports"])) return null;
  const from = optional(raw["from"], (list) => itemsOf(list, readPeer));
  const ports = optional(raw["ports"], (list) => itemsOf(list, readPort));
  return from === null || ports === null ? null : { from, ports };
}

function readEgressRule(raw: unknown) {
  if (!hasOnly(raw, ["to", "ports"])) return null;
  const to = optional(raw["to"], (list) => itemsOf(list, readPeer));
  const ports = optional(raw["ports"], (list) => itemsOf(list, readPort));
  return to === null || ports === null ? null : { to, ports };
}

function readPeer(raw: unknown): WirePeer | null {
  if (!hasOnly(raw, ["podSelector", "namespaceSelector", "ipBlock"])) return null;
  const podSelector = optional(raw["podSelector"], readSelector);
  const namespaceSelector = optional(raw["namespaceSelector"], readSelector);
  const ipBlock = optional(raw["ipBlock"], readIpBlock);
  if (podSelector === null || namespaceSelector === null || ipBlock === null) return null;
  const hasSelector = podSelector !== undefined || namespaceSelector !== undefined;
  return (ipBlock === undefined) === hasSelector
    ? { podSelector, namespaceSelector, ipBlock }
    : null;
}

function readSelector(raw: unknown): Selector | null {
  if (!hasOnly(raw, ["matchLabels"])) return null;
  const { matchLabels = {} } = raw;
  if (!isObject(matchLabels)) return null;
  const selector: Requirement[] = [];
  for (const [key, value] of Object.entries(matchLabels)) {
    if (!isText(value) || !isLabelKey(key) || !isLabelValue(value)) return null;
    selector.push({ key, operator: "In", values: [value] });
  }
  return selector;
}

function readIpBlock(raw: unknown): readonly AddressRange[] | null {
  if (!hasOnly(raw, ["cidr", "except"])) return null;
  const cidr = readCidr(raw["cidr"]);
  const holes = optional(raw["except"], (list) => itemsOf(list, readCidr));
  if (cidr === null || holes === null) return null;
  if (holes === undefined) return [cidr];
  return holes.every((hole) => isStrictSubset(hole, cidr)) ? subtractRanges([cidr], holes) : null;
}

function readCidr(raw: unknown): AddressRange | null {
  return isText(raw) ? parseCidr(raw) : null;
}

function readPort(raw: unknown): PortMatch | null {
  if (!hasOnly(raw, ["protocol", "port", "endPort"])) return null;
  const { protocol = "TCP", port, endPort } = raw;
  if (!isProtocol(protocol)) return null;
  if (port === undefined) return endPort === undefined ? allPortsOf(protocol) : null;
  if (!isText(port)) return readRange(protocol, port, endPort ?? port);
  const isPlain = isPortName(port) && endPort === undefined;
  return isPlain ? { kind: "named", protocol, name: port } : null;
}

function readRange(protocol: Protocol, first: unknown, last: unknown): PortMatch | null {
  const isPlain = isPort(first) && isPort(last) && first <= last;
  return isPlain ? { kind: "range", protocol, first, last } : null;
}

function isProtocol(raw: unknown): raw is Protocol {
  return PROTOCOLS.some((protocol) => protocol === raw);
}

function isText(raw: unknown): raw is string {
  return typeof raw === "string";
}

function isTextMap(raw: unknown): boolean {
  return isObject(raw) && Object.values(raw).every(isText);
}

function hasOnly(raw: unknown, fields: readonly string[]): raw is Raw {
  return isObject(raw) && Object.keys(raw).every((key) => fields.includes(key));
}

/** Undefined if it is not there, null if the schema has to look. */
function optional<T>(raw: unknown, read: (raw: unknown) => T | null): T | null | undefined {
  return raw === undefined ? undefined : read(raw);
}

function itemsOf<T>(raw: unknown, read: (raw: unknown) => T | null): readonly T[] | null {
  if (!Array.isArray(raw)) return null;
  const items: T[] = [];
  for (const item of raw) {
    const value = read(item);
    if (value === null) return null;
    items.push(value);
  }
  return items;
}
