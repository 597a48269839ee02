import {
  familyOf,
  formatAddress,
  formatRange,
  IPV4_SPACE,
  IPV6_SPACE,
  mergeRanges,
  parseAddress,
  parseCidr,
  rangesOverlap,
} from "../engine/address.ts";
import type { AddressRange } from "../engine/model.ts";
import {
  ALL_PORTS,
  intersectPorts,
  isEmptyPorts,
  type PortSet,
  PROTOCOLS,
  portIntervals,
  portSet,
} from "../engine/port-set.ts";
import type { Connection, Endpoint, EngineView } from "../engine/query.ts";
import { renderPorts } from "../rules/render-ports.ts";
import { parsePort } from "../wire/policy-port.ts";
import { compare } from "./compare.ts";
import { usageError } from "./input-error.ts";
import { findPods, namespaceInQuestion, parseReference, workloadLabel } from "./references.ts";
import type { Source } from "./sources/load-world.ts";
import type { World } from "./sources/world.ts";

/** Which rows of an answer are wanted. */
export interface RowFilter {
  readonly from: EndFilter | null;
  readonly to: EndFilter | null;
  /** At least one end has to be in this namespace. */
  readonly namespace: string | null;
  readonly ports: PortSet | null;
}

type EndFilter = (end: Endpoint) => boolean;

export interface RowFlags {
  readonly namespace?: string;
  readonly from?: string;
  readonly to?: string;
  readonly port?: string;
}

/** Read the filter flags. Throws an InputError for a name that nothing has. */
export function parseRowFilter(flags: RowFlags, world: World, source: Source): RowFilter {
  const { from, to, port } = flags;
  // An end is wherever it is: the namespace of the kubeconfig's context is for names that do not say theirs.
  const saysWhere = flags.namespace === undefined && (from !== undefined || to !== undefined);
  return {
    from: from === undefined ? null : endFilter(from, world, source),
    to: to === undefined ? null : endFilter(to, world, source),
    namespace: saysWhere ? null : namespaceInQuestion(source, world),
    ports: port === undefined ? null : parsePorts(port),
  };
}

/** More rows than anybody reads, or a process holds. */
export const MAX_ROWS = 1_000_000;

/**
 * The wanted rows of who can reach whom, in order of their ends, with address ranges merged where rows differ in
 * nothing else. Throws an InputError where there are too many.
 */
export function wantedRows(engine: EngineView, filter: RowFilter): readonly Connection[] {
  const { from, to, namespace, ports } = filter;
  const isWanted = (source: Endpoint, target: Endpoint): boolean =>
    (namespace === null || isIn(source, namespace) || isIn(target, namespace)) &&
    from?.(source) !== false &&
    to?.(target) !== false;
  const rows = engine.connections("workload", { isWanted, limit: MAX_ROWS + 1 });
  if (rows.length > MAX_ROWS) {
    throw usageError(
      `there are more than ${MAX_ROWS} connections: ask for those of a namespace with -n, or with --from or --to`,
    );
  }
  return inOrder(
    ports === null ? rows : mergeAddresses(rows.flatMap((row) => onPorts(row, ports))),
  );
}

function onPorts(row: Connection, ports: PortSet): readonly Connection[] {
  const allowed = intersectPorts(row.allowed, ports);
  const unknown = intersectPorts(row.unknown, ports);
  return isEmptyPorts(allowed) && isEmptyPorts(unknown) ? [] : [{ ...row, allowed, unknown }];
}

function inOrder(rows: readonly Connection[]): readonly Connection[] {
  return rows
    .map((row) => ({ row, place: `${placeOf(row.from)} ${placeOf(row.to)}` }))
    .toSorted((a, b) => compare(a.place, b.place))
    .map(({ row }) => row);
}

/** Rows that differ only in which addresses they are about, put together. */
function mergeAddresses(rows: readonly Connection[]): readonly Connection[] {
  const merged: Connection[] = [];
  const alike = new Map<string, { row: Connection; ranges: AddressRange[] }>();
  for (const row of rows) {
    const range = rangeOf(row);
    if (range === null) {
      merged.push(row);
      continue;
    }
    const way = row.from.kind === "addresses" ? `> ${endName(row.to)}` : `${endName(row.from)} >`;
    const key = `${way} ${row.allowed.key} ${row.unknown.key}`;
    const known = alike.get(key);
    if (known === undefined) alike.set(key, { row, ranges: [range] });
    else known.ranges.push(range);
  }
  for (const { row, ranges } of alike.values()) {
    for (const range of mergeRanges(ranges)) {
      const end: Endpoint = { kind: "addresses", range };
      merged.push(row.from.kind === "addresses" ? { ...row, from: end } : { ...row, to: end });
    }
  }
  return merged;
}

function rangeOf({ from, to }: Connection): AddressRange | null {
  if (from.kind === "addresses") return from.range;
  return to.kind === "addresses" ? to.range : null;
}

/** Text by which ends are put in order: workloads by name, then addresses in numeric order, those of IPv4 last. */
export function placeOf(end: Endpoint): string {
  if (end.kind === "workload") return `0${workloadLabel(end)}`;
  const { first, last } = end.range;
  const digits = [first, last].map((address) => address.toString(16).padStart(ADDRESS_DIGITS, "0"));
  return `${familyOf(first) === 6 ? 1 : 2}${digits.join()}`;
}

/** One more than those of an IPv6 address. */
const ADDRESS_DIGITS = 33;

/** `namespace/name[Kind]`, or `first-last` for addresses: how data names an end. */
export function endName(end: Endpoint): string {
  if (end.kind === "workload") return workloadLabel(end);
  return `${formatAddress(end.range.first)}-${formatAddress(end.range.last)}`;
}

/** The same for people: addresses as a CIDR where they are one. */
export function endText(end: Endpoint): string {
  if (end.kind === "workload") return workloadLabel(end);
  const { first, last } = end.range;
  if (first === IPV4_SPACE.first && last === IPV4_SPACE.last) return "any IPv4 address";
  if (first === IPV6_SPACE.first && last === IPV6_SPACE.last) return "any IPv6 address";
  return formatRange(end.range);
}

/** Ports as data: `"all"`, or the intervals of each protocol, merged and in order. */
function portsData(ports: PortSet): "all" | readonly object[] {
  if (ports.key === ALL_PORTS.key) return "all";
  const byProtocol = Map.groupBy(portIntervals(ports), ({ protocol }) => protocol);
  return Array.from(byProtocol, ([protocol, intervals]) => ({
    protocol,
    ports: intervals.map(({ first, last }) => [first, last]),
  }));
}

/** Ports for people, every one of them: `all ports`, `TCP 80,443 UDP 53`, `all TCP ports`. */
export function portsText(ports: PortSet): string {
  return renderPorts(ports, Number.POSITIVE_INFINITY);
}

/** A row as data. */
export function rowData({ from, to, allowed, unknown }: Connection): object {
  return {
    from: endName(from),
    to: endName(to),
    allowed: isEmptyPorts(allowed) ? [] : portsData(allowed),
    ...(isEmptyPorts(unknown) ? {} : { unknown: portsData(unknown) }),
  };
}

function isIn(end: Endpoint, namespace: string): boolean {
  return end.kind === "workload" && end.namespace === namespace;
}

/** `shop/*`, an address or CIDR, or the name of pods. */
function endFilter(text: string, world: World, source: Source): EndFilter {
  const [, namespace] = /^([^/]+)\/\*$/.exec(text) ?? [];
  if (namespace !== undefined) {
    const known = [...world.pods.values()].some((pod) => pod.namespace === namespace);
    if (!known) throw usageError(`there is no pod in namespace \`${namespace}\``);
    return (end) => isIn(end, namespace);
  }
  const address = parseAddress(text);
  const range = address === null ? parseCidr(text) : { first: address, last: address };
  if (range !== null) {
    return (end) => end.kind === "addresses" && rangesOverlap(end.range, range);
  }
  // No name of a namespace has a dot or a colon in it.
  if (/^[^/]*[.:][^/]*\/[^/]*$/.test(text)) throw usageError(`\`${text}\` is not a CIDR`);
  const { pods } = findPods(parseReference(text), world, source);
  const labels = new Set(pods.map(workloadLabel));
  return (end) => end.kind === "workload" && labels.has(workloadLabel(end));
}

/** `80`, `8000-8999`, `udp/53`; without a protocol: any of them. */
function parsePorts(text: string): PortSet {
  const {
    protocol,
    first = "",
    last = first,
  } = /^(?:(?<protocol>[a-z]+)\/)?(?<first>\d+)(?:-(?<last>\d+))?$/i.exec(text)?.groups ?? {};
  const protocols = PROTOCOLS.filter(
    (name) => protocol === undefined || name === protocol.toUpperCase(),
  );
  const [from, to] = [parsePort(first), parsePort(last)];
  if (protocols.length === 0 || from === null || to === null || from > to) {
    throw usageError(`--port: \`${text}\` is not a port; write 80, 8000-8999 or UDP/53`);
  }
  return portSet(protocols.map((name) => ({ protocol: name, first: from, last: to })));
}
