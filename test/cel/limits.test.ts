import { describe, expect, it } from "vitest";
import { compileExpression } from "../../src/cel/compile-expression.ts";
import type { Limits } from "../../src/cel/frame.ts";
import { PLENTY } from "./evaluate.ts";
import { HOSTILE, LARGE, LARGE_ENVIRONMENT } from "./hostile.ts";

describe("an evaluation without end", () => {
  it.each(Object.entries(HOSTILE))("ends: %s", (_, expression) => {
    expect(endingOf(expression)).toMatch(/^(cost-exceeded|error)$/);
  });

  it.each(Object.entries(HOSTILE))("ends at its deadline: %s", (_, expression) => {
    // Every look takes a tick. What is left of the budget then, nobody gets.
    let now = 0;
    const clock = (): number => ++now;
    expect(endingOf(expression, { maxCost: 1e12, deadline: 100, clock })).not.toBe("value");
    expect(now).toBeLessThanOrEqual(101);
  });
});

describe("the limits", () => {
  it.each([
    "list.all(x, list.all(y, true)) || true",
    "list.exists(x, list.exists(y, false)) || true",
    "true || list.all(x, list.all(y, true)) || list.all(x, list.all(y, true))",
    "[1].exists(one, list.all(x, list.all(y, true)) || true)",
  ])("are no errors of the language, which others absorb: %s", (expression) => {
    const isReached = !expression.startsWith("true");
    expect(endingOf(expression)).toBe(isReached ? "cost-exceeded" : "value");
  });

  it("are looked at before anything large begins", () => {
    let looks = 0;
    const clock = (): number => (looks++, 0);
    expect(endingOf("text.upperAscii() != ''", { ...PLENTY, clock })).toBe("value");
    expect(looks).toBeGreaterThan(0);
  });

  it("leave nothing behind: the next evaluation has its own", () => {
    const program = compileExpression(
      "list.all(x, list.all(y, x + y >= n))",
      { variables: { list: "list", n: "int" }, functions: [] },
      "bool",
    );
    if (!program.ok) throw new Error("does not compile");
    const endings = [LARGE.list, [1], LARGE.list, [1]].map(
      (list) => program.value.evaluate({ variables: { list, n: 0 }, functions: {} }, PLENTY).kind,
    );
    expect(endings).toEqual(["cost-exceeded", "value", "cost-exceeded", "value"]);
  });
});

describe("the cost", () => {
  it("is the same every time", () => {
    const expression = "names.all(n, n.matches('^name-[0-9]+') && n.size() > 3)";
    expect(costOf(expression)).toBe(costOf(expression));
  });

  it.each([
    ["an access", "list[0] == 0", 3],
    ["a loop of 10,000", "list.all(x, x >= 0)", 20_000],
    ["a loop that ends early", "list.exists(x, x == 2)", 9],
    ["two operators", "list[0] + 1 - 1 == 0", 5],
    ["a text of 100,000", "text.startsWith('a')", 2],
    ["going through it", "text.upperAscii() == ''", 10_003],
    ["a constant", "size('aaa') + 1 == 4", 0],
  ])("of %s: %s", (_, expression, cost) => {
    expect(costOf(expression)).toBe(cost);
  });

  it("of a pattern is in proportion to the text, whatever the pattern", () => {
    const once = costOf("text.substring(0, 1000).matches('(a+)+$')");
    const tenfold = costOf("text.substring(0, 10000).matches('(a+)+$')");
    expect(tenfold - once).toBeLessThan(10 * once);
    expect(endingOf("text.substring(0, 10000).matches('(a+)+$')")).toBe("value");
  });

  it("of what is built limits how much can be built", () => {
    // Doubled n times, `a` costs 2^n / 10 steps and a few.
    expect(endingOf(doubled(16), { ...PLENTY, maxCost: 20_000 })).toBe("value");
    expect(endingOf(doubled(18), { ...PLENTY, maxCost: 20_000 })).toBe("cost-exceeded");
    expect(endingOf(doubled(60))).toBe("cost-exceeded");
  });
});

function doubled(times: number): string {
  return `['a']${".map(t, t + t)".repeat(times)}.size() == 1`;
}

function endingOf(expression: string, limits: Limits = PLENTY): string {
  const program = compileExpression(expression, LARGE_ENVIRONMENT, "bool");
  if (!program.ok) throw new Error(program.error.map(({ message }) => message).join("; "));
  return program.value.evaluate({ variables: LARGE, functions: {} }, limits).kind;
}

/** The least budget that an expression makes do with. */
function costOf(expression: string): number {
  let [least, most] = [0, PLENTY.maxCost];
  while (least < most) {
    const maxCost = Math.floor((least + most) / 2);
    if (endingOf(expression, { ...PLENTY, maxCost }) === "cost-exceeded") least = maxCost + 1;
    else most = maxCost;
  }
  return least;
}
