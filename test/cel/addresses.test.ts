import { describe, expect, it } from "vitest";
import { evaluate } from "./evaluate.ts";

// Rows after Kubernetes' documentation of the libraries and net/netip, which they rest on.

describe("ip", () => {
  it.each([
    ["192.168.0.1", "192.168.0.1"],
    ["0.0.0.0", "0.0.0.0"],
    ["::", "::"],
    ["::1", "::1"],
    ["2001:DB8::ABCD", "2001:db8::abcd"],
    ["2001:db8:0:0:0:0:0:68", "2001:db8::68"],
    ["2001:0db8::0001", "2001:db8::1"],
    ["64:ff9b::1.2.3.4", "64:ff9b::102:304"],
    ["::1.2.3.4", "::102:304"],
    ["fe80::1", "fe80::1"],
  ])("reads %s", (text, shown) => {
    expect(evaluate(`string(ip('${text}'))`)).toBe(shown);
    expect(evaluate(`isIP('${text}')`)).toBe(true);
    expect(evaluate(`ip.isCanonical('${text}')`)).toBe(text === shown);
  });

  it.each([
    "",
    " ",
    "localhost",
    "1",
    "10.0.0",
    "192.168.0.1.0",
    "127.0.0.256",
    "10.0.0.-1",
    " 10.0.0.1",
    "10.0.0.1 ",
    "10.0.0.1/32",
    "0x7f.0.0.1",
    // The API reads these as 10.0.0.1; the CEL library does not.
    "010.0.0.1",
    "10.0.0.01",
    "::010.0.0.1",
    ":::1",
    "2001:db8:::68",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7",
    "12345::",
    "::g",
    "[::1]",
    "::ffff:1.2.3.4",
    "::ffff:102:304",
    "0:0:0:0:0:ffff:1.2.3.4",
    "fe80::1%eth0",
    "fe80::1%",
    "127.0.0.1%lo",
  ])("refuses `%s`", (text) => {
    expect(evaluate(`isIP('${text}')`)).toBe(false);
    expect(evaluate(`ip('${text}')`)).toMatch(/^error: .* is (not an IP address|an IPv4-mapped)/);
    expect(evaluate(`ip.isCanonical('${text}')`)).toMatch(/^error: /);
  });

  it.each([
    ["ip('192.168.0.1').family()", 4n],
    ["ip('2001:db8::68').family()", 6n],
    ["ip('::1') == ip('0:0:0:0:0:0:0:1')", true],
    ["ip('10.0.0.1') == ip('10.0.0.2')", false],
    ["ip('1.2.3.4') == ip('::1.2.3.4')", false],
    ["ip('10.0.0.1') != null && dyn(ip('10.0.0.1')) != '10.0.0.1'", true],
    ["ip('10.0.0.1') in [ip('10.0.0.1')]", true],
    ["type(ip('10.0.0.1')) == net.IP && type(net.IP) == type", true],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });

  const KINDS = [
    "isUnspecified",
    "isLoopback",
    "isLinkLocalMulticast",
    "isLinkLocalUnicast",
    "isGlobalUnicast",
  ];

  it.each([
    ["0.0.0.0", ["isUnspecified"]],
    ["0.0.0.1", ["isGlobalUnicast"]],
    ["255.255.255.255", []],
    ["127.0.0.1", ["isLoopback"]],
    ["127.255.255.255", ["isLoopback"]],
    ["128.0.0.0", ["isGlobalUnicast"]],
    ["10.0.0.1", ["isGlobalUnicast"]],
    ["192.168.0.1", ["isGlobalUnicast"]],
    ["169.254.169.254", ["isLinkLocalUnicast"]],
    ["169.253.255.255", ["isGlobalUnicast"]],
    ["224.0.0.1", ["isLinkLocalMulticast"]],
    ["224.0.1.1", []],
    ["239.255.255.255", []],
    ["240.0.0.1", ["isGlobalUnicast"]],
    ["::", ["isUnspecified"]],
    ["::1", ["isLoopback"]],
    ["::2", ["isGlobalUnicast"]],
    ["2001:db8::abcd", ["isGlobalUnicast"]],
    ["fd00::1", ["isGlobalUnicast"]],
    ["fe80::1", ["isLinkLocalUnicast"]],
    ["febf:ffff::", ["isLinkLocalUnicast"]],
    ["fec0::", ["isGlobalUnicast"]],
    ["ff00::1", []],
    ["ff01::1", []],
    ["ff02::1", ["isLinkLocalMulticast"]],
    ["ff12::1", ["isLinkLocalMulticast"]],
    ["ff05::1", []],
  ])("%s is %j", (text, kinds) => {
    expect(KINDS.filter((kind) => evaluate(`ip('${text}').${kind}()`) === true)).toEqual(kinds);
  });
});

describe("cidr", () => {
  it.each([
    ["192.168.0.0/24", 24n, "192.168.0.0/24"],
    ["192.168.0.1/24", 24n, "192.168.0.0/24"],
    ["0.0.0.0/0", 0n, "0.0.0.0/0"],
    ["10.1.2.3/0", 0n, "0.0.0.0/0"],
    ["10.0.0.1/32", 32n, "10.0.0.1/32"],
    ["::/0", 0n, "::/0"],
    ["::1/128", 128n, "::1/128"],
    ["2001:db8:1::/32", 32n, "2001:db8::/32"],
  ])("reads %s, with what is behind the prefix", (text, length, masked) => {
    expect(evaluate(`string(cidr('${text}'))`)).toBe(text);
    expect(evaluate(`isCIDR('${text}')`)).toBe(true);
    expect(evaluate(`cidr('${text}').prefixLength()`)).toBe(length);
    expect(evaluate(`string(cidr('${text}').ip()) + '/' + string(${length})`)).toBe(text);
    expect(evaluate(`string(cidr('${text}').masked())`)).toBe(masked);
    expect(evaluate(`cidr('${text}') == cidr('${text}').masked()`)).toBe(text === masked);
  });

  it.each([
    "",
    "/",
    "10.0.0.0",
    "10.0.0.0/",
    "/8",
    "192.168.0.0/33",
    "::1/129",
    "10.0.0.0/-1",
    "10.0.0.0/+8",
    "10.0.0.0/08",
    "10.0.0.0/ 8",
    "10.0.0.0/8/8",
    "10.0.0/8",
    "010.0.0.0/8",
    "10.0.0.0/255.0.0.0",
    "::ffff:1.2.3.4/24",
    "::ffff:0:0/96",
    "fe80::%eth0/10",
  ])("refuses `%s`", (text) => {
    expect(evaluate(`isCIDR('${text}')`)).toBe(false);
    expect(evaluate(`cidr('${text}')`)).toMatch(/^error: .* is not a CIDR/);
  });

  it.each([
    ["192.168.0.0/24", "192.168.0.1", true],
    ["192.168.0.0/24", "192.168.1.1", false],
    ["192.168.0.7/24", "192.168.0.1", true],
    ["0.0.0.0/0", "255.255.255.255", true],
    ["0.0.0.0/0", "::1", false],
    ["::/0", "10.0.0.1", false],
    ["2001:db8::/32", "2001:db8::1", true],
    ["2001:db8::/32", "2001:dc8::1", false],
  ])("%s and the address %s: %s", (network, address, contains) => {
    expect(evaluate(`cidr('${network}').containsIP('${address}')`)).toBe(contains);
    expect(evaluate(`cidr('${network}').containsIP(ip('${address}'))`)).toBe(contains);
  });

  it.each([
    ["192.168.0.0/16", "192.168.10.0/24", true],
    ["192.168.0.0/24", "192.168.0.0/24", true],
    ["192.168.0.0/24", "192.168.0.9/25", true],
    ["192.168.0.0/24", "192.168.0.0/23", false],
    ["192.168.1.0/24", "192.168.2.0/24", false],
    ["0.0.0.0/0", "::/0", false],
    ["::/0", "10.0.0.0/8", false],
    ["2001:db8::/32", "2001:db8::/33", true],
    ["2001:db8::/32", "2001:db8::/31", false],
  ])("%s and the network %s: %s", (network, part, contains) => {
    expect(evaluate(`cidr('${network}').containsCIDR('${part}')`)).toBe(contains);
    expect(evaluate(`cidr('${network}').containsCIDR(cidr('${part}'))`)).toBe(contains);
  });

  it.each([
    ["cidr('10.0.0.0/8') == cidr('10.0.0.0/8')", true],
    ["cidr('10.0.0.0/8') == cidr('10.0.0.0/9')", false],
    ["cidr('10.0.0.1/8') == cidr('10.0.0.0/8')", false],
    ["dyn(cidr('10.0.0.0/8')) == ip('10.0.0.0')", false],
    ["type(cidr('10.0.0.0/8')) == net.CIDR", true],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });

  it.each([
    "cidr('10.0.0.0/8').containsIP('10.0.0.256')",
    "cidr('10.0.0.0/8').containsCIDR('10.0.0.0')",
    "cidr('10.0.0.0/8').containsIP('::ffff:10.0.0.1')",
  ])("%s is an error", (expression) => {
    expect(evaluate(expression)).toMatch(/^error: /);
  });
});
