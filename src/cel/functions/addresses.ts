import { parseCidr, rangeContains } from "../../engine/address.ts";
import type { AddressRange } from "../../engine/model.ts";
import type { Frame } from "../frame.ts";
import { type Cidr, type IpAddress, parseIp, parseNetwork } from "../ip-address.ts";
import { func, method, type Overload } from "../overload.ts";
import { EvaluationError } from "../value.ts";

// What net/netip says of addresses (Addr.IsLoopback and so on). In `ffx2`, x are flags.
const UNSPECIFIED = ranges("0.0.0.0/32", "::/128");
const LOOPBACK = ranges("127.0.0.0/8", "::1/128");
const LINK_LOCAL_UNICAST = ranges("169.254.0.0/16", "fe80::/10");
const LINK_LOCAL_MULTICAST = ranges(
  "224.0.0.0/24",
  ...Array.from("0123456789abcdef", (flags) => `ff${flags}2::/16`),
);
const NOT_GLOBAL_UNICAST = [
  ...[UNSPECIFIED, LOOPBACK, LINK_LOCAL_UNICAST].flat(),
  ...ranges("224.0.0.0/4", "ff00::/8", "255.255.255.255/32"),
];

/** Kubernetes' libraries for addresses and networks. */
export const ADDRESSES: readonly Overload[] = [
  func("ip", ["string"], "net.IP", ([text], frame) => readIp(text, frame)),
  func("isIP", ["string"], "bool", ([text], frame) => isRead(readIp(text, frame))),
  func("ip.isCanonical", ["string"], "bool", ([text], frame) => {
    const ip = readIp(text, frame);
    return isRead(ip) ? ip.toString() === text : ip;
  }),
  func("string", ["net.IP"], "string", ([ip]) => ip.toString()),
  method("family", ["net.IP"], "int", ([ip]) => BigInt(ip.family)),
  method("isUnspecified", ["net.IP"], "bool", ([ip]) => isIn(ip, UNSPECIFIED)),
  method("isLoopback", ["net.IP"], "bool", ([ip]) => isIn(ip, LOOPBACK)),
  method("isLinkLocalMulticast", ["net.IP"], "bool", ([ip]) => isIn(ip, LINK_LOCAL_MULTICAST)),
  method("isLinkLocalUnicast", ["net.IP"], "bool", ([ip]) => isIn(ip, LINK_LOCAL_UNICAST)),
  method("isGlobalUnicast", ["net.IP"], "bool", ([ip]) => !isIn(ip, NOT_GLOBAL_UNICAST)),
  func("cidr", ["string"], "net.CIDR", ([text], frame) => readCidr(text, frame)),
  func("isCIDR", ["string"], "bool", ([text], frame) => isRead(readCidr(text, frame))),
  func("string", ["net.CIDR"], "string", ([cidr]) => cidr.toString()),
  method("ip", ["net.CIDR"], "net.IP", ([cidr]) => cidr.ip),
  method("masked", ["net.CIDR"], "net.CIDR", ([cidr]) => cidr.masked),
  method("prefixLength", ["net.CIDR"], "int", ([cidr]) => BigInt(cidr.prefixLength)),
  method("containsIP", ["net.CIDR", "net.IP"], "bool", ([cidr, ip]) => cidr.containsIp(ip)),
  method("containsIP", ["net.CIDR", "string"], "bool", ([cidr, text], frame) => {
    const ip = readIp(text, frame);
    return isRead(ip) ? cidr.containsIp(ip) : ip;
  }),
  method("containsCIDR", ["net.CIDR", "net.CIDR"], "bool", ([cidr, part]) =>
    cidr.containsCidr(part),
  ),
  method("containsCIDR", ["net.CIDR", "string"], "bool", ([cidr, text], frame) => {
    const part = readCidr(text, frame);
    return isRead(part) ? cidr.containsCidr(part) : part;
  }),
];

function readIp(text: string, frame: Frame): IpAddress | EvaluationError {
  frame.charge(text.length);
  return parseIp(text);
}

function readCidr(text: string, frame: Frame): Cidr | EvaluationError {
  frame.charge(text.length);
  return parseNetwork(text);
}

function isRead<T>(result: T | EvaluationError): result is T {
  return !(result instanceof EvaluationError);
}

function isIn({ address }: IpAddress, some: readonly AddressRange[]): boolean {
  return some.some((range) => rangeContains(range, address));
}

function ranges(...cidrs: readonly string[]): readonly AddressRange[] {
  return cidrs.map(parseCidr).filter((range) => range !== null);
}
