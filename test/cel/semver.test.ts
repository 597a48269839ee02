import { describe, expect, it } from "vitest";
import { evaluate } from "./evaluate.ts";

/** Each comes before all that follow (semver.org, 11). */
const ORDER = [
  "0.0.1",
  "0.0.9",
  "0.1.0",
  "0.10.0",
  "1.0.0-1",
  "1.0.0-2",
  "1.0.0-10",
  "1.0.0--",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-alpha.beta",
  "1.0.0-beta",
  "1.0.0-beta.2",
  "1.0.0-beta.11",
  "1.0.0-rc.1",
  "1.0.0",
  "1.0.1",
  "2.0.0",
  "10.0.0",
  "9223372036854775807.0.0",
];

describe("semantic versions", () => {
  it.each([
    [
      "semver('1.2.3').major() * 100 + semver('1.2.3').minor() * 10 + semver('1.2.3').patch()",
      123n,
    ],
    ["semver('1.2.3').compareTo(semver('1.2.3'))", 0n],
    ["semver('1.2.3').compareTo(semver('2.0.0'))", -1n],
    ["semver('1.2.3').compareTo(semver('0.1.2'))", 1n],
    ["semver('1.0.0-a+b') == semver('1.0.0-a+c') && semver('1.0.0-a') != semver('1.0.0')", true],
    ["semver('v01.02.03-a.1+b', true) == semver('1.2.3-a.1')", true],
    ["semver('1', true) == semver('1.0.0') && semver('v1.2', true) == semver('1.2.0')", true],
    [
      "semver('00.0.0', true) == semver('0.0.0') && semver('1.0.0', false) == semver('1.0.0')",
      true,
    ],
    // 64 bits without a sign, of which `int` shows what it can.
    ["isSemver('18446744073709551615.0.0-18446744073709551615')", true],
    ["semver('18446744073709551615.0.0').major()", -1n],
    ["semver(object.metadata.?labels.version.orValue('0.0.1')).isLessThan(semver('1.0.0'))", true],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });

  it.each(["0.1.0-alpha.1", "1.0.0", "1.0.0-0a.-.x-y+001.z", "1.0.0+a"])("%s is one", (text) => {
    expect(evaluate(`isSemver('${text}') && isSemver('${text}', true)`)).toBe(true);
  });

  it.each(["1.0.0+" + "a".repeat(251), "1.0", "1", "v1.0.0", "01.0.0", "1.0.00"])(
    "%s is none as it stands",
    (text) => {
      expect(evaluate(`isSemver('${text}')`)).toBe(false);
    },
  );

  it.each([
    "",
    "v",
    "hello",
    "200K",
    "Mi",
    "vv1.0.0",
    "1.0-a",
    "1+a",
    "1.0.0-",
    "1.0.0-01",
    "1.0.0-a..b",
    "1.0.0+",
    "1.0.0 ",
    "-1.0.0",
    "1.0.0.0",
    "18446744073709551616.0.0",
    "1.0.0-18446744073709551616",
  ])("%j is none", (text) => {
    expect(evaluate(`isSemver('${text}') || isSemver('${text}', true)`)).toBe(false);
  });

  it("are in order", () => {
    const versions = `[${ORDER.map((text) => `'${text}'`).join()}]`;
    expect(
      evaluate(`${versions}.all(i, one, ${versions}.all(j, other,
        semver(one).isLessThan(semver(other)) == (i < j) && semver(one).isGreaterThan(semver(other)) == (i > j)))`),
    ).toBe(true);
  });

  it("are told of where there are none", () => {
    expect(evaluate("semver('1.0')")).toBe(
      "error: `1.0` is not a semantic version (line 1, column 1)",
    );
  });
});
