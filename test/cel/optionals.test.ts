import { describe, expect, it } from "vitest";
import { compileExpression } from "../../src/cel/compile-expression.ts";
import { DYN, withFields } from "../../src/cel/static-type.ts";
import { complaints, evaluate } from "./evaluate.ts";

describe("what may be missing", () => {
  it.each([
    ["object.?metadata.hasValue()", true],
    ["object.?nonsense.hasValue()", false],
    ["object.metadata.?name.value()", "web"],
    ["object.?metadata.name.value()", "web"],
    ["object.?metadata.nonsense.orValue('none')", "none"],
    ["object.?nonsense.deeper.deepest.orValue('none')", "none"],
    ["object.?nonsense[0]['a'].b.orValue('none')", "none"],
    ["object.spec.?ingress[0].ports[0].port.orValue(0)", 443n],
    ["object.spec.ingress[?0].?ports[?1].?protocol.orValue('TCP')", "TCP"],
    ["object.spec.ingress[?7].hasValue() || object.spec.ingress[?-1].hasValue()", false],
    ["object.metadata.labels[?'app'].orValue('none')", "web"],
    ["object.metadata.labels[?'nonsense'].orValue('none')", "none"],
    ["object.metadata.labels[?0].hasValue()", false],
    ["{1: 'a', 2: 'b'}[?dyn(1u)].value() + {true: 'b'}[?true].value()", "ab"],
    ["['a'][?dyn(0.0)].value()", "a"],
    ["has(object.?spec.ingress) && !has(object.?spec.egress) && !has(object.?nonsense.a)", true],
    ["has({'a': optional.none()}.a) && !has({'a': optional.none()}.a.b)", true],
    ["{'a': optional.of({'b': 1})}.a.b.value()", 1n],
    // What is null is there. As the API server has it, what is no map or list has nothing in it.
    ["object.metadata.?annotations.value() == null", true],
    ["object.metadata.?annotations.?owner.hasValue()", false],
    ["object.metadata.annotations[?'owner'].hasValue()", false],
    [
      "oldObject.?spec.hasValue() || object.half.?a.hasValue() || object.metadata.name[?0].hasValue()",
      false,
    ],
    // SECURITY: no field but its own.
    ["object.?constructor.hasValue() || object[?'__proto__'].hasValue()", false],
    ["object.metadata.labels.?constructor.value()", "ours"],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });

  it.each([
    ["object.nonsense.?a", "there is no field `nonsense` (line 1, column 7)"],
    ["object.?nonsense.value()", "there is no value (line 1, column 17)"],
    ["object.spec.ingress.?first", "a list has no field `first` (line 1, column 20)"],
    ["object.spec.?ingress.first", "a list has no field `first` (line 1, column 21)"],
    ["object.spec.ingress[?'first']", "a string is no position (line 1, column 20)"],
    ["object.spec[?object.half]", "a double is no key (line 1, column 12)"],
    ["object[?object.nonsense]", "there is no field `nonsense` (line 1, column 15)"],
    ["object.nonsense[?0]", "there is no field `nonsense` (line 1, column 7)"],
    [
      "object.?spec.startsWith('a')",
      "`startsWith` does not take (optional_type(dyn), string); there is string.startsWith(string) (line 1, column 13)",
    ],
    [
      "object.metadata.name.orValue('a')",
      "`orValue` does not take (string, string) (line 1, column 21)",
    ],
    [
      "object.metadata.name.optMap(x, x)",
      "expected an optional_type, got string (line 1, column 21)",
    ],
    ["object.?spec.optFlatMap(x, x)", "expected an optional_type, got map (line 1, column 13)"],
    ["[dyn(1), ?object.one]", "expected an optional_type, got int (line 1, column 1)"],
    ["{?'a': object.one}", "expected an optional_type, got int (line 1, column 1)"],
    ["{'a': dyn(1), ?'a': object.?one}", "the key `a` comes twice (line 1, column 1)"],
    [
      "[dyn(object.?one), dyn(1)].unwrapOpt()",
      "expected an optional_type, got int (line 1, column 27)",
    ],
    ["'%s'.format([[object.?one]])", "`%s` does not take a optional_type (line 1, column 5)"],
    ["object.?one.optMap(x, x / 0).hasValue()", "division by zero (line 1, column 25)"],
  ])("%s is an error", (expression, message) => {
    expect(evaluate(expression)).toBe(`error: ${message}`);
  });
});

describe("optional values", () => {
  it.each([
    ["optional.of(1).value() + optional.of(1).orValue(2)", 2n],
    ["optional.none().orValue(1)", 1n],
    ["optional.none().or(optional.of(1)).value() + optional.of(1).or(optional.none()).value()", 2n],
    ["optional.none().or(optional.none()).hasValue()", false],
    // What stands in is not looked at where it is not needed.
    ["optional.of(1).orValue(object.nonsense)", 1n],
    ["object.?one.or(object.nonsense.?a).value()", 1n],
    ["object.?one.optMap(x, x + 1).value()", 2n],
    ["object.?nonsense.optMap(x, x / 0).hasValue()", false],
    ["object.?one.optFlatMap(x, [[], [2]][x][?0]).value()", 2n],
    ["object.?one.optFlatMap(x, optional.none()).hasValue()", false],
    ["optional.of(1).optMap(x, optional.of(2).optMap(x, x + 1).value() + x).value()", 4n],
    ["optional.of(1).optMap(object, object + 1).value() + object.one", 3n],
    ["[1, 2].map(i, [1][?i].orValue(i))", [1n, 2n]],
    ["optional.of(optional.of(1)).value().value()", 1n],
    ["[?object.?one, ?object.?nonsense, dyn(2)] == [1, 2] && [?optional.none()] == []", true],
    ["{?'a': object.?one, ?'b': object.?nonsense, 'c': dyn(2)} == {'a': 1, 'c': 2}", true],
    ["{'a': dyn(1), ?'a': object.?nonsense} == {'a': 1}", true],
    ["{?object.metadata.name: optional.of(1)} == {'web': 1}", true],
    [
      "[optional.of(dyn(1)), optional.none(), object.?one].unwrapOpt() == [1, 1] && optional.unwrap([]) == []",
      true,
    ],
    ["optional.of(dyn(1)) == optional.of(1.0) && optional.of([1]) != optional.of([2])", true],
    ["optional.none() == optional.none() && optional.of(null) != optional.none()", true],
    [
      "object.?one == optional.of(1) && object.?one in [optional.of(1)] && object.?a == object.?b",
      true,
    ],
    ["dyn(optional.of(1)) == 1 || dyn(1) == optional.of(1) || object.?one == null", false],
    ["type(object.?one) == optional_type && type(optional_type) == type", true],
    ["object.truth ? [object.?one] == [optional.of(1)] : {}.?a.hasValue()", true],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toEqual(Array.isArray(value) ? { items: value } : value);
  });

  it.each([
    "0",
    "0u",
    "0.0",
    "-0.0",
    "''",
    "b''",
    "false",
    "null",
    "[]",
    "{}",
    "object.spec.podSelector",
    "duration('0s')",
    "timestamp('0001-01-01T00:00:00Z')",
  ])("of what is zero there are none: %s", (zero) => {
    expect(evaluate(`optional.ofNonZeroValue(${zero}).hasValue()`)).toBe(false);
    expect(evaluate(`optional.of(${zero}).hasValue()`)).toBe(true);
  });

  it.each([
    "1",
    "'0'",
    "true",
    "[0]",
    "{'': 0}",
    "0.0 / 0.0",
    "duration('1ns')",
    "timestamp(0)",
    "int",
    "ip('0.0.0.0')",
    "quantity('0')",
    "optional.none()",
  ])("of what is not there are: %s", (value) => {
    expect(evaluate(`optional.ofNonZeroValue(${value}).hasValue()`)).toBe(true);
  });
});

describe("what is wrong with them beforehand", () => {
  it.each([
    ["has(object.?spec)", "`has` is used otherwise: `has(a.b)` (line 1, column 1)"],
    ["has(object[?'spec'])", "`has` is used otherwise: `has(a.b)` (line 1, column 1)"],
    ["!object.?truth", "`!` does not take optional_type(dyn) (line 1, column 1)"],
    ["object.?truth && true", "`&&` does not take optional_type(dyn) and bool (line 1, column 1)"],
    ["object.?one == 1", "`==` does not take optional_type(dyn) and int (line 1, column 13)"],
    ["object.?one + 1", "`+` does not take optional_type(dyn) and int (line 1, column 13)"],
    [
      "object.?spec.all(x, true)",
      "cannot go through an optional_type; `orValue([])` makes a list of it (line 1, column 13)",
    ],
    ["'abc'.?name", "a string has no field `name` (line 1, column 6)"],
    ["'abc'[?0]", "`[?]` does not take string and int (line 1, column 6)"],
    ["[?1]", "expected an optional_type, got int (line 1, column 1)"],
    ["{?'a': 'b'}", "expected an optional_type, got string (line 1, column 1)"],
    ["1.orValue(2)", /^`orValue` does not take \(int, int\)/],
    ["optional.none().value()", "there is no value (line 1, column 16)"],
    ["object.?one.or(1)", /^`or` does not take \(optional_type\(dyn\), int\)/],
    [
      "object.?one.optMap(1, 2)",
      "`optMap` is used otherwise: `optional.optMap(x, value)` (line 1, column 12)",
    ],
    ["object.?one.optFlatMap(x, 1)", "expected an optional_type, got int (line 1, column 12)"],
    ["[1].optMap(x, x)", "expected an optional_type, got list(int) (line 1, column 4)"],
    [
      "optional.off(1)",
      "unknown function `optional.off`; did you mean `optional.of`? (line 1, column 9)",
    ],
    ["objct.?spec", "unknown name `objct`; there is `object`, `oldObject` (line 1, column 1)"],
    ["net.?IP", "unknown name `net`; there is `object`, `oldObject` (line 1, column 1)"],
    ["object.?one.optMap(x, true) && x", /unknown name `x`/],
  ])("%s", (expression, message) => {
    expect(complaints(expression)).toContainEqual(
      typeof message === "string" ? message : expect.stringMatching(message),
    );
  });

  it.each([
    ["bool", ["gives optional_type(dyn), expected bool (line 1, column 1)"]],
    ["string", ["gives optional_type(dyn), expected string (line 1, column 1)"]],
    ["dyn", []],
  ] as const)("includes that one of them is given: %s", (result, expected) => {
    expect(complaints("object.?truth", result)).toEqual(expected);
  });

  it("does not include fields that are asked for so", () => {
    const params = withFields({ limits: withFields({ most: DYN }) });
    const faultsOf = (text: string): readonly string[] => {
      const environment = { variables: { params }, functions: [] };
      const program = compileExpression(text, environment, "dyn");
      return program.ok ? [] : program.error.map(({ message }) => message);
    };
    expect(faultsOf("params.?other.orValue(1) + params.?limits.least.orValue(1)")).toEqual([]);
    expect(faultsOf("params.limits.?least.orValue(params.limits.most)")).toEqual([]);
    expect(faultsOf("params.?limits.optMap(l, l.least)")).toEqual([
      "there is no field `least`; there is `most` (line 1, column 27)",
    ]);
    expect(faultsOf("params.?limits.value().least")).toEqual([
      "there is no field `least`; there is `most` (line 1, column 23)",
    ]);
  });
});
