import { BlockList, isIPv4 } from "node:net";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { evaluate } from "./evaluate.ts";

const ipv4 = fc.ipV4();
// A mapped address is IPv4 to Node, and none to CEL.
const ipv6 = fc
  .ipV6()
  .filter(
    (text) => !/^(?:0*:)*:?(?:0*:)*ffff:/i.test(text) && evaluate(`isIP('${text}')`) === true,
  );
const address = fc.oneof(ipv4, ipv6);
const near = fc.constantFrom(
  "10.0.0.0",
  "10.0.0.1",
  "10.255.255.255",
  "11.0.0.0",
  "2001:db8::",
  "2001:db8::ff",
  "::",
);

it("a CIDR contains the addresses that Node's BlockList says it does", () => {
  fc.assert(
    fc.property(
      fc.oneof(near, address),
      fc.oneof(near, address),
      fc.nat(128),
      (network, other, bits) => {
        const prefix = isIPv4(network) ? bits % 33 : bits;
        const list = new BlockList();
        list.addSubnet(network, prefix, familyOf(network));
        const contains =
          familyOf(network) === familyOf(other) && list.check(other, familyOf(other));
        expect(evaluate(`cidr('${network}/${prefix}').containsIP('${other}')`)).toBe(contains);
      },
    ),
  );
});

it("containing is what it is for sets", () => {
  fc.assert(
    fc.property(ipv4, fc.nat(32), fc.nat(32), ipv4, (network, outer, inner, probe) => {
      const [one, two] = [`cidr('${network}/${outer}')`, `cidr('${probe}/${inner}')`];
      if (evaluate(`${one}.containsCIDR(${two})`) === true) {
        expect(
          evaluate(`${one}.containsIP(${two}.ip()) && ${one}.containsIP(${two}.masked().ip())`),
        ).toBe(true);
        expect(inner).toBeGreaterThanOrEqual(outer);
      }
      expect(evaluate(`${one}.containsCIDR(${one}) && ${one}.masked().containsCIDR(${one})`)).toBe(
        true,
      );
    }),
  );
});

it("an address is the one that is written, however it is written", () => {
  fc.assert(
    fc.property(address, (text) => {
      expect(
        evaluate(
          `ip(string(ip('${text}'))) == ip('${text}') && ip.isCanonical(string(ip('${text}')))`,
        ),
      ).toBe(true);
    }),
  );
});

function familyOf(text: string): "ipv4" | "ipv6" {
  return isIPv4(text) ? "ipv4" : "ipv6";
}
