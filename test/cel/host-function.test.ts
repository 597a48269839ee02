import { expect, it } from "vitest";
import {
  compileExpression,
  type Ending,
  type Environment,
} from "../../src/cel/compile-expression.ts";
import type { HostFunction } from "../../src/cel/frame.ts";
import { EvaluationError } from "../../src/cel/value.ts";
import { PLENTY } from "./evaluate.ts";

const ENVIRONMENT: Environment = {
  variables: { to: "string" },
  functions: [
    { name: "reaches", parameters: ["string", "string", "int"], result: "bool", cost: 1_000 },
    { name: "reaches", parameters: ["string", "string"], result: "bool", cost: 1_000 },
    { name: "zone.of", parameters: ["string"], result: "string", cost: 1 },
    { name: "always", parameters: [], result: "dyn", cost: 1 },
  ],
};

const reaches: HostFunction = (from, to, port) =>
  to === "nowhere"
    ? new EvaluationError("there is no pod `nowhere`")
    : from === "a" && port !== 22n;

function endingOf(text: string, maxCost = PLENTY.maxCost): Ending<unknown> {
  const program = compileExpression(text, ENVIRONMENT, "dyn");
  if (!program.ok) throw new Error(program.error.map(({ message }) => message).join("; "));
  const functions = { reaches, "zone.of": () => "dmz" };
  return program.value.evaluate({ variables: { to: "b" }, functions }, { ...PLENTY, maxCost });
}

it.each([
  ["reaches('a', to, 80)", true],
  ["reaches('a', to, 22)", false],
  ["reaches('b', to)", false],
  ["zone.of(to) == 'dmz'", true],
  ["[80, 22].filter(port, reaches('a', to, port)) == [80]", true],
])("%s", (expression, value) => {
  expect(endingOf(expression)).toEqual({ kind: "value", value });
});

it("may answer with an error of the language, which has its place", () => {
  expect(endingOf("to == 'b' && reaches('a', 'nowhere')")).toEqual({
    kind: "error",
    message: "there is no pod `nowhere` (line 1, column 14)",
  });
  expect(endingOf("reaches('a', 'nowhere') || true")).toEqual({ kind: "value", value: true });
});

it("is asked when the expression runs, even with constants, and each call has its cost", () => {
  expect(endingOf("reaches('a', 'b', 80) && reaches('a', 'b', 81)", 1_999).kind).toBe(
    "cost-exceeded",
  );
  expect(endingOf("reaches('a', 'b', 80) && reaches('a', 'b', 81)", 2_100).kind).toBe("value");
});

it("takes what it was declared for", () => {
  const program = compileExpression("reaches(to, 80) || zone.off(to) == ''", ENVIRONMENT, "bool");
  expect(program.ok ? [] : program.error.map(({ message }) => message)).toEqual([
    "`reaches` does not take (string, int); there is reaches(string, string, int), reaches(string, string) (line 1, column 1)",
    "unknown function `zone.off`; did you mean `zone.of`? (line 1, column 24)",
  ]);
});

it("is a defect where it is declared and not given", () => {
  expect(() => endingOf("always()")).toThrow("function `always` is declared but not given");
});

it("is a defect where it throws: no expression absorbs that", () => {
  const program = compileExpression("always() || true", ENVIRONMENT, "bool");
  if (!program.ok) throw new Error("does not compile");
  const always = (): never => {
    throw new Error("out of order");
  };
  expect(() => program.value.evaluate({ variables: {}, functions: { always } }, PLENTY)).toThrow(
    "out of order",
  );
});
