import type { Address, AddressRange } from "./model.ts";

/**
 * Addresses of both families as points on one line: IPv6 at 0 … 2^128-1, IPv4 right after it. One
 * line makes every set of addresses a list of intervals, whatever the family.
 */
const IPV4_START = 1n << 128n;

export const IPV6_SPACE: AddressRange = { first: 0n, last: IPV4_START - 1n };
export const IPV4_SPACE: AddressRange = { first: IPV4_START, last: IPV4_START + 0xffff_ffffn };

export type Family = 4 | 6;

/** The family of an address. */
export function familyOf(address: Address): Family {
  return address >= IPV4_START ? 4 : 6;
}

/**
 * Read an address as the API server does: leading zeros, of which there may be any number, change nothing
 * (k8s.io/utils/net ParseIPSloppy), and an IPv4-mapped IPv6 address is the IPv4 address. Null if it is none.
 */
export function parseAddress(text: string): Address | null {
  if (!text.includes(":")) {
    const value = parseIpv4(text);
    return value === null ? null : IPV4_START + value;
  }
  const value = parseIpv6(text);
  if (value === null) return null;
  return value >> 32n === 0xffffn ? IPV4_START + (value & 0xffff_ffffn) : value;
}

/** Read a CIDR; host bits are masked away, as old API servers accept them. Null if it is none. */
export function parseCidr(text: string): AddressRange | null {
  const slash = text.indexOf("/");
  if (slash < 0) return null;
  const prefixText = text.slice(slash + 1);
  if (!/^\d+$/.test(prefixText)) return null;
  const written = text.slice(0, slash);
  const address = parseAddress(written);
  if (address === null) return null;
  let prefix = Number(prefixText);
  const wroteIpv6 = written.includes(":");
  if (prefix > (wroteIpv6 ? 128 : 32)) return null;
  if (familyOf(address) === 6) return block(address, 128 - prefix);
  if (wroteIpv6) {
    // Go's net.IPNet: a mapped network is IPv4 while its mask keeps the `ffff`, else it is IPv6.
    if (prefix < 96) return block(address - IPV4_START + 0xffff_0000_0000n, 128 - prefix);
    prefix -= 96;
  }
  return block(address, 32 - prefix);
}

/** RFC 3927 and RFC 4291: never forwarded, so never the address under which others know a pod. */
const LINK_LOCAL: readonly AddressRange[] = [
  { first: IPV4_START + 0xa9fe_0000n, last: IPV4_START + 0xa9fe_ffffn },
  { first: 0xfe80n << 112n, last: (0xfec0n << 112n) - 1n },
];

/** Report whether a pod that has no address yet might get one of `ranges`: not where all are link-local. */
export function mayHoldPods(ranges: readonly AddressRange[]): boolean {
  return !ranges.every((range) => LINK_LOCAL.some((space) => rangeEncloses(space, range)));
}

/** What is left of `ranges` without `holes`: disjoint and ascending. */
export function subtractRanges(
  ranges: readonly AddressRange[],
  holes: readonly AddressRange[],
): readonly AddressRange[] {
  const cuts = mergeRanges(holes);
  const left: AddressRange[] = [];
  let next = 0;
  for (const { first, last } of mergeRanges(ranges)) {
    let start = first;
    for (let cut = cuts[next]; cut !== undefined && cut.first <= last; cut = cuts[++next]) {
      if (cut.first > start) left.push({ first: start, last: cut.first - 1n });
      if (cut.last >= start) start = cut.last + 1n;
      // The next range may begin inside this hole.
      if (start > last) break;
    }
    if (start <= last) left.push({ first: start, last });
  }
  return left;
}

/** The union of `ranges`: disjoint, ascending, neighbours joined; never across families. */
export function mergeRanges(ranges: readonly AddressRange[]): readonly AddressRange[] {
  const merged: AddressRange[] = [];
  for (const range of ranges.toSorted((a, b) =>
    a.first < b.first ? -1 : a.first > b.first ? 1 : 0,
  )) {
    const previous = merged.at(-1);
    const touches =
      previous !== undefined &&
      range.first <= previous.last + 1n &&
      familyOf(range.first) === familyOf(previous.last);
    if (!touches) merged.push(range);
    else if (range.last > previous.last) {
      merged[merged.length - 1] = { first: previous.first, last: range.last };
    }
  }
  return merged;
}

/** Report whether `range` holds `address`. */
export function rangeContains(range: AddressRange, address: Address): boolean {
  return range.first <= address && address <= range.last;
}

/** Report whether `outer` holds every address of `inner`. */
export function rangeEncloses(outer: AddressRange, inner: AddressRange): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}

/** Report whether two ranges have an address in common. */
export function rangesOverlap(a: AddressRange, b: AddressRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** Report whether one of `ranges`, which ascend and are disjoint, holds all of `part`. */
export function rangesCover(ranges: readonly AddressRange[], part: AddressRange): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.first ?? 0n) <= part.first) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low - 1];
  return range !== undefined && part.last <= range.last;
}

/** How many addresses `range` holds. */
export function rangeSize(range: AddressRange): bigint {
  return range.last - range.first + 1n;
}

/** An address as text: dotted quad, or RFC 5952 for IPv6. */
export function formatAddress(address: Address): string {
  if (familyOf(address) === 4) {
    const value = Number(address - IPV4_START);
    return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join(".");
  }
  const groups: string[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) {
    groups.push(((address >> shift) & 0xffffn).toString(16));
  }
  const zeros = longestZeroRun(groups);
  if (zeros.length < 2) return groups.join(":");
  const head = groups.slice(0, zeros.start).join(":");
  const tail = groups.slice(zeros.start + zeros.length).join(":");
  return `${head}::${tail}`;
}

/** A range as a CIDR where it is one, else as `first-last`. */
export function formatRange(range: AddressRange): string {
  const width = familyOf(range.first) === 4 ? 32 : 128;
  const size = rangeSize(range);
  const hostBits = size.toString(2).length - 1;
  const isBlock = size === 1n << BigInt(hostBits) && (range.first & (size - 1n)) === 0n;
  return isBlock
    ? `${formatAddress(range.first)}/${width - hostBits}`
    : `${formatAddress(range.first)}-${formatAddress(range.last)}`;
}

function block(address: Address, hostBits: number): AddressRange {
  const mask = (1n << BigInt(hostBits)) - 1n;
  return { first: address & ~mask, last: address | mask };
}

function parseIpv4(text: string): bigint | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  let value = 0;
  for (const part of parts) {
    if (!/^\d+$/.test(part)) return null;
    const octet = Number(part);
    if (octet > 255) return null;
    value = value * 256 + octet;
  }
  return BigInt(value);
}

function parseIpv6(text: string): bigint | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? "", true) : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail].reduce(
    (value, group) => (value << 16n) | BigInt(group),
    0n,
  );
}

/** Groups of 16 bits; only at the very end may the last 32 be written as IPv4. */
function parseGroups(text: string, endsAddress: boolean): readonly number[] | null {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".")) {
      const ipv4 = endsAddress && index === parts.length - 1 ? parseIpv4(part) : null;
      if (ipv4 === null) return null;
      groups.push(Number(ipv4 >> 16n), Number(ipv4 & 0xffffn));
    } else {
      const group = /^[0-9a-fA-F]+$/.test(part) ? Number.parseInt(part, 16) : Number.NaN;
      if (!(group <= 0xffff)) return null;
      groups.push(group);
    }
  }
  return groups;
}

function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== "0") start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}
