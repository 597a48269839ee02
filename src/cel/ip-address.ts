import {
  type Family,
  familyOf,
  formatAddress,
  parseAddress,
  parseCidr,
  rangeContains,
} from "../engine/address.ts";
import type { Address, AddressRange } from "../engine/model.ts";
import { EvaluationError, Opaque, quoted, type TypeName } from "./value.ts";

/** An address as `ip()` gives it. */
export class IpAddress extends Opaque {
  readonly typeName: TypeName = "net.IP";
  readonly address: Address;

  constructor(address: Address) {
    super();
    this.address = address;
  }

  get family(): Family {
    return familyOf(this.address);
  }

  override equals(other: Opaque): boolean {
    return other instanceof IpAddress && other.address === this.address;
  }

  override toString(): string {
    return formatAddress(this.address);
  }
}

/** A network as `cidr()` gives it: bits behind the prefix are kept, as netip.Prefix keeps them. */
export class Cidr extends Opaque {
  readonly typeName: TypeName = "net.CIDR";
  readonly ip: IpAddress;
  readonly prefixLength: number;
  readonly range: AddressRange;

  constructor(ip: IpAddress, prefixLength: number, range: AddressRange) {
    super();
    this.ip = ip;
    this.prefixLength = prefixLength;
    this.range = range;
  }

  get masked(): Cidr {
    return new Cidr(new IpAddress(this.range.first), this.prefixLength, this.range);
  }

  containsIp({ address }: IpAddress): boolean {
    return rangeContains(this.range, address);
  }

  containsCidr({ range, prefixLength }: Cidr): boolean {
    return this.prefixLength <= prefixLength && rangeContains(this.range, range.first);
  }

  override equals(other: Opaque): boolean {
    return (
      other instanceof Cidr && other.ip.equals(this.ip) && other.prefixLength === this.prefixLength
    );
  }

  override toString(): string {
    return `${this.ip.toString()}/${this.prefixLength}`;
  }
}

/**
 * Read an address as Kubernetes' CEL library does, which is stricter than its API (net/netip
 * ParseAddr): no leading zeros, no zone, and no IPv4-mapped IPv6 address.
 */
export function parseIp(text: string): IpAddress | EvaluationError {
  const dotted = text.slice(text.lastIndexOf(":") + 1);
  const hasLeadingZero = dotted.includes(".") && /(^|\.)0\d/.test(dotted);
  const address = hasLeadingZero ? null : parseAddress(text);
  if (address === null) return new EvaluationError(`${quoted(text)} is not an IP address`);
  const isMapped = text.includes(":") && familyOf(address) === 4;
  return isMapped
    ? new EvaluationError(`${quoted(text)} is an IPv4-mapped IPv6 address, which is not allowed`)
    : new IpAddress(address);
}

/** Read a network as Kubernetes' CEL library does (net/netip ParsePrefix). Host bits may be set. */
export function parseNetwork(text: string): Cidr | EvaluationError {
  const slash = text.lastIndexOf("/");
  const ip = parseIp(text.slice(0, Math.max(slash, 0)));
  const bits = text.slice(slash + 1);
  const range = /^(0|[1-9]\d*)$/.test(bits) ? parseCidr(text) : null;
  return ip instanceof EvaluationError || range === null
    ? new EvaluationError(`${quoted(text)} is not a CIDR`)
    : new Cidr(ip, Number(bits), range);
}
