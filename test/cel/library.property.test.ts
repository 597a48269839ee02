import { type CelInput, celEnv, isCelError, parse, plan } from "@bufbuild/cel";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { compileExpression } from "../../src/cel/compile-expression.ts";
import type { Value } from "../../src/cel/value.ts";
import { PLENTY } from "./evaluate.ts";

/** Values that turn up in an object, and what is not there. */
const OBJECT = {
  one: 1,
  two: 2,
  big: 2 ** 40,
  name: "web",
  list: [3, 1, 2],
  names: ["a", "b"],
  map: { a: 1, b: 0 },
};

/** Expressions of known types, all of them about `object`: what they give depends on the evaluation. */
const { bool } = fc.letrec<{ bool: string; int: string; text: string; list: string }>((tie) => {
  const [aBool, anInt, aText, aList] = [tie("bool"), tie("int"), tie("text"), tie("list")];
  const pair = (
    one: fc.Arbitrary<string>,
    sign: fc.Arbitrary<string>,
    other: fc.Arbitrary<string>,
  ) => fc.tuple(one, sign, other).map(([left, between, right]) => `(${left} ${between} ${right})`);
  const order = fc.constantFrom("==", "!=", "<", "<=", ">", ">=");
  const equality = fc.constantFrom("==", "!=");
  return {
    bool: fc.oneof(
      { depthSize: "medium" },
      fc.constantFrom(
        "has(object.one)",
        "has(object.none)",
        "object.none",
        "object.name == 'web'",
        "'a' in object.map",
      ),
      pair(aBool, fc.constantFrom("&&", "||", "==", "!="), aBool),
      pair(anInt, order, anInt),
      pair(aText, order, aText),
      pair(aList, equality, aList),
      pair(anInt, fc.constant("in"), aList),
      aBool.map((one) => `!${one}`),
      fc.tuple(aBool, aBool, aBool).map(([one, two, three]) => `(${one} ? ${two} : ${three})`),
      fc
        .tuple(aList, fc.constantFrom("all", "exists", "exists_one"), order, anInt)
        .map(([list, macro, sign, int]) => `${list}.${macro}(x, x ${sign} ${int})`),
      fc.tuple(aText, aText).map(([one, other]) => `${one}.contains(${other})`),
    ),
    int: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom(
        "object.one",
        "object.two",
        "object.big",
        "object.none",
        "object.map.a",
        "object.list[1]",
        "0",
        "-3",
      ),
      pair(anInt, fc.constantFrom("+", "-", "*", "/", "%"), anInt),
      aText.map((one) => `size(${one})`),
      aList.map((one) => `${one}.size()`),
      fc.tuple(aList, anInt).map(([list, int]) => `${list}[${int}]`),
      aText.map((one) => `int(${one})`),
    ),
    text: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom("object.name", "object.names[0]", "object.none", "'é'", "''", "'12'"),
      pair(aText, fc.constant("+"), aText),
      anInt.map((one) => `string(${one})`),
    ),
    list: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom("object.list", "[object.one, 7]", "[]"),
      pair(aList, fc.constant("+"), aList),
      fc.tuple(aList, anInt).map(([list, int]) => `${list}.map(y, y + ${int})`),
      fc
        .tuple(aList, order, anInt)
        .map(([list, sign, int]) => `${list}.filter(z, z ${sign} ${int})`),
      fc.tuple(anInt, anInt).map(([one, other]) => `[${one}, ${other}]`),
    ),
  };
});

it("comes to what the library's own evaluator comes to", () => {
  let values = 0;
  fc.assert(
    fc.property(bool, (text) => {
      const ours = evaluated(text);
      fc.pre(ours !== "refused");
      expect({ text, value: ours }).toEqual({ text, value: inLibrary(text) });
      if (ours !== "error") values++;
    }),
    { numRuns: 1_000 },
  );
  expect(values).toBeGreaterThan(200);
});

/** The value, `error`, or `refused` where constants alone are at fault. */
function evaluated(text: string): Value {
  const program = compileExpression(text, { variables: { object: "dyn" }, functions: [] }, "dyn");
  if (!program.ok) return "refused";
  const ending = program.value.evaluate({ variables: { object: OBJECT }, functions: {} }, PLENTY);
  return ending.kind === "value" ? ending.value : "error";
}

function inLibrary(text: string): unknown {
  const result = plan(celEnv(), parse(text))({ object: withInts(OBJECT) });
  return isCelError(result) ? "error" : result;
}

/** The library takes every number for a double. */
function withInts(value: unknown): CelInput {
  if (typeof value === "number") return BigInt(value);
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(withInts);
  return new Map(Object.entries(value ?? {}).map(([key, item]) => [key, withInts(item)]));
}
