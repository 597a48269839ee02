import { describe, expect, it, test } from "vitest";
import {
  familyOf,
  formatAddress,
  formatRange,
  mayHoldPods,
  mergeRanges,
  parseAddress,
  parseCidr,
  rangeContains,
  rangeSize,
  subtractRanges,
} from "../../src/engine/address.ts";
import type { AddressRange } from "../../src/engine/model.ts";

function range(cidr: string): AddressRange {
  const parsed = parseCidr(cidr);
  if (parsed === null) throw new Error(`not a CIDR: ${cidr}`);
  return parsed;
}

describe("addresses", () => {
  it.for([
    ["10.0.0.1", "10.0.0.1"],
    ["010.000.0.01", "10.0.0.1"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["00000001::0000f", "1::f"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["::ffff:a00:1", "10.0.0.1"],
    ["64:ff9b::10.0.0.1", "64:ff9b::a00:1"],
  ] as const)("%s is %s", ([text, shown]) => {
    const address = parseAddress(text);
    expect(address === null ? null : formatAddress(address)).toBe(shown);
  });

  it.for([
    "",
    "10.0.0",
    "10.0.0.0.1",
    "10.0.0.256",
    "10.0.0.-1",
    "10.0.0.0x1",
    "host",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "12345::",
    "010000::",
    "g::",
    "::10.0.0",
    "10.0.0.1::",
    "::10.0.0.1:1",
  ])("%j is none", (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  test("the families lie one after the other, in order", () => {
    const [last6, first4] = [parseAddress("ffff::"), parseAddress("0.0.0.0")];
    expect([last6, first4].map((each) => each !== null && familyOf(each))).toEqual([6, 4]);
    expect((last6 ?? 0n) < (first4 ?? 0n)).toBe(true);
  });
});

describe("blocks", () => {
  it.for([
    ["10.0.0.0/8", "10.0.0.0/8", 2n ** 24n],
    ["10.1.2.3/8", "10.0.0.0/8", 2n ** 24n],
    ["10.0.0.1/32", "10.0.0.1/32", 1n],
    ["0.0.0.0/0", "0.0.0.0/0", 2n ** 32n],
    ["::/0", "::/0", 2n ** 128n],
    ["fd00::1/16", "fd00::/16", 2n ** 112n],
    ["::ffff:10.0.0.1/104", "10.0.0.0/8", 2n ** 24n],
    ["::ffff:10.0.0.1/95", "::fffe:0:0/95", 2n ** 33n],
  ] as const)("%s is %s", ([text, shown, size]) => {
    expect(formatRange(range(text))).toBe(shown);
    expect(rangeSize(range(text))).toBe(size);
  });

  it.for([
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "::/129",
    "10.0.0.0/-1",
    "10.0.0/8",
    "x/8",
    "10.0.0.0/0x8",
  ])("%s is none", (text) => {
    expect(parseCidr(text)).toBeNull();
  });

  it.for([
    ["10.0.0.0", true],
    ["10.255.255.255", true],
    ["9.255.255.255", false],
    ["11.0.0.0", false],
    ["::a00:0", false],
  ] as const)("10.0.0.0/8 holds %s: %s", ([text, held]) => {
    expect(rangeContains(range("10.0.0.0/8"), parseAddress(text) ?? 0n)).toBe(held);
  });

  it.for<[string[], boolean]>([
    [["169.254.0.0/16"], false],
    [["169.254.0.0/32", "169.254.255.255/32", "fe80::/128"], false],
    [["169.253.255.255/32"], true],
    [["169.255.0.0/32"], true],
    [["fe80::/10"], false],
    [["febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"], false],
    [["fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"], true],
    [["fec0::/128"], true],
    [["169.254.0.0/15"], true],
    [["169.254.20.10/32", "10.0.0.0/8"], true],
  ])("a pod may get an address of %j: %s", ([cidrs, may]) => {
    expect(mayHoldPods(cidrs.map(range))).toBe(may);
  });
});

describe("ranges", () => {
  it.for<[string, string[], string[], string[]]>([
    ["a hole in the middle", ["10.0.0.0/30"], ["10.0.0.1/32"], ["10.0.0.0/32", "10.0.0.2/31"]],
    ["a hole at an end", ["10.0.0.0/30"], ["10.0.0.0/31"], ["10.0.0.2/31"]],
    ["a hole of everything", ["10.0.0.0/30"], ["10.0.0.0/8"], []],
    ["a hole elsewhere", ["10.0.0.0/30"], ["10.1.0.0/16", "9.0.0.0/8"], ["10.0.0.0/30"]],
    ["two holes that touch", ["10.0.0.0/29"], ["10.0.0.2/31", "10.0.0.4/30"], ["10.0.0.0/31"]],
    [
      "a hole over two ranges",
      ["10.0.0.0/31", "10.0.0.4/30"],
      ["10.0.0.1/32", "10.0.0.4/31"],
      ["10.0.0.0/32", "10.0.0.6/31"],
    ],
    [
      "one wide hole over two ranges and a part of a third",
      ["10.0.0.0/31", "10.0.0.4/31", "10.0.0.14/31", "10.0.0.20/32"],
      ["10.0.0.0/29", "10.0.0.8/29"],
      ["10.0.0.20/32"],
    ],
  ])("less %s", ([, ranges, holes, left]) => {
    expect(subtractRanges(ranges.map(range), holes.map(range)).map(formatRange)).toEqual(left);
  });

  it.for<[string, string[], string[]]>([
    ["neighbours are one", ["10.0.1.0/24", "10.0.0.0/24"], ["10.0.0.0/23"]],
    ["what is inside another is gone", ["10.0.0.0/8", "10.1.0.0/16"], ["10.0.0.0/8"]],
    ["twice the same is once", ["10.0.0.0/8", "10.0.0.0/8"], ["10.0.0.0/8"]],
    ["apart stays apart", ["10.0.0.0/32", "10.0.0.2/32"], ["10.0.0.0/32", "10.0.0.2/32"]],
    ["the families stay apart", ["0.0.0.0/0", "::/0"], ["::/0", "0.0.0.0/0"]],
    ["three are no block", ["10.0.0.0/31", "10.0.0.2/32"], ["10.0.0.0-10.0.0.2"]],
  ])("merged: %s", ([, ranges, merged]) => {
    expect(mergeRanges(ranges.map(range)).map(formatRange)).toEqual(merged);
  });
});
