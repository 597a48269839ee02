import { describe, expect, it } from "vitest";
import { evaluate } from "./evaluate.ts";

// Rows after resource.Quantity's documentation and the tests of Kubernetes' quantity library.

describe("quantity", () => {
  it.each([
    "0",
    "20",
    "20M",
    "20Mi",
    "1.3G",
    "1.3Gi",
    "10000k",
    ".5",
    "5.",
    "+5",
    "-5Mi",
    "1e3",
    "1E3",
    "1E",
    "12e-3",
    "1e+6",
    "100m",
    "5u",
    "7n",
    "00.10",
    // No digits at all: as the API server has it.
    ".",
    "+",
    "-.k",
    "Mi",
  ])("reads %s", (text) => {
    expect(evaluate(`isQuantity('${text}')`)).toBe(true);
  });

  it.each([
    "",
    "+e",
    "Three",
    "1,3G",
    "200K",
    "10Mo",
    "10Mm",
    "10mi",
    "1e",
    "1e3.5",
    "1Mi5",
    "1 Mi",
    " 1",
    "1.2.3",
    "--1",
    "0x10",
    "1e401",
    `1${"0".repeat(100)}`,
  ])("refuses `%s`", (text) => {
    expect(evaluate(`isQuantity('${text}')`)).toBe(false);
    expect(evaluate(`quantity('${text}')`)).toMatch(/^error: /);
  });

  it.each([
    ["quantity('200M') == quantity('0.2G') && quantity('0.2G') == quantity('200000k')", true],
    ["quantity('200M') == quantity('0.3G')", false],
    ["quantity('1Ki') == quantity('1024') && quantity('1k') == quantity('1000')", true],
    ["quantity('1E') == quantity('1e18') && quantity('1000m') == quantity('1')", true],
    ["quantity('50M').isLessThan(quantity('50Mi'))", true],
    ["quantity('100M').isLessThan(quantity('50M'))", false],
    ["quantity('150Mi').isGreaterThan(quantity('100Mi'))", true],
    ["quantity('50M').isGreaterThan(quantity('100M'))", false],
    ["quantity('200M').compareTo(quantity('0.2G'))", 0n],
    ["quantity('50M').compareTo(quantity('50Mi'))", -1n],
    ["quantity('50Mi').compareTo(quantity('50M'))", 1n],
    ["quantity('50k').add(quantity('20')) == quantity('50.02k')", true],
    ["quantity('50k').add(20) == quantity('50020')", true],
    ["quantity('50k').sub(quantity('20')) == quantity('49.98k')", true],
    ["quantity('50k').sub(20000) == quantity('30k')", true],
    ["quantity('50k').add(20).sub(quantity('100k')).asInteger()", -49_980n],
    ["quantity('50k').add(20).sub(quantity('100k')).sub(-50000).asInteger()", 20n],
    ["quantity('Mi') == quantity('0') && quantity('-.k').add(1) == quantity('1')", true],
    ["sign(quantity('-5')) == -1 && sign(quantity('0')) == 0 && sign(quantity('1n')) == 1", true],
    ["quantity('50k').asInteger()", 50_000n],
    ["quantity('50000000G').isInteger()", true],
    ["quantity('0.5').isInteger()", false],
    ["quantity('0.5Ki').asInteger()", 512n],
    ["quantity('9999999999999999999999999999999999999G').isInteger()", false],
    ["quantity('9223372036854775807').asInteger() == 9223372036854775807", true],
    ["quantity('9223372036854775808').isInteger()", false],
    ["quantity('50.703k').asApproximateFloat()", 50_703],
    ["quantity('1m').asApproximateFloat()", 0.001],
    ["quantity('-1.5').asApproximateFloat()", -1.5],
    ["quantity('9999999999999999999999999999999999999G').asApproximateFloat() > 9.9e45", true],
    ["type(quantity('1')) == type(quantity('2')) && type(quantity('1')) != int", true],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });

  it("rounds what is finer than a nano away from zero", () => {
    expect(
      evaluate("quantity('0.1n') == quantity('1n') && quantity('1e-40') == quantity('1n')"),
    ).toBe(true);
    expect(
      evaluate("quantity('-0.1n') == quantity('-1n') && quantity('0.0n') == quantity('0')"),
    ).toBe(true);
    expect(evaluate("quantity('1.0000000001') == quantity('1000000001n')")).toBe(true);
  });

  it("caps what has a binary suffix at 2^63-1", () => {
    expect(evaluate("quantity('100Ei') == quantity('9223372036854775807')")).toBe(true);
    expect(evaluate("quantity('-100Ei') == quantity('-9223372036854775807')")).toBe(true);
    expect(evaluate("quantity('100E').isGreaterThan(quantity('100Ei'))")).toBe(true);
  });

  it.each([
    "quantity('0.5').asInteger()",
    "quantity('9999999999999999999999999999999999999G').asInteger()",
  ])("%s is an error", (expression) => {
    expect(evaluate(expression)).toMatch(/^error: the quantity is not a whole number of 64 bits/);
  });
});
